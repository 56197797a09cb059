"""Reads how a profile signs in: every kind in the words of one."""

import hashlib
from collections.abc import Mapping
from typing import Any

from crm.selfbuilt.calls import CallTemplate, compile_call, compile_part, compile_texts
from crm.selfbuilt.pointers import read_pointer
from crm.selfbuilt.reader import Reader
from crm.sign_in import DERIVED_SECRETS, Signature, SignInRules, TokenRules
from crm.template import Compiler, as_text, placeholders

_KINDS = (
    "none",
    "basic",
    "bearer",
    "api_key",
    "login_token",
    "oauth2_client_credentials",
    "hmac_sign",
)
_TOKEN_KEYS = (
    *("method", "path", "headers", "body", "form"),
    *("pointer", "cookie", "lifetime", "lifetime_pointer", "check"),
)


def read_auth(
    reader: Reader, settings: Mapping[str, str | None]
) -> tuple[tuple[str, ...], SignInRules, CallTemplate | None]:
    """Read how to sign in; the secrets are the names its templates ask for."""
    raw = _full_auth(reader)
    asked = placeholders({key: raw.get(key) for key in ("headers", "params", "token", "text")})
    made = {"token", "signature", "timestamp", "nonce", "body_hash", "method", "address", "query"}
    needed = [part for name in asked for part in DERIVED_SECRETS.get(name, (name,))]
    secrets = [name for name in dict.fromkeys(needed) if name not in made and name not in settings]
    if raw.get("text") is not None and "secret_key" not in secrets:
        secrets.append("secret_key")
    compiler = Compiler({*secrets, *settings, *made, *DERIVED_SECRETS}, as_text)
    full = Reader(raw, reader.where)
    token: TokenRules | None = None
    check: CallTemplate | None = None
    if full.has("token"):
        token, check = _read_token(
            # in the profile its keys stand beside the kind
            Reader(full.any("token"), reader.where),
            Compiler({*secrets, *settings, *DERIVED_SECRETS}, as_text),
        )
    rules = SignInRules(
        headers=compile_texts(full, "headers", full.mapping("headers"), compiler),
        parameters=compile_texts(full, "params", full.mapping("params"), compiler, way="path"),
        token=token,
        signature=_read_signature(full, compiler) if full.has("text") else None,
    )
    full.done()
    return tuple(secrets), rules, check


def _full_auth(reader: Reader) -> Mapping[str, Any]:
    """Write every kind of sign-in in the words of one: headers, params, token, text."""
    kind = reader.choice("kind", _KINDS, "none")
    made: dict[str, Any]
    match kind:
        case "basic":
            made = {"headers": {"Authorization": "Basic {basic}"}}
        case "bearer":
            made = {"headers": {"Authorization": "Bearer {access_token}"}}
        case "api_key":
            parameter = reader.text("param", "")
            header = reader.text("header", "X-Api-Key")
            made = {"params": {parameter: "{api_key}"}} if parameter else {}
            made = made or {"headers": {header: "{api_key}"}}
        case "oauth2_client_credentials":
            made = _oauth2(reader)
        case "login_token":
            made = {
                "headers": {
                    reader.text("header", "Authorization"): reader.text("value", "{token}")
                },
                "token": {key: reader.any(key, None) for key in _TOKEN_KEYS},
            }
        case "hmac_sign":
            made = {
                "headers": reader.mapping("headers"),
                **{
                    key: reader.any(key, None)
                    for key in ("text", "algorithm", "encoding", "timestamp")
                },
            }
            reader.text("text")
        case _:
            made = {}
    reader.done()
    return {key: value for key, value in made.items() if value is not None}


def _oauth2(reader: Reader) -> dict[str, Any]:
    body = {"grant_type": "client_credentials"}
    headers = {}
    if reader.choice("client_in", ("body", "header"), "body") == "body":
        body |= {"client_id": "{client_id}", "client_secret": "{client_secret}"}
    else:
        headers = {"Authorization": "Basic {client_basic}"}
    if scope := reader.text("scope", ""):
        body["scope"] = scope
    return {
        "headers": {"Authorization": "Bearer {token}"},
        "token": {
            "path": reader.text("path"),
            "headers": headers,
            "body": body,
            "form": True,
            "pointer": "/access_token",
            "lifetime_pointer": "/expires_in",
        },
    }


def _read_token(reader: Reader, compiler: Compiler) -> tuple[TokenRules, CallTemplate | None]:
    call = compile_call(reader, compiler, "sign-in", method="POST")
    check = None
    if reader.has("check"):
        section = reader.section("check")
        check = compile_call(section, compiler, "check of the sign-in")
        section.done()
    lifetime = reader.any("lifetime", None)
    if lifetime is not None and lifetime != "jwt" and not isinstance(lifetime, (int, float)):
        reader.wrong("lifetime", "must be a number of seconds, or jwt")
    rules = TokenRules(
        call=call.make,
        pointer=read_pointer(reader, "pointer"),
        cookie=reader.text("cookie", "") or None,
        lifetime=None if lifetime == "jwt" else lifetime,
        lifetime_pointer=read_pointer(reader, "lifetime_pointer"),
        is_jwt=lifetime == "jwt",
    )
    if rules.pointer is None and rules.cookie is None:
        reader.wrong("pointer", "is missing (or `cookie`): where the answer holds the token")
    reader.done()
    return rules, check


def _read_signature(reader: Reader, compiler: Compiler) -> Signature:
    algorithm = reader.text("algorithm", "sha256")
    if algorithm not in hashlib.algorithms_available:
        reader.wrong("algorithm", "isn't known here; sha256, sha1 and md5 are")
    return Signature(
        text=compile_part(reader, "text", lambda: compiler.text(reader.text("text"))),
        algorithm=algorithm,
        encoding=reader.choice("encoding", ("hex", "base64"), "hex"),
        timestamp=reader.choice("timestamp", ("seconds", "milliseconds"), "seconds"),
    )
