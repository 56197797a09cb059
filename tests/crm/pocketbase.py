"""A real PocketBase server, for as long as the tests run."""

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

EMAIL, PASSWORD = "integration@tongke.example", "a-password-of-one-test"
SIGNED_IN = '@request.auth.id != ""'
DATES = [
    {"name": "created", "type": "autodate", "onCreate": True},
    {"name": "updated", "type": "autodate", "onCreate": True, "onUpdate": True},
]


class PocketBase:
    """Starts it, and is its superuser."""

    def __init__(self, folder: Path) -> None:
        binary = shutil.which("pocketbase", path=str(Path(sys.executable).parent)) or "pocketbase"
        admin = ["admin@tongke.example", PASSWORD]
        data = ["--dir", str(folder / "data")]
        superuser = [binary, "superuser", "upsert", *admin, *data]
        subprocess.run(superuser, check=True, stdout=subprocess.DEVNULL)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        with (folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [binary, "serve", "--http", f"127.0.0.1:{port}", *data], stdout=log, stderr=log
            )
        self._session = requests.Session()
        self._wait()
        said = self.call(
            "POST",
            "/api/collections/_superusers/auth-with-password",
            {"identity": admin[0], "password": admin[1]},
        )
        self._session.headers["Authorization"] = said["token"]
        batch = {"enabled": True, "maxRequests": 200, "timeout": 30}
        self.call("PATCH", "/api/settings", {"batch": batch})
        user = {"email": EMAIL, "password": PASSWORD, "passwordConfirm": PASSWORD}
        self.user_id = self.call("POST", "/api/collections/users/records", user)["id"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(method, self.url + path, json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def create_collection(self, name: str, fields: list[dict[str, Any]]) -> None:
        rules = ("listRule", "viewRule", "createRule", "updateRule", "deleteRule")
        unique = f"CREATE UNIQUE INDEX {name}_key ON {name} (external_id) WHERE external_id != ''"
        collection = {
            "name": name,
            "type": "base",
            "fields": [*fields, *DATES],
            "indexes": [unique],
        }
        self.call("POST", "/api/collections", collection | dict.fromkeys(rules, SIGNED_IN))

    def empty(self, name: str) -> None:
        self.call("DELETE", f"/api/collections/{name}/truncate")

    def expire_tokens(self) -> None:
        """Setting a password makes all tokens of the user void, as an administrator would."""
        body = {"password": PASSWORD, "passwordConfirm": PASSWORD}
        self.call("PATCH", f"/api/collections/users/records/{self.user_id}", body)

    def limit_rate(self, per_second: int | None) -> None:
        rules = [{"label": "/api/", "duration": 1, "maxRequests": per_second or 1}]
        limits = {"enabled": per_second is not None, "rules": rules if per_second else []}
        self.call("PATCH", "/api/settings", {"rateLimits": limits})

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=10)

    def _wait(self) -> None:
        for _ in range(200):
            try:
                if requests.get(f"{self.url}/api/health", timeout=1).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.05)
        raise TimeoutError("PocketBase doesn't answer")
