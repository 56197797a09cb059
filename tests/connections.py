"""Connections to CRMs, set as a deployment sets them: by environment variables."""

from collections.abc import Callable


def configure(setenv: Callable[[str, str], None], connection: str, **settings: str) -> None:
    """Give a connection its settings; `rate__window` is the `window` of its `rate`."""
    for name, value in settings.items():
        setenv(f"CRM__{connection.upper()}__{name.upper()}", value)
