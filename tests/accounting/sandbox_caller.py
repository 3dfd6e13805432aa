import json
from dataclasses import dataclass
from typing import Any

import aiohttp

CREDENTIALS = {"company": "Acme", "login": "vive", "pwd": "s3cret-pwd"}


@dataclass(frozen=True, kw_only=True)
class Reply:
    status: int
    reason: str
    media_type: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Caller:
    url: str
    session: aiohttp.ClientSession

    async def send(
        self,
        method: str,
        path: str,
        parameters: dict[str, str] | None = None,
        *,
        credentials: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        body: Any = None,
    ) -> Reply:
        query = (CREDENTIALS if credentials is None else credentials) | (parameters or {})
        async with self.session.request(method, self.url + path, params=query, json=body, headers=headers) as answer:
            return Reply(
                status=answer.status,
                reason=answer.reason or "",
                media_type=answer.headers.get("Content-Type", ""),
                headers=dict(answer.headers),
                body=await answer.read(),
            )

    async def read(self, path: str = "/read/provider", /, **parameters: str) -> Reply:
        return await self.send("GET", path, parameters)

    async def write(self, path: str, body: Any = None, /, **parameters: str) -> Reply:
        return await self.send("POST", path, parameters, body=body)

    async def admin(self, method: str, path: str, body: Any = None, /, **query: str) -> Reply:
        return await self.send(method, f"/_sandbox/{path}", query, credentials={}, body=body)
