"""Roundup's REST API, as far as a reader needs it."""

import datetime as dt
import time
from collections.abc import Callable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from ingestion.errors import SourceError

ATTEMPTS = 4
LISTED = 100_000
"""How many ids are listed at once. Roundup prepares all that follow a page, too."""


class Client:
    """Lists ids and reads items, and tries again where that can help."""

    def __init__(
        self,
        system: str,
        url: str,
        username: str,
        password: str,
        *,
        timeout: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._system = system
        self._base = url.rstrip("/") + "/rest/data"
        self._timeout = timeout
        self._sleep = sleep
        self._session = requests.Session()
        self._session.auth = (username, password)
        # Roundup refuses requests that could come from another site's page
        self._session.headers.update(
            {"Accept": "application/json", "X-Requested-With": "rest", "Referer": url}
        )
        self._server_time: dt.datetime | None = None

    def now(self) -> dt.datetime:
        """The tracker's clock at its last answer, UTC."""
        if self._server_time is None:
            return dt.datetime.now(dt.UTC).replace(tzinfo=None)
        return self._server_time

    def ids(self, class_name: str, *, since: dt.datetime | None = None) -> list[int]:
        """The ids of the items that aren't retired, or of those active since then."""
        parameters: dict[str, Any] = {"@sort": "id", "@page_size": LISTED}
        if since is not None:
            parameters["activity"] = since.strftime("%Y-%m-%d.%H:%M:%S;")
        found: list[int] = []
        index = 1
        while True:
            data = self._get(class_name, {**parameters, "@page_index": index}, f"page {index}")
            found += (int(item["id"]) for item in data["collection"])
            if not data.get("@links", {}).get("next"):
                return found
            index += 1

    def items(
        self, class_name: str, ids: Sequence[int], fields: Sequence[str]
    ) -> list[Mapping[str, Any]]:
        """The items of these ids, without those that were retired."""
        parameters = {"id": list(ids), "@verbose": 1, "@fields": ",".join(fields)}
        data = self._get(class_name, parameters, f"ids {ids[0]} to {ids[-1]}")
        collection: list[Mapping[str, Any]] = data["collection"]
        return collection

    def count(self, class_name: str) -> int:
        """How many items aren't retired; -1 if they are more than the tracker counts."""
        data = self._get(class_name, {"@page_size": 1})
        return int(data["@total_size"])

    def names(self, class_name: str) -> dict[str, str]:
        """The names of a small class, by id."""
        data = self._get(class_name, {"@fields": "name"})
        return {str(item["id"]): item["name"] for item in data["collection"]}

    def item(
        self, class_name: str, item_id: int, fields: Sequence[str]
    ) -> Mapping[str, Any] | None:
        """One item, retired or not; None if it is gone altogether."""
        data = self._get(
            f"{class_name}/{item_id}", {"@fields": ",".join(fields), "@verbose": 1}, missing=True
        )
        return None if data is None else {"id": data["id"], **data["attributes"]}

    def close(self) -> None:
        """End the connections."""
        self._session.close()

    def _get(
        self,
        path: str,
        parameters: Mapping[str, Any],
        part: str = "",
        *,
        missing: bool = False,
    ) -> Any:
        """The data of an answer; None for an item that isn't there, where that may be."""
        url = f"{self._base}/{path}"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = self._session.get(url, params=parameters, timeout=self._timeout)
            except requests.RequestException as error:
                reason = type(error).__name__
            else:
                if response.ok:
                    self._note_time(response)
                    return self._data(response, url)
                if missing and response.status_code in (404, 410):
                    return None
                reason = self._reason(response)
                if response.status_code not in (429, 500, 502, 503, 504):
                    break
            if attempt < ATTEMPTS:
                self._sleep(2.0 ** (attempt - 1))
        raise SourceError(
            f"{self._system}: Roundup at {url}{f', {part}' if part else ''}: {reason}. Check that "
            f"the tracker runs, and url, username and password in [sources.{self._system}]"
        )

    def _data(self, response: requests.Response, url: str) -> Any:
        try:
            return response.json()["data"]
        except (ValueError, KeyError):
            raise SourceError(
                f"{self._system}: {url} answers, but isn't a Roundup REST API: is url in "
                f"[sources.{self._system}] the tracker's own address?"
            ) from None

    def _note_time(self, response: requests.Response) -> None:
        stamp = response.headers.get("Date")
        if stamp:
            self._server_time = parsedate_to_datetime(stamp).astimezone(dt.UTC).replace(tzinfo=None)

    def _reason(self, response: requests.Response) -> str:
        """What the tracker said."""
        try:
            said = response.json()["error"]["msg"]
        except (ValueError, KeyError, TypeError):
            said = response.reason
        return f"HTTP {response.status_code} ({' '.join(str(said).split())[:200]})"
