"""Answers of the sandbox, and the error that refuses a call."""

import html
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from schemas.errors import ViveSyncError

JSON = "application/json; charset=utf-8"
_ZIP = "application/x-zip-compressed"

_PAGE = (
    "<!DOCTYPE html>\r\n<html>\r\n    <head>\r\n        <title>{message}</title>\r\n    </head>\r\n\r\n"
    '    <body bgcolor="white">\r\n'
    "        <span><H1>Server Error in '/' Application.<hr width=100% size=1 color=silver></H1>\r\n"
    "        <h2> <i>{message}</i> </h2></span>\r\n"
    "        <b>Version Information:</b>&nbsp;Microsoft .NET Framework Version:4.0.30319; "
    "ASP.NET Version:4.8.4494.0\r\n    </body>\r\n</html>\r\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one call. `reason` None is the status's standard phrase."""

    status: int = 200
    reason: str | None = None
    body: bytes = b""
    media_type: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class CallRefusedError(ViveSyncError):
    """A call that cannot be carried out: status and the message for the reason phrase, never a value of the call."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"{status} {reason}")
        self.status = status
        self.reason = reason


def error_answer(
    status: int, reason: str | None = None, *, media_type: str, headers: Mapping[str, str] | None = None
) -> Answer:
    """An error as recorded answers show it: the message in the reason phrase, an ASP.NET HTML page as the body."""
    message = reason or HTTPStatus(status).phrase
    return Answer(
        status=status, reason=message, body=html_page(message), media_type=media_type, headers=dict(headers or {})
    )


def html_page(message: str) -> bytes:
    """An ASP.NET error page with this message."""
    return _PAGE.format(message=html.escape(message)).encode()


def json_answer(text: str, *, zipped: bool = False) -> Answer:
    """JSON text as it is, or as the one file `data.json` of a zip archive (Vantaca's OpenAPI 3.8.0).

    The archive's media type is documented nowhere; this is what IIS calls a .zip.
    """
    body = text.encode()
    if not zipped:
        return Answer(body=body, media_type=JSON)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as entries:
        entries.writestr("data.json", body)
    return Answer(body=archive.getvalue(), media_type=_ZIP)
