"""What is wrong with a request or with one of its records, in HubSpot's form.

Shapes are those of its API specification (`Error`, `StandardError`, `ErrorDetail`);
the words are ours.
"""

import uuid
from dataclasses import dataclass, field
from typing import Any

from sandbox.messages import Answer

Context = dict[str, list[str]]


@dataclass(slots=True)
class Problem(Exception):  # noqa: N818 - it is what an answer says, not what went wrong here
    """Why a request, or one record of it, isn't carried out."""

    status: int
    category: str
    message: str
    context: Context = field(default_factory=dict)
    details: list[dict[str, Any]] = field(default_factory=list)

    def answer(self, headers: dict[str, str] | None = None, **members: Any) -> Answer:
        """The whole request's answer."""
        body = {
            "status": "error",
            "message": self.message,
            "correlationId": str(uuid.uuid4()),
            "category": self.category,
            **({"context": self.context} if self.context else {}),
            **({"errors": self.details} if self.details else {}),
            **members,
        }
        return Answer(self.status, body, headers or {})

    def item(self, context: Context) -> dict[str, Any]:
        """One of a 207's errors."""
        return {
            "status": "error",
            "category": self.category,
            "message": self.message,
            "context": {**self.context, **context},
            "errors": self.details,
            "links": {},
        }


def invalid(message: str) -> Problem:
    """The request's shape isn't right."""
    return Problem(400, "VALIDATION_ERROR", message)


def invalid_property(name: str, code: str, message: str) -> Problem:
    """A property's value, or its absence, isn't right."""
    context = {"propertyName": [name]}
    detail = {"message": message, "code": code, "in": name, "context": context}
    return Problem(400, "VALIDATION_ERROR", message, context, [detail])


def not_found(what: str, ids: list[str]) -> Problem:
    """There is no such thing."""
    return Problem(404, "OBJECT_NOT_FOUND", what, {"ids": ids})


def conflict(message: str, name: str) -> Problem:
    """Another record has this unique value."""
    context = {"propertyName": [name]}
    detail = {"message": message, "code": "CONFLICTING_UNIQUE_VALUE", "in": name}
    return Problem(409, "CONFLICT", message, context, [{**detail, "context": context}])
