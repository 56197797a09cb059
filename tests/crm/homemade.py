"""Two home-made CRMs, as different from PocketBase and from each other as such systems are."""

import itertools
import json
import random
import threading
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

FIELDS: dict[str, dict[str, Any]] = {
    "external_id": {"type": "string", "unique": True, "required": True},
    "name": {"type": "string", "required": True, "length": 100},
    "email": {"type": "email"},
    "notes": {"type": "string"},
}


class Refusal(Exception):  # noqa: N818  it isn't an error of ours
    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.field = status, code, message, field


class Table:
    """Records by our key, and what is acceptable in them."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[str, Any]] = {}
        self._ids = itertools.count(1)
        self._clock = itertools.count(int(datetime(2026, 11, 22, tzinfo=UTC).timestamp()))

    def put(
        self, key: str, fields: dict[str, Any], *, must_exist: bool = False
    ) -> tuple[Any, bool]:
        row = self.rows.get(key)
        if row is None and must_exist:
            raise Refusal(404, "not_found", "no such record")
        merged = {**(row or {}), **fields}
        for name in fields:
            if name not in FIELDS:
                raise Refusal(422, "unknown_field", f"there is no field {name}", name)
        for name, rule in FIELDS.items():
            value = merged.get(name)
            if rule.get("required") and not value:
                raise Refusal(422, "required", f"{name} is required", name)
            if value and len(value) > rule.get("length", 10_000):
                raise Refusal(422, "too_long", f"{value} is too long", name)
        stamp = datetime.fromtimestamp(next(self._clock), UTC)
        merged |= {"id": merged.get("id") or next(self._ids), "updated": stamp}
        merged.setdefault("created", stamp)
        self.rows[key] = merged
        return merged, row is None

    def by_change(self) -> list[dict[str, Any]]:
        return sorted(self.rows.values(), key=lambda row: (row["updated"], row["id"]))


class HomeMade:
    """A threaded server around one table per object."""

    def __init__(self) -> None:
        self.tables = {"companies": Table()}
        self.tokens: set[str] = set()
        self.sign_ins = 0
        self.lock = threading.Lock()
        owner = self

        class Handler(_Handler):
            answer_to = staticmethod(owner.answer)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(
        self, method: str, address: str, headers: Any, body: bytes
    ) -> tuple[int, dict[str, str], Any]:
        raise NotImplementedError

    def new_token(self) -> str:
        self.sign_ins += 1
        token = uuid.uuid4().hex
        self.tokens.add(token)
        return token

    def expire_tokens(self) -> None:
        self.tokens.clear()

    def empty(self, name: str) -> None:
        self.tables[name] = Table()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Reference(HomeMade):
    """The REST CRM that contracts describe: by-key PUT, batch upsert with an answer per record.

    Results come in any order; a repeated Idempotency-Key brings the first answer.
    """

    def __init__(self) -> None:
        self.replays: dict[str, tuple[bytes, tuple[int, dict[str, str], Any]]] = {}
        self.random = random.Random(7)
        super().__init__()

    def answer(
        self, method: str, address: str, headers: Any, body: bytes
    ) -> tuple[int, dict[str, str], Any]:
        path = urlsplit(address).path
        if path == "/oauth/token":
            form = parse_qs(body.decode())
            if form.get("client_secret") != ["a-secret-of-one-test"]:
                return 401, {}, {"error": "invalid_client"}
            return 200, {}, {"access_token": self.new_token(), "expires_in": 3600}
        if headers.get("Authorization", "")[7:] not in self.tokens:
            return 401, {}, {"error": {"code": "unauthenticated", "message": "who are you?"}}
        key = headers.get("Idempotency-Key")
        if key in self.replays:
            first, answer = self.replays[key]
            return answer if first == body else (422, {}, _error(Refusal(422, "reused", "key")))
        answer = self._routed(method, address, json.loads(body or b"null"))
        if key is not None:
            self.replays[key] = (body, answer)
        return answer

    def _routed(self, method: str, address: str, body: Any) -> tuple[int, dict[str, str], Any]:
        split = urlsplit(address)
        query = {name: values[0] for name, values in parse_qs(split.query).items()}
        name, _, rest = split.path.removeprefix("/v1/").partition("/")
        name, _, action = name.partition(":")
        table = self.tables.get(unquote(name))
        headers = {"X-Request-Id": uuid.uuid4().hex}
        if table is None:
            return 404, headers, _error(Refusal(404, "no_object", "no such object"))
        if rest == "schema":
            return 200, headers, {"fields": [{"name": n, **rule} for n, rule in FIELDS.items()]}
        if action == "batchUpsert":
            return 200, headers, {"results": self._upsert(table, body["items"])}
        if action == "count":
            return 200, headers, {"total": len(table.rows)}
        if rest.startswith("by-key/") and method == "DELETE":
            gone = table.rows.pop(unquote(rest.removeprefix("by-key/")), None) is None
            return (404, headers, _error(Refusal(404, "gone", "gone"))) if gone else (204, {}, None)
        return 200, headers, self._page(table, query)

    def _upsert(self, table: Table, items: list[Any]) -> list[Any]:
        results = []
        for item in items:
            try:
                row, created = table.put(
                    item["key"], item["fields"], must_exist=item.get("must_exist", False)
                )
                status = 201 if created else 200
                results.append({"key": item["key"], "status": status, "id": row["id"]})
            except Refusal as refusal:
                error = _error(refusal)["error"]
                results.append({"key": item["key"], "status": refusal.status, "error": error})
        self.random.shuffle(results)
        return results

    def _page(self, table: Table, query: dict[str, str]) -> Any:
        rows = table.by_change()
        if "keys" in query:
            keys = set(json.loads(query["keys"]))
            rows = [row for row in rows if str(row.get(query["field"])) in keys]
        if "updated_since" in query:
            since = datetime.fromisoformat(query["updated_since"])
            rows = [row for row in rows if row["updated"] >= since]
        start = int(query.get("cursor") or 0)
        end = start + int(query.get("limit", 100))
        page = [_shown(row, lambda moment: moment.isoformat()) for row in rows[start:end]]
        return {"data": page, "next": str(end) if end < len(rows) else None}


class Envelope(HomeMade):
    """HTTP 200 always, `{code, msg, data}`, POST only, one record a call, local times, no ids."""

    ZONE = ZoneInfo("Asia/Shanghai")

    def answer(
        self, method: str, address: str, headers: Any, body: bytes
    ) -> tuple[int, dict[str, str], Any]:
        try:
            assert method == "POST"
            data = self._routed(urlsplit(address).path, headers, json.loads(body or b"null"))
        except Refusal as refusal:
            said = {"code": refusal.status, "msg": refusal.message, "data": {"name": refusal.field}}
            return 200, {}, said
        return 200, {}, {"code": 0, "msg": "success", "data": data}

    def _routed(self, path: str, headers: Any, body: Any) -> Any:
        if path == "/login":
            if body["password"] != "a-secret-of-one-test":
                raise Refusal(1005, "", "密码错误")
            return {"adminToken": self.new_token()}
        if headers.get("Admin-Token") not in self.tokens:
            raise Refusal(302, "", "请先登录")
        prefix, _, action = path.rpartition("/")
        if prefix != "/crmCustomer" or action not in {"add", "update", "deleteByIds", "list"}:
            raise Refusal(404, "", "接口不存在")
        table = self.tables["companies"]
        match action:
            case "add":
                self._put(table, body["entity"])
            case "update":
                key = self._key(table, body["entity"].pop("customerId"))
                self._put(table, {**table.rows[key], **body["entity"]}, key)
            case "deleteByIds":
                for each in body:
                    del table.rows[self._key(table, each)]
            case _:
                return self._list(table, body)
        return None

    def _put(self, table: Table, entity: dict[str, Any], key: str | None = None) -> None:
        fields = {k: v for k, v in entity.items() if k not in {"id", "created", "updated"}}
        if key is None and fields.get("external_id") in table.rows:
            raise Refusal(2079, "", "编号已存在", "external_id")
        try:
            table.put(key or fields.get("external_id", ""), fields)
        except Refusal as refusal:
            raise Refusal(2032, "", refusal.message, refusal.field) from None

    def _key(self, table: Table, remote_id: str) -> str:
        for key, row in table.rows.items():
            if str(row["id"]) == str(remote_id):
                return key
        raise Refusal(2004, "", "数据已删除")

    def _list(self, table: Table, body: Any) -> Any:
        rows = table.by_change()
        for search in body.get("searchList", []):
            if search["type"] == 14:
                since = datetime.strptime(search["values"][0], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  local
                since = since.replace(tzinfo=self.ZONE)
                rows = [row for row in rows if row["updated"] >= since]
            else:
                rows = [r for r in rows if str(r.get(search["name"])) in search["values"]]
        start = (body["page"] - 1) * body["limit"]
        page = [_shown(row, self._local) for row in rows[start : start + body["limit"]]]
        return {"totalRow": len(rows), "list": page}

    def _local(self, moment: datetime) -> str:
        return moment.astimezone(self.ZONE).strftime("%Y-%m-%d %H:%M:%S")


def _shown(row: dict[str, Any], write: Callable[[datetime], str]) -> dict[str, Any]:
    return {k: write(v) if isinstance(v, datetime) else v for k, v in row.items()}


def _error(refusal: Refusal) -> dict[str, Any]:
    said = {"code": refusal.code, "message": refusal.message, "field": refusal.field}
    return {"error": said}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65_536  # headers and body in one packet, or each answer waits 40 ms for an ACK
    disable_nagle_algorithm = True
    answer_to: Callable[..., tuple[int, dict[str, str], Any]]

    def do_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, headers, said = self.answer_to(self.command, self.path, self.headers, body)
        content = b"" if said is None else json.dumps(said, ensure_ascii=False).encode()
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_any  # noqa: N815  the library's names

    def log_message(self, *_: Any) -> None:
        pass
