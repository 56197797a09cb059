"""What can go wrong, by what to do about it."""


class IdentityError(Exception):
    """Nothing was done; the message says what to do first."""


class UnknownPairError(IdentityError):
    """A key names no question of the review queue, or more than one."""


class UnknownKeyError(IdentityError):
    """No record and no customer has a key."""


class ContradictionError(IdentityError):
    """Decisions that can't all hold; none of the new ones was stored."""
