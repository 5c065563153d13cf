"""The few HTTP calls that set a peer up and check its answers."""

import http.client
import json
from dataclasses import dataclass
from typing import Any

from .load import Request


@dataclass(frozen=True)
class Answer:
    status: int
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    def __str__(self) -> str:
        return f"{self.status} {self.text[:500]}"


def send(port: int, request: Request) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {}
    if request.token:
        headers["Authorization"] = f"Bearer {request.token}"
    if request.body:
        headers["Content-Type"] = "application/json"
    try:
        connection.request(request.method, request.path, request.body or None, headers)
        response = connection.getresponse()
        return Answer(response.status, response.read().decode())
    finally:
        connection.close()


def call(port: int, method: str, path: str, body: Any = None, token: str = "") -> Answer:
    return send(port, Request(method, path, token, "" if body is None else json.dumps(body)))


def answers(port: int, path: str) -> bool:
    """Whether something answers there with success."""
    try:
        return call(port, "GET", path).status < 400
    except OSError:
        return False
