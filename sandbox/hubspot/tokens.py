"""Who may come in: a private app's token, or OAuth's that last a while."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.hubspot.problems import Problem
from sandbox.hubspot.switches import Switches


@dataclass(slots=True)
class Tokens:
    """The account's ways in; these are no secrets, for they open a sandbox on loopback."""

    switches: Switches
    private: str = "pat-sandbox"
    client_id: str = "sandbox"
    client_secret: str = "sandbox-client-secret"  # noqa: S105 - of a sandbox on loopback
    refresh: str = "sandbox-refresh-token"
    granted: dict[str, float] = field(default_factory=dict)
    """Access tokens of OAuth, and when they end."""

    def check(self, headers: Mapping[str, str], now: float) -> bool:
        """Let a request in; says whether it came by OAuth.

        Raises:
            Problem: its token isn't known, or ended.
        """
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            if token == self.private:
                return False
            if self.granted.get(token, 0.0) > now:
                return True
        raise stranger()

    def exchange(self, form: Mapping[str, str], now: float) -> dict[str, Any]:
        """Give an access token for a refresh token.

        Raises:
            Problem: something of it is wrong.
        """
        if (form.get("client_id"), form.get("client_secret")) != (
            self.client_id,
            self.client_secret,
        ):
            raise Problem(400, "BAD_CLIENT_ID", "missing or unknown client id or secret")
        if form.get("grant_type") != "refresh_token":
            raise Problem(400, "BAD_GRANT_TYPE", "this sandbox only refreshes tokens")
        if form.get("refresh_token") != self.refresh:
            raise Problem(400, "BAD_REFRESH_TOKEN", "missing or unknown refresh token")
        token = secrets.token_urlsafe(24)
        self.granted[token] = now + self.switches.token_lifetime
        return {
            "access_token": token,
            "refresh_token": self.refresh,
            "expires_in": int(self.switches.token_lifetime),
            "token_type": "bearer",
        }

    def may(self, scope: str) -> None:
        """Make sure that the app has a scope.

        Raises:
            Problem: it hasn't.
        """
        if self.switches.scopes and scope not in self.switches.scopes.split():
            message = "This app hasn't been granted all required scopes"
            raise Problem(403, "MISSING_SCOPES", message, {"missingScopes": [scope]})


def stranger() -> Problem:
    """The refusal of a token that counts no longer, or never did."""
    return Problem(401, "EXPIRED_AUTHENTICATION", "The access token is unknown or has ended")
