"""A small OpenADR 3 top node in a process of its own, for tests: real HTTP, the specification's paths and objects.

No top node could be installed from a package index here, so this one is written after the OpenADR 3.0.1 API
description: /auth/token, /programs, /events, /reports with skip and limit, problem objects and, where it is told to,
409 for a report that is there. It keeps everything in memory. `/control` is no part of the protocol: it makes the next
requests fail, withdraws tokens, moves the clock.
"""

import json
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import RLock
from typing import Any
from urllib.parse import parse_qs, urlsplit

CLIENTS = {"ven": "ven-secret", "bl": "bl-secret"}
TYPES = {"programs": "PROGRAM", "events": "EVENT", "reports": "REPORT"}
REQUIRED = {"programs": {"programName"}, "events": {"programID", "intervals"}, "reports": {"eventID", "clientName"}}


class Store:
    def __init__(self) -> None:
        self.lock = RLock()
        self.objects: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in TYPES}
        self.tokens: dict[str, tuple[str, float]] = {}
        self.faults: list[dict[str, Any]] = []
        self.requests: dict[str, int] = {}
        self.token_seconds = 3600.0
        self.clock_ahead = 0.0
        self.conflicts = False
        self.stamped = datetime.min.replace(tzinfo=UTC)

    def stamp(self) -> str:
        # Modification times of one node never repeat.
        now = datetime.now(UTC) + timedelta(seconds=self.clock_ahead)
        self.stamped = max(now, self.stamped + timedelta(microseconds=1))
        return self.stamped.isoformat().replace("+00:00", "Z")


class Handler(BaseHTTPRequestHandler):
    store: Store
    protocol_version = "HTTP/1.1"

    def date_time_string(self, timestamp=None) -> str:
        return formatdate(time.time() + self.store.clock_ahead, usegmt=True)

    def log_message(self, *_: object) -> None:
        return

    def answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def problem(self, status: int, title: str) -> None:
        self.answer(status, {"title": title, "status": status})

    def handle_request(self) -> None:
        url = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = [part for part in url.path.split("/") if part]
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        store = self.store
        if parts[0] == "control":
            with store.lock:
                for key, value in json.loads(body).items():
                    if key == "withdraw":
                        store.tokens.clear()
                    else:
                        setattr(store, key, value)
                self.answer(200, {"requests": store.requests})
            return
        with store.lock:
            key = f"{self.command} /{parts[0]}"
            store.requests[key] = store.requests.get(key, 0) + 1
            fault = next((f for f in store.faults if f["at"] in key), None)
            if fault is not None:
                fault["times"] -= 1
                if fault["times"] <= 0:
                    store.faults.remove(fault)
        if fault is not None:
            time.sleep(fault.get("wait", 0.0))
            if fault.get("drop"):
                self.close_connection = True
                self.connection.close()
                return
            if "status" in fault and not fault.get("after"):
                self.problem(fault["status"], "a fault for the test")
                return
        with store.lock:
            status, found = self.serve(parts, query, body)
        if fault is not None and fault.get("after"):
            status, found = fault["status"], {"title": "done, but not said", "status": fault["status"]}
        self.answer(status, found)

    def serve(self, parts: list[str], query: dict[str, str], body: bytes) -> tuple[int, object]:
        store = self.store
        if parts == ["auth", "token"]:
            form = {key: values[0] for key, values in parse_qs(body.decode()).items()}
            if form.get("grant_type") != "client_credentials":
                return 400, {"error": "unsupported_grant_type"}
            if CLIENTS.get(form.get("client_id", "")) != form.get("client_secret"):
                return 401, {"error": "invalid_client"}
            token = uuid.uuid4().hex
            store.tokens[token] = (form["client_id"], time.monotonic() + store.token_seconds)
            return 200, {"access_token": token, "token_type": "Bearer", "expires_in": store.token_seconds}
        bearer = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        client, expires = store.tokens.get(bearer, ("", 0.0))
        if not client or time.monotonic() > expires:
            return 403, {"title": "Forbidden", "status": 403}
        kind = parts[0]
        if kind not in TYPES:
            return 404, {"title": "Not Found", "status": 404}
        if self.command in ("POST", "PUT", "DELETE") and (client == "ven") != (kind == "reports"):
            return 403, {"title": "Forbidden", "status": 403}
        objects = store.objects[kind]
        if len(parts) == 2:
            return self.one(objects, parts[1], kind, body)
        if self.command == "GET":
            found = [
                item
                for item in objects.values()
                if all(item.get(key) == query[key] for key in ("programID", "eventID", "clientName") if key in query)
            ]
            skip, limit = int(query.get("skip", 0)), int(query.get("limit", 50))
            if limit > 50:
                return 400, {"title": "limit is more than 50", "status": 400}
            return 200, found[skip : skip + limit]
        item = json.loads(body)
        if REQUIRED[kind] - item.keys():
            return 400, {"title": f"lacks {sorted(REQUIRED[kind] - item.keys())}", "status": 400}
        if (
            store.conflicts
            and kind == "reports"
            and any(item["reportName"] == other["reportName"] for other in objects.values())
        ):
            return 409, {"title": "Conflict", "status": 409}
        made = {"id": f"{kind[0]}-{uuid.uuid4().hex[:8]}", "createdDateTime": store.stamp(), "objectType": TYPES[kind]}
        item = item | made | {"modificationDateTime": made["createdDateTime"]}
        objects[item["id"]] = item
        return 201, item

    def one(self, objects: dict[str, dict[str, Any]], name: str, kind: str, body: bytes) -> tuple[int, object]:
        if name not in objects:
            return 404, {"title": "Not Found", "status": 404}
        if self.command == "DELETE":
            return 200, objects.pop(name)
        if self.command == "PUT":
            kept = {key: objects[name][key] for key in ("id", "createdDateTime", "objectType")}
            objects[name] = json.loads(body) | kept | {"modificationDateTime": self.store.stamp()}
        return 200, objects[name]

    do_GET = do_POST = do_PUT = do_DELETE = handle_request  # noqa: N815


def main() -> None:
    Handler.store = Store()
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
    server.daemon_threads = True
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
