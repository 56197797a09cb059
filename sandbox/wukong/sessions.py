"""Who may come in: a user has one session for each kind of client, and a new one ends the old."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.wukong.problems import NO_PERMISSION, STRANGER, Problem
from sandbox.wukong.switches import Switches

MOST_WRONG = 3
CLIENTS = (1, 2)


@dataclass(slots=True)
class Sessions:
    """The users that are signed in; these are no secrets, for they open a sandbox on loopback."""

    switches: Switches
    username: str = "tongke"
    password: str = "sandbox-password"  # noqa: S105 - of a sandbox on loopback
    tokens: dict[int, tuple[str, float]] = field(default_factory=dict)
    """By kind of client: the token, and when it ends."""
    sign_ins: int = 0
    _wrong: int = 0
    _locked_until: float = 0.0

    def sign_in(self, said: Mapping[str, Any], now: float) -> dict[str, str]:
        """Give a token; the one before, of the same kind of client, counts no longer.

        Raises:
            Problem: it is the wrong password, or too many of them came before.
        """
        code = self.switches.wrong_password_code
        if now < self._locked_until:
            raise Problem(code, "密码错误次数过多,请稍后再试")
        if (said.get("username"), said.get("password")) != (self.username, self.password):
            self._wrong += 1
            if self._wrong >= MOST_WRONG:
                self._wrong, self._locked_until = 0, now + self.switches.locked_for
            raise Problem(code, "用户名或密码错误")
        self._wrong = 0
        self.sign_ins += 1
        client = said.get("type") if said.get("type") in CLIENTS else CLIENTS[0]
        token = secrets.token_hex(16)
        self.tokens[client or CLIENTS[0]] = token, now + self.switches.token_lifetime
        return {"adminToken": token}

    def check(self, headers: Mapping[str, str], now: float) -> None:
        """Let a request in.

        Raises:
            Problem: its token isn't known, or counts no longer.
        """
        token = headers.get("admin-token")
        if not any(token == known and now < ends for known, ends in self.tokens.values()):
            raise self.stranger()

    def stranger(self) -> Problem:
        """The refusal of a token that counts no longer, or never did."""
        if self.switches.gateway_refuses_strangers:
            return Problem(NO_PERMISSION, "无权访问", 401)
        return Problem(STRANGER, "请先登录!")
