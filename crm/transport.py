"""How bytes go to a CRM and come back, and how that can fail.

Only one thing matters about a failure: could the CRM have acted on the request?
"""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import requests
from requests.adapters import HTTPAdapter
from requests.utils import default_headers, get_environ_proxies
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from crm.errors import ConfigurationError

_READ_AT_ONCE = 1 << 20
"""Bytes of an answer."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request as a CRM file describes it."""

    what: str
    """For messages: `scan of companies`; never holds a value."""
    method: str
    path: str = field(repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)
    budgets: tuple[str, ...] = ("",)
    """The budgets it draws on; "" is the connection's own, others are named by the CRM's file."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it leaves."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that came whole."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    """Names in any case."""
    body: bytes = field(repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)


class NotSentError(Exception):
    """The request never reached the CRM."""


class CutOffError(Exception):
    """The request left and no whole answer came: it may or may not have been carried out."""


class Transport(Protocol):
    """Sends one request, once."""

    def send(self, request: Request) -> Answer:
        """Send it.

        Raises:
            NotSentError: it never reached the CRM.
            CutOffError: it may have.
        """

    def close(self) -> None:
        """Close the connections."""


class RequestsTransport:
    """A pool of kept-alive connections to one CRM.

    Its messages name the kind of failure only: what requests says quotes the
    address, in which keys and filters stand.
    """

    def __init__(self, base_url: str, *, pool_size: int, connect: float, read: float) -> None:
        self._timeout = (connect, read)
        # proxies and certificates are looked up once. A session of requests would look for them
        # anew with every request, and for .netrc, which overrides our sign-in; and a session
        # cookie kept behind our back would be a second one
        self._proxies = dict(get_environ_proxies(base_url, no_proxy=None))
        self._verify = _certificates()
        self._headers = default_headers()
        # its debug lines quote addresses, in which keys and filters stand
        logging.getLogger("urllib3.connectionpool").addFilter(_is_no_address)
        self._adapter = HTTPAdapter(
            pool_connections=1, pool_maxsize=pool_size, max_retries=0, pool_block=True
        )

    def send(self, request: Request) -> Answer:
        """Send it; redirects aren't followed, for a PATCH would arrive as a GET."""
        try:
            response = self._adapter.send(
                self._prepared(request),
                timeout=self._timeout,
                verify=self._verify,
                proxies=self._proxies,
            )
            body = b"".join(response.iter_content(_READ_AT_ONCE))
        except requests.exceptions.ConnectTimeout:
            raise NotSentError("no connection in time") from None
        except requests.exceptions.ReadTimeout:
            raise CutOffError("no answer in time") from None
        except requests.exceptions.SSLError as error:
            raise _tls_failure(error) from None
        except requests.exceptions.ConnectionError as error:
            raise _connection_failure(error) from None
        except (
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidSchema,
            requests.exceptions.MissingSchema,
        ):
            raise ConfigurationError("base_url is no address that can be called") from None
        except requests.exceptions.RequestException as error:
            raise CutOffError(type(error).__name__) from None
        return Answer(response.status_code, response.headers, body, _cookies(response))

    def close(self) -> None:
        """Close the connections."""
        self._adapter.close()

    def _prepared(self, request: Request) -> requests.PreparedRequest:
        prepared = requests.PreparedRequest()
        prepared.prepare_method(request.method)
        prepared.prepare_url(request.url, None)
        prepared.prepare_headers({**self._headers, **request.headers})
        prepared.body = request.body or None
        prepared.prepare_content_length(prepared.body)
        prepared.prepare_auth(None)  # of the address, if it holds one
        return prepared


def _is_no_address(line: logging.LogRecord) -> bool:
    return line.levelno > logging.DEBUG


def _certificates() -> bool | str:
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True


def _tls_failure(error: Exception) -> Exception:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return ConfigurationError(
            "the CRM's certificate isn't trusted; name your authority's file in REQUESTS_CA_BUNDLE"
        )
    return CutOffError("the encrypted connection broke")


def _connection_failure(error: Exception) -> Exception:
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    # behind a proxy the failure to reach it is wrapped once more
    inner = getattr(reason, "original_error", None)
    for one in (reason, inner):
        if isinstance(one, (NewConnectionError, ConnectTimeoutError)):
            return NotSentError(f"no connection ({type(one).__name__})")
    return CutOffError(f"the connection was cut ({type(reason).__name__})")


def _cookies(response: requests.Response) -> dict[str, str]:
    """The cookies an answer sets; some home-made CRMs sign in that way."""
    headers = getattr(response.raw, "headers", None)
    if headers is None or "Set-Cookie" not in headers:
        return {}
    pairs = (line.split(";", 1)[0].partition("=") for line in headers.getlist("Set-Cookie"))
    return {name.strip(): value.strip() for name, _, value in pairs}
