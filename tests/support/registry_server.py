"""A schema registry over HTTP: the two questions that the product asks of one."""

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class RegistryServer:
    """Keeps schemas by id in memory, and the paths that it was asked for."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, authorization: str | None = None) -> None:
        self.schemas: dict[int, dict[str, Any]] = {}
        self.asked: list[str] = []
        self.unavailable = False
        """Whether it answers that it can't."""
        self.authorization = authorization
        """The header that a request must have; None: any."""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.address = f"http{'' if tls is None else 's'}://127.0.0.1:{self._server.server_port}"

    def put(self, text: str, *, kind: str = "AVRO") -> int:
        """Keep a schema; its id."""
        schema_id = len(self.schemas) + 1
        self.schemas[schema_id] = {"schema": text, "schemaType": kind}
        return schema_id

    def answer(self, path: str, body: bytes, authorization: str | None = None) -> tuple[int, dict[str, Any]]:
        self.asked.append(path)
        if self.authorization not in {None, authorization}:
            return 401, {"error_code": 401, "message": "Unauthorized"}
        if self.unavailable:
            return 503, {"error_code": 50302, "message": "Not now"}
        match path.partition("?")[0].strip("/").split("/"):
            case ["schemas", "ids", number] if int(number) in self.schemas:
                return 200, self.schemas[int(number)]
            case ["subjects", _, "versions"]:
                text = json.loads(body)["schema"]
                known = [number for number, schema in self.schemas.items() if schema["schema"] == text]
                return 200, {"id": known[0] if known else self.put(text)}
            case ["schemas", "ids", _]:
                return 404, {"error_code": 40403, "message": "Schema not found"}
            case _:
                return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}

    @contextmanager
    def serving(self) -> Iterator["RegistryServer"]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()


def _handler(registry: RegistryServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, answer = registry.answer(self.path, body, self.headers.get("authorization"))
            data = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("content-type", "application/vnd.schemaregistry.v1+json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the base class's name for it
            """Nothing on standard error."""

    return Handler
