"""Talks HTTP to one CRM: sign-in, quota, retries of reads, and what every ending means.

Reads are tried again here; a write never is, for only the engine knows whether
it may be (`UnknownOutcomeError`) or how it comes back to it (`RetryableError`).
The one exception: a write that was answered "you aren't signed in" was surely
not carried out and goes out once more after a new sign-in.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any
from urllib.parse import quote, urlencode

from crm.answers import AnswerRules, Meaning, Reading
from crm.errors import (
    ConfigurationError,
    CrmError,
    FatalError,
    RetryableError,
    UnknownOutcomeError,
)
from crm.quota import Quota, Said, backoff
from crm.runtime import Runtime
from crm.sign_in import SignIn
from crm.transport import Answer, Call, CutOffError, NotSentError, Request, Transport

ATTEMPTS = 6
"""How often a read is sent before it is given up."""

LONGEST_WAIT = 120.0
"""A longer one is the caller's to decide on."""

FIRST_WAIT = 0.5

ANSWERS_TO_WRITES: frozenset[Meaning] = frozenset({"ok", "gone", "undone", "refused"})


@dataclass(frozen=True, slots=True)
class Client:
    """One connection to one CRM; its threads share the quota, the sign-in and the pool."""

    base_url: str
    """Without a slash at its end."""
    rules: AnswerRules
    sign_in: SignIn
    quota: Quota
    transport: Transport
    runtime: Runtime
    check: Call | None = None
    """Asks whether our sign-in still counts."""
    budgets: Mapping[str, Quota] = field(default_factory=dict)
    """Those that some of its calls draw on, besides or instead of `quota`, by name."""
    slots: AbstractContextManager[object] = field(default_factory=nullcontext)
    """Held by each request that is under way; whoever waits for one has no token yet, so that
    it heeds what the answers until then say."""
    sign_in_rules: AnswerRules | None = None
    """What answers to a sign-in mean, where it isn't what they mean elsewhere."""
    has_one_session: bool = False
    """A sign-in ends the one before: a new token that doesn't count was ended by somebody else's,
    and it is worth coming back."""

    def read(self, call: Call, *, is_empty: Callable[[Any], bool] | None = None) -> Reading:
        """Ask something, again if need be; gives an answer that is `ok` or `gone`.

        `is_empty` says whether an answer holds nothing. Some CRMs show nothing to
        those they don't know, instead of refusing: then an empty answer counts
        only once the sign-in has been seen to hold.

        Raises:
            RetryableError: it didn't work in `ATTEMPTS` tries, or the CRM asks for a long wait.
            FatalError: the CRM refuses.
        """
        return self._repeat(call, {"ok", "gone"}, is_empty)

    def settle(self, call: Call) -> Reading:
        """Change something that may be asked for any number of times, again if need be.

        Gives an answer that is `ok`, `gone`, `undone` or `refused`.

        Raises:
            RetryableError: it didn't work in `ATTEMPTS` tries, or the CRM asks for a long wait;
                surely nothing was written.
            UnknownOutcomeError: the same, or a refusal, after a try that may have been carried out.
            FatalError: the CRM refuses.
        """
        return self._repeat(call, ANSWERS_TO_WRITES, None, is_write=True)

    def write(self, call: Call) -> Reading:
        """Change something, once; gives an answer that is `ok`, `gone`, `undone` or `refused`.

        Raises:
            RetryableError: surely nothing was written.
            UnknownOutcomeError: all or a part may have been.
            FatalError: nothing was written and nothing will be.
        """
        reading = self._ask(call, None)
        if reading.meaning in ANSWERS_TO_WRITES:
            return reading
        raise self._problem(call, reading)

    def _repeat(
        self,
        call: Call,
        wanted: Collection[Meaning],
        is_empty: Callable[[Any], bool] | None,
        *,
        is_write: bool = False,
    ) -> Reading:
        is_unsure = False
        for attempt in range(1, ATTEMPTS + 1):
            try:
                reading = self._ask(call, is_empty)
            except CrmError as error:
                problem = error
            else:
                if reading.meaning in wanted:
                    return reading
                problem = self._problem(call, reading)
            is_unsure |= is_write and isinstance(problem, UnknownOutcomeError)
            try:
                self._wait_or_raise(call, attempt, problem)
            except CrmError as error:
                if is_unsure:
                    raise UnknownOutcomeError(str(error)) from None
                raise
        raise AssertionError  # the last attempt returns or raises

    def _ask(self, call: Call, is_empty: Callable[[Any], bool] | None) -> Reading:
        """Send a call; once more with a new token if the CRM didn't know us."""
        reading, token = self._send_signed(call)
        if not self._is_stranger(reading, token, is_empty):
            return reading
        if self.sign_in.renewable:
            self.sign_in.discard(token)
            reading, token = self._send_signed(call)
            if not self._is_stranger(reading, token, is_empty):
                return reading
        if self.has_one_session:
            raise RetryableError(
                f"{call.what}: the CRM doesn't know us ({reading}) though we have just signed in: "
                "somebody else signs in as the same user, or that user may not do this"
            )
        raise FatalError(
            f"{call.what}: the CRM doesn't know us ({reading}): check the connection's secrets"
        )

    def _is_stranger(
        self, reading: Reading, token: str | None, is_empty: Callable[[Any], bool] | None
    ) -> bool:
        """Say whether the answer was given to somebody the CRM didn't know."""
        if reading.meaning == "sign_in":
            return True
        if self.check is None:
            return False
        is_doubtful = reading.meaning in {"refused", "gone", "forbidden"} or (
            reading.meaning == "ok" and is_empty is not None and is_empty(reading.data)
        )
        if not is_doubtful:
            return False
        # a token that counts now counted when the answer was given: tokens don't come back to life
        try:
            check, _ = self._send_signed(self.check, token)
        except UnknownOutcomeError as error:
            # of the check, that is: what was asked before it surely wasn't carried out
            raise RetryableError(str(error)) from None
        if check.meaning == "sign_in":
            return True
        if check.meaning == "ok":
            return False
        raise RetryableError(f"{self.check.what}: no clear answer ({check})")

    def _send_signed(self, call: Call, token: str | None = None) -> tuple[Reading, str | None]:
        token = token or self.sign_in.token(self._exchange_unsigned)
        _, reading = self._send(call, token, is_signed=True)
        return reading, token

    def _exchange_unsigned(self, call: Call) -> tuple[Answer, Reading]:
        try:
            answer, reading = self._send(call, None, is_signed=False)
        except UnknownOutcomeError as error:
            # a sign-in without an answer has written nothing
            raise RetryableError(str(error)) from None
        if reading.meaning in {"busy", "unsure"}:
            raise RetryableError(f"{call.what}: {reading}", after=reading.retry_after)
        return answer, reading

    def _send(self, call: Call, token: str | None, *, is_signed: bool) -> tuple[Answer, Reading]:
        """Send one request with one token of the quota, and read the answer."""
        request = Request(call.method, self._address(call), call.headers, call.body)
        quotas = [self.budgets.get(name, self.quota) for name in call.budgets]
        with self.slots, _taken(quotas) as told:
            if is_signed:
                request = self.sign_in.sign(request, token)
            try:
                answer = self.transport.send(request)
            except NotSentError as error:
                raise RetryableError(f"{call.what}: not sent: {error}") from None
            except CutOffError as error:
                raise UnknownOutcomeError(f"{call.what}: {error}") from None
            rules = self.rules if is_signed else self.sign_in_rules or self.rules
            reading = rules.read(answer, self.runtime.now())
            told.append(reading.said)
        return answer, self._heeded(quotas[0], reading)

    def _address(self, call: Call) -> str:
        url = call.path if "://" in call.path else self.base_url + call.path
        if not call.parameters:
            return url
        return f"{url}{'&' if '?' in url else '?'}{urlencode(call.parameters, quote_via=quote)}"

    def _heeded(self, quota: Quota, reading: Reading) -> Reading:
        """Let all who draw on a budget rest when the CRM has had enough of it."""
        if reading.is_day_spent:
            return replace(reading, retry_after=quota.spent())
        if reading.meaning == "busy":
            quota.refused(reading.retry_after)
        else:
            quota.accepted()
        return reading

    def _wait_or_raise(self, call: Call, attempt: int, problem: CrmError) -> None:
        if not isinstance(problem, (RetryableError, UnknownOutcomeError)):
            raise problem
        after = problem.after if isinstance(problem, RetryableError) else None
        if attempt == ATTEMPTS or (after is not None and after > LONGEST_WAIT):
            if isinstance(problem, RetryableError):
                raise problem
            raise RetryableError(f"{call.what}: given up after {attempt} tries: {problem}")
        if after is None:
            self.runtime.sleep(backoff(attempt, FIRST_WAIT, self.runtime))

    def _problem(self, call: Call, reading: Reading) -> CrmError:
        """Turn an answer that is none into the error that says what to do."""
        said = f"{call.what}: {reading}"
        match reading.meaning:
            case "busy":
                # the quota rests meanwhile; whoever comes back waits there
                return RetryableError(
                    f"{said}: the CRM asks us to wait", after=reading.retry_after or FIRST_WAIT
                )
            case "unsure":
                return UnknownOutcomeError(f"{said}: it isn't known whether it was carried out")
            case "elsewhere":
                return ConfigurationError(f"{said}: the CRM redirects; set base_url to where it is")
            case "forbidden":
                return FatalError(f"{said}: we aren't allowed to; check the account's permissions")
            case _:
                return FatalError(f"{said}: the CRM doesn't understand it; check the profile")


@contextmanager
def _taken(quotas: Sequence[Quota]) -> Iterator[list[Said | None]]:
    """Hold one token of each; what the answer says of the first goes into the list."""
    taken: list[Quota] = []
    told: list[Said | None] = []
    try:
        for quota in quotas:
            quota.take()
            taken.append(quota)
        yield told
    finally:
        for quota, said in zip_longest(taken, told):
            quota.ended(said)
