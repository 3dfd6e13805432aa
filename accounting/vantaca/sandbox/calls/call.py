"""A call to the sandbox, parsed from an HTTP request."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from accounting.vantaca.sandbox.calls.operations import OPERATIONS
from accounting.vantaca.sandbox.state.values import Parameters

CREDENTIALS = ("company", "login", "pwd")

_PATHS = {path.lower(): path for path in OPERATIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call as it came in, its credentials apart from its data.

    path: in the spelling of Vantaca's OpenAPI 3.8.0 where it is one of its calls; ASP.NET does not mind case.
    company: as claimed, blank if it was not given.
    parameters: query and JSON body together, by lower-case name, without the credentials.
    sized: whether the caller declared how long its body is.
    body_readable: false for a JSON body that is no object.
    """

    method: str
    path: str
    company: str
    login: str = field(repr=False)
    pwd: str = field(repr=False)
    authorization: str = field(default="", repr=False)
    parameters: Parameters = field(default_factory=dict)
    sized: bool = True
    body_readable: bool = True


def read_call(
    *,
    method: str,
    path: str,
    query: Iterable[tuple[str, str]],
    authorization: str = "",
    json_body: bytes = b"",
    sized: bool = True,
) -> Call:
    """Parse a request. Credentials count only in the query; of data in both, that of the body counts."""
    parameters: dict[str, object] = {}
    for name, value in query:
        parameters.setdefault(name.lower(), value)
    company, login, pwd = (str(parameters.pop(name, "")) for name in CREDENTIALS)
    data = _data_of(json_body) if json_body else {}
    parameters |= data or {}
    return Call(
        method=method,
        path=_PATHS.get(path.lower(), path),
        company=company,
        login=login,
        pwd=pwd,
        authorization=authorization,
        parameters=parameters,
        sized=sized,
        body_readable=data is not None,
    )


def _data_of(json_body: bytes) -> dict[str, object] | None:
    try:
        data = json.loads(json_body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict):
        return None
    return {name.lower(): value for name, value in data.items() if name.lower() not in CREDENTIALS}
