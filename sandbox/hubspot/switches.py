"""What HubSpot's documents leave open, as switches; each default is our guess, not a fact.

Whoever has seen a live account behave otherwise sets the switch, and their sync
is tested against what they saw.
"""

from dataclasses import dataclass
from typing import Literal

from sandbox.switches import Switchable


@dataclass(slots=True)
class Switches(Switchable):
    """How the sandbox behaves where nobody is sure how HubSpot does."""

    batch_errors: Literal["each", "whole"] = "each"
    """What bad records do to their batch: `each` is named in a 207, or the `whole` is refused."""
    unknown_property_refuses_batch: bool = True
    """A property that isn't there refuses the whole batch with a 400, instead of its record."""
    errors_name_trace_ids: bool = True
    """An error of a 207 carries `objectWriteTraceId`; without, only the record's id."""
    doubles_refuse_batch: bool = True
    """The same id twice in one batch refuses it with a 400; without, the last one counts."""
    shuffled: bool = False
    """Results of a batch come in another order than they were sent in."""
    takes_only_strings: bool = True
    """A property's value that isn't text is refused; without, it is taken as text."""
    lowercases_email: bool = True
    """A contact's e-mail is kept in lower case."""
    conflict_names_id: bool = True
    """A 409 says the id of the record that is there already."""
    archived_is_404: bool = False
    """Archiving what isn't there is an error of that record; without, it is a silent 204."""
    first_company_is_primary: bool = True
    """The first company that a record is associated with becomes its primary one."""
    no_associations_is_error: bool = True
    """Reading the associations of a record that has none gives an error for it in a 207."""
    merged_ids_lead_on: bool = True
    """The id of a record that was merged into another finds the other."""
    merging_makes_an_id: bool = False
    """What lives on after a merge has a new id; without, it keeps the primary record's."""
    gdpr_blocks_email: bool = True
    """An e-mail that was erased for good can't be used for a new contact."""
    index_lag: float = 0.0
    """Seconds after which a search sees a write."""
    latency: float = 0.0
    """Seconds that every answer takes."""
    token_lifetime: float = 1800.0
    """Seconds that an access token of OAuth lives."""
    burst: int = 100
    """Requests per `burst_window`."""
    burst_window: float = 10.0
    daily: int = 250_000
    """Requests per day."""
    search_per_second: int = 5
    association_burst: int = 100
    association_daily: int = 500_000
    time_zone: str = "UTC"
    """The account's: at its midnight a new day of requests begins."""
    burst_policy: str = "TEN_SECONDLY_ROLLING"
    daily_policy: str = "DAILY"
    search_policy: str = "SECONDLY"
    """What `policyName` of a 429 says."""
    scopes: str = ""
    """What the token may do, such as `crm.objects.contacts.read`, spaces between; "" is all."""
