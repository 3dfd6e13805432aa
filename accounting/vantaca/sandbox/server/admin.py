"""The admin paths, by which tests and developers read and change a running sandbox."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from pydantic import ValidationError

from accounting.vantaca.sandbox.answer import JSON, Answer
from accounting.vantaca.sandbox.faults.faults import FAULT
from accounting.vantaca.sandbox.sandbox import Sandbox
from accounting.vantaca.sandbox.server.data_file import CompanyData, company_data
from accounting.vantaca.sandbox.state.company import Company, CompanySettings
from accounting.vantaca.sandbox.state.provider import Provider

PREFIX = "/_sandbox/"
"""Where the admin paths begin; they take no credentials of Vantaca's."""

Query = Mapping[str, str]
_Route = Callable[[Sandbox, list[str], Query, bytes], Answer]

_DONE = Answer(status=204)
_DEFAULT_LIMIT = 1000


def admin_answer(sandbox: Sandbox, method: str, path: str, query: Query, body: bytes) -> Answer:
    """Carry out an admin call.

    Errors are JSON `{"error": text}`: 404 for an unknown path, company, provider or fault, 405 for a path that does not
    take the method, 400 for a body or a query that does not fit, then with `details` from the validation.
    """
    parts = path.removeprefix(PREFIX).split("/")
    routes = {its_method: route for its_method, shape, route in _ROUTES if _fits(shape.split("/"), parts)}
    if not routes:
        return _error(404, "no such admin path")
    if method not in routes:
        return _error(405, f"this path takes {', '.join(routes)}")
    try:
        return routes[method](sandbox, parts[1::2], query, body)
    except KeyError as unknown:
        return _error(404, f"unknown: {unknown.args[0]}")
    except ValidationError as invalid:
        details = invalid.errors(include_url=False, include_context=False, include_input=False)
        return _error(400, "the body does not fit", details=details)
    except ValueError as invalid:
        return _error(400, str(invalid))


def _health(_sandbox: Sandbox, _names: list[str], _query: Query, _body: bytes) -> Answer:
    return _json({"status": "ok"})


def _companies(sandbox: Sandbox, _names: list[str], _query: Query, _body: bytes) -> Answer:
    return _json({"companies": {name: len(company.providers) for name, company in sandbox.companies.items()}})


def _get_company(sandbox: Sandbox, names: list[str], _query: Query, _body: bytes) -> Answer:
    return _text(company_data(sandbox, names[0]).model_dump_json(by_alias=True))


def _put_company(sandbox: Sandbox, names: list[str], _query: Query, body: bytes) -> Answer:
    data = CompanyData.model_validate(_object(body) | {"company": names[0]})
    sandbox.add_company(data.settings(), data.providers)
    return _DONE


def _patch_company(sandbox: Sandbox, names: list[str], _query: Query, body: bytes) -> Answer:
    company = sandbox.companies[names[0]]
    before = company.settings.model_dump(by_alias=True)
    company.settings = CompanySettings.model_validate(before | _object(body) | {"company": names[0]})
    return _DONE


def _delete_company(sandbox: Sandbox, names: list[str], _query: Query, _body: bytes) -> Answer:
    del sandbox.companies[names[0]]
    return _DONE


def _providers(sandbox: Sandbox, names: list[str], _query: Query, _body: bytes) -> Answer:
    providers = sandbox.companies[names[0]].providers.values()
    return _text(f"[{','.join([provider.model_dump_json(by_alias=True) for provider in providers])}]")


def _get_provider(sandbox: Sandbox, names: list[str], _query: Query, _body: bytes) -> Answer:
    company, provider_id = _provider_of(sandbox, names)
    return _text(company.providers[provider_id].model_dump_json(by_alias=True))


def _put_provider(sandbox: Sandbox, names: list[str], _query: Query, body: bytes) -> Answer:
    company, provider_id = _provider_of(sandbox, names)
    company.put(Provider.model_validate(_object(body) | {"providerID": provider_id}))
    return _DONE


def _patch_provider(sandbox: Sandbox, names: list[str], _query: Query, body: bytes) -> Answer:
    company, provider_id = _provider_of(sandbox, names)
    return _text(company.edit(provider_id, **_object(body)).model_dump_json(by_alias=True))


def _delete_provider(sandbox: Sandbox, names: list[str], _query: Query, _body: bytes) -> Answer:
    company, provider_id = _provider_of(sandbox, names)
    company.remove(provider_id)
    return _DONE


def _calls(sandbox: Sandbox, _names: list[str], query: Query, _body: bytes) -> Answer:
    company, path, limit = query.get("company"), query.get("path"), int(query.get("limit", _DEFAULT_LIMIT))
    calls = [call for call in sandbox.call_log.calls if company in {None, call.company} and path in {None, call.path}]
    newest = calls[-limit:] if limit > 0 else []
    return _json({"calls": [asdict(call) for call in newest], "matching": len(calls)})


def _clear_calls(sandbox: Sandbox, _names: list[str], _query: Query, _body: bytes) -> Answer:
    sandbox.call_log.clear()
    return _DONE


def _counters(sandbox: Sandbox, _names: list[str], _query: Query, _body: bytes) -> Answer:
    return _text(sandbox.call_log.counters().model_dump_json(by_alias=True))


def _faults(sandbox: Sandbox, _names: list[str], _query: Query, _body: bytes) -> Answer:
    return _json(
        {
            name: {"fault": fault.model_dump(mode="json", by_alias=True), "remaining": remaining}
            for name, (fault, remaining) in sandbox.faults.faults.items()
        }
    )


def _put_fault(sandbox: Sandbox, names: list[str], _query: Query, body: bytes) -> Answer:
    sandbox.faults.put(names[0], FAULT.validate_json(body))
    return _DONE


def _delete_fault(sandbox: Sandbox, names: list[str], _query: Query, _body: bytes) -> Answer:
    sandbox.faults.remove(names[0])
    return _DONE


def _clear_faults(sandbox: Sandbox, _names: list[str], _query: Query, _body: bytes) -> Answer:
    sandbox.faults.clear()
    return _DONE


_ROUTES: tuple[tuple[str, str, _Route], ...] = (
    ("GET", "health", _health),
    ("GET", "companies", _companies),
    ("GET", "companies/*", _get_company),
    ("PUT", "companies/*", _put_company),
    ("PATCH", "companies/*", _patch_company),
    ("DELETE", "companies/*", _delete_company),
    ("GET", "companies/*/providers", _providers),
    ("GET", "companies/*/providers/*", _get_provider),
    ("PUT", "companies/*/providers/*", _put_provider),
    ("PATCH", "companies/*/providers/*", _patch_provider),
    ("DELETE", "companies/*/providers/*", _delete_provider),
    ("GET", "calls", _calls),
    ("DELETE", "calls", _clear_calls),
    ("GET", "counters", _counters),
    ("GET", "faults", _faults),
    ("DELETE", "faults", _clear_faults),
    ("PUT", "faults/*", _put_fault),
    ("DELETE", "faults/*", _delete_fault),
)


def _fits(shape: list[str], parts: list[str]) -> bool:
    return len(shape) == len(parts) and all(
        word == part or (word == "*" and part) for word, part in zip(shape, parts, strict=True)
    )


def _provider_of(sandbox: Sandbox, names: list[str]) -> tuple[Company, int]:
    return sandbox.companies[names[0]], int(names[1])


def _object(body: bytes) -> dict[str, Any]:
    data = json.loads(body)
    if not isinstance(data, dict):
        raise ValueError("the body must be a JSON object")  # noqa: TRY004 - answered as 400, as all that does not fit
    return data


def _text(text: str) -> Answer:
    return Answer(body=text.encode(), media_type=JSON)


def _json(value: object) -> Answer:
    return _text(json.dumps(value, default=dict))


def _error(status: int, message: str, **more: object) -> Answer:
    body = json.dumps({"error": message, **more}).encode()
    return Answer(status=status, body=body, media_type=JSON)
