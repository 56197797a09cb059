"""What is wrong with a request: a code in an answer whose status is 200 all the same.

The codes are those of the server's enums; the words are ours.
"""

from dataclasses import dataclass

from sandbox.messages import Answer

STRANGER = 302
INVALID = 400
NO_PERMISSION = 401
TOO_FREQUENT = 403
NOWHERE = 404
DELETED = 2004
HAS_RELATIONS = 2017
ILLEGAL_CHARACTERS = 2031
NO_PHONE = 2032
NO_PRICE = 2033
NO_TIME = 2034
NO_DATE = 2035
FIXED_VALUE_TAKEN = 2038
CUSTOM_VALUE_TAKEN = 2079
WITHOUT_CUSTOMER = 2083


@dataclass(slots=True)
class Problem(Exception):  # noqa: N818 - it is what an answer says, not what went wrong here
    """Why a request isn't carried out."""

    code: int
    message: str
    status: int = 200

    def answer(self) -> Answer:
        """The request's answer."""
        return Answer(self.status, {"code": self.code, "msg": self.message})
