"""Annex's API, as far as the demo needs it."""

import http.client
import json
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urlencode, urlsplit

from . import DemoError

TIMEOUT_SECONDS = 300


class Refused(DemoError):
    """Annex answered with a problem."""

    def __init__(self, status: int, problem: dict):
        self.status = status
        self.code = problem.get("code", "")
        places = "".join(f"\n  {place(error)}: {error['detail']}" for error in problem.get("errors", [])[:10])
        hint = f"\n{problem['hint']}." if problem.get("hint") else ""
        super().__init__(f"Annex answered {status}: {problem.get('detail', 'no reason given')}{places}{hint}")


def place(error: dict) -> str:
    """Where something is wrong: in an import, the line too."""
    return f"line {error['line']}, {error['pointer']}" if "line" in error else error["pointer"]


class Annex:
    """A server, and who speaks to it once `token` is set."""

    def __init__(self, url: str):
        self.url = url.rstrip("/")
        self.token: str | None = None

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        """A request with a JSON body, and the JSON of its answer."""
        content = None if body is None else json.dumps(body)
        json_headers = {"Content-Type": "application/json"} if content else {}
        return self.send(method, path, content, json_headers | (headers or {}))

    def import_csv(self, collection: str, chunks: Iterable[bytes]) -> Any:
        """Streams rows into a collection: all of them, or none."""
        headers = {"Content-Type": "text/csv", "Transfer-Encoding": "chunked"}
        return self.send("POST", f"/v1/records/{collection}/import", chunks, headers)

    def count(self, collection: str) -> int:
        page = self.call("GET", f"/v1/records/{collection}?limit=1", headers={"Prefer": "count=exact"})
        return page["count"]

    def every(self, collection: str, fields: str) -> Iterator[dict]:
        """All rows of a collection, page by page."""
        parameters = {"fields": fields, "limit": 1000}
        while True:
            page = self.call("GET", f"/v1/records/{collection}?{urlencode(parameters)}")
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            parameters["cursor"] = page["next_cursor"]

    def send(self, method: str, path: str, content: str | Iterable[bytes] | None, headers: dict[str, str]) -> Any:
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        connection = (http.client.HTTPSConnection if secure else http.client.HTTPConnection)(
            parts.hostname, parts.port, timeout=TIMEOUT_SECONDS
        )
        if self.token:
            headers = headers | {"Authorization": f"Bearer {self.token}"}
        try:
            try:
                streamed = headers.get("Transfer-Encoding") == "chunked"
                connection.request(method, path, content, headers, encode_chunked=streamed)
            except (BrokenPipeError, ConnectionResetError):
                # A refusal may come before everything is sent; it is there to be read.
                pass
            response = connection.getresponse()
            text = response.read().decode()
        except (OSError, http.client.HTTPException) as error:
            raise DemoError(f"No answer from {self.url} ({error}). Is Annex running? `make run` starts it.") from error
        finally:
            connection.close()
        is_json = "json" in (response.getheader("Content-Type") or "")
        answer = json.loads(text) if text and is_json else None
        if response.status >= 400:
            raise Refused(response.status, answer or {})
        return answer
