"""A stub of Vantaca that costs next to nothing: fixed answers after a pause, many connections, one process."""

import argparse
import asyncio
import json
import random

import uvloop

EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


class Stub(asyncio.Protocol):
    """Answers each request on a connection after a pause from ``pauses``; requests have no body."""

    def __init__(self, providers: bytes, pause: tuple[float, float], counts: dict[str, int]) -> None:
        self._providers = providers
        self._pause = pause
        self._counts = counts
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            line, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
            self._counts["all"] += 1
            self._counts["most"] = max(self._counts["most"], self._counts["all"] - self._counts["answered"])
            answer = self._providers if line.startswith(b"GET /read/provider?") else EMPTY
            asyncio.get_running_loop().call_later(random.uniform(*self._pause), self._answer, answer)  # noqa: S311

    def _answer(self, answer: bytes) -> None:
        self._counts["answered"] += 1
        self._transport.write(answer)  # type: ignore[attr-defined]


def providers(count: int) -> bytes:
    """So many providers, all of which differ from VIVE's records."""
    rows = [
        {"providerID": number, "name": f"P{number}", "onHold": False, "onHoldReason": "", "compliant": False}
        | {"complianceStatus": "Pending", "providerInsurance": []}
        for number in range(1, count + 1)
    ]
    body = json.dumps(rows).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def serve(count: int, pause: tuple[float, float]) -> None:
    """Serve until killed; the first line printed is the port, the last the number of requests and the most in flight."""
    counts = {"all": 0, "answered": 0, "most": 0}
    body = providers(count)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Stub(body, pause, counts), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.connect_read_pipe(lambda: _Stdin(counts), open(0, "rb"))  # noqa: ASYNC230, SIM115 -- a pipe
    await server.serve_forever()


class _Stdin(asyncio.Protocol):
    def __init__(self, counts: dict[str, int]) -> None:
        self._counts = counts

    def data_received(self, _data: bytes) -> None:
        print(json.dumps(self._counts), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("least", type=float)
    parser.add_argument("most", type=float)
    arguments = parser.parse_args()
    uvloop.run(serve(arguments.count, (arguments.least, arguments.most)))
