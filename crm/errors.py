"""What can go wrong with a CRM, by what the caller must do.

Messages say what happened, which request (the CRM's own id for it, if it gave
one) and what to do next. They carry no personal data.
"""


class CrmError(Exception):
    """The base of all of them."""


class ConfigurationError(CrmError):
    """The connection or the profile is wrong; nothing was sent. Mend the settings."""


class FatalError(CrmError):
    """The CRM refuses us altogether (sign-in, permission, unknown object); stop."""


class RetryableError(CrmError):
    """Surely nothing was written; the same request may be sent again.

    `after` is how many seconds the CRM asked us to wait, if it said so.
    """

    def __init__(self, message: str, *, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


class UnknownOutcomeError(CrmError):
    """The request may or may not have been carried out; read back before anything else."""
