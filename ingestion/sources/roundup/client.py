"""Roundup's REST API, as far as a reader needs it."""

import datetime as dt
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from ingestion.errors import SourceError

ATTEMPTS = 4


class Client:
    """Reads collections page by page, and tries again where that can help."""

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

    def pages(
        self,
        class_name: str,
        fields: Sequence[str],
        *,
        since: dt.datetime | None,
        size: int,
    ) -> Iterator[list[Mapping[str, Any]]]:
        """A collection's items in the order of their ids."""
        parameters: dict[str, str | int] = {
            "@sort": "id",
            "@page_size": size,
            "@verbose": 1,
            "@fields": ",".join(fields),
        }
        if since is not None:
            parameters["activity"] = since.strftime("%Y-%m-%d.%H:%M:%S;")
        index = 1
        while True:
            data = self._get(class_name, {**parameters, "@page_index": index})
            yield data["collection"]
            if not data.get("@links", {}).get("next"):
                return
            index += 1

    def ids(self, class_name: str, *, size: int) -> set[int]:
        """The ids of all items that aren't retired."""
        return {
            int(item["id"])
            for page in self.pages(class_name, ("id",), since=None, size=size)
            for item in page
        }

    def count(self, class_name: str) -> int:
        """How many items aren't retired; -1 if they are more than the tracker counts."""
        data = self._get(class_name, {"@page_size": 1, "@page_index": 1})
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

    def _get(self, path: str, parameters: Mapping[str, str | int], *, missing: bool = False) -> Any:
        url = f"{self._base}/{path}"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = self._session.get(url, params=parameters, timeout=self._timeout)
            except requests.RequestException as error:
                reason = type(error).__name__
            else:
                if response.ok:
                    self._note_time(response)
                    return response.json()["data"]
                if missing and response.status_code in (404, 410):
                    return None
                reason = self._reason(response)
                if response.status_code not in (429, 500, 502, 503, 504):
                    break
            if attempt < ATTEMPTS:
                self._sleep(2.0 ** (attempt - 1))
        page = f", page {parameters['@page_index']}" if "@page_index" in parameters else ""
        raise SourceError(
            f"{self._system}: Roundup at {url}{page}: {reason}. Check that the tracker runs, and "
            f"url, username and password in [sources.{self._system}]"
        )

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
