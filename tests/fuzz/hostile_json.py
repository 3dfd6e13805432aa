"""Answers as an enemy in Vantaca's place would give them, as JSON text: what no writer of JSON would write is in them too."""

import json
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from accounting.errors import AccountingError
from accounting.port import Observed
from accounting.vantaca.planning.plan import make_plan
from accounting.vantaca.planning.readback import not_stored, rows_gone, with_ids
from accounting.vantaca.reading.provider import Provider
from accounting.vantaca.reading.reader import read_json, read_provider, read_providers
from schemas.records.integration import Integration
from schemas.records.outcome import Status, VendorSyncOutcome
from schemas.records.vendor_record import VendorRecord
from schemas.records.vendor_row import Delivered, VendorRow
from schemas.wire.codec import Codec

LIMIT: Final = 1_000_000
"""Bytes, unpacked, of an answer."""
LARGEST_RECORD: Final = 1_000_000
"""Bytes that a producer takes, and a broker, as they come."""
NOW: Final = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

PROVIDER: Final[dict[str, Any]] = {
    "providerID": 123,
    "name": "Joe's",
    "address": "456 Main Street",
    "unit": "Suite 12",
    "city": "Valencia",
    "state": "CA",
    "zip": 91355,
    "onHold": True,
    "onHoldReason": "[VIVE] lapsed",
    "compliant": True,
    "complianceStatus": "Approved",
    "providerInsurance": [
        {
            "providerInsuranceID": 1,
            "providerID": 123,
            "insuranceType": "General-Liability",
            "accountNo": "GL-1",
            "expirationDate": "2022-03-25T04:00:00",
            "isRequired": False,
        }
    ],
}
ROW_FIELDS: Final = tuple(PROVIDER["providerInsurance"][0])
FIELDS: Final = tuple(field for field in PROVIDER if field != "providerInsurance")
_CODEC: Final = Codec()


def survive(body: bytes, record: VendorRecord, integration: Integration, delivered: Delivered) -> int:
    """Read this body as a bulk answer and as a single one, and plan on all that was read; how many providers that was.

    Raises:
        Exception: another error than an AccountingError was raised, or a value can't be serialized.
    """
    try:
        answer = read_json(body, limit=LIMIT)
    except AccountingError as error:
        _look_at(error)
        return 0
    read: list[Provider] = []
    try:
        found = read_providers(answer, NOW)
    except AccountingError as error:
        _look_at(error)
    else:
        for provider_id, observed in found.items():
            assert provider_id == observed.provider_id == observed.provider.provider_id
            read.append(observed.provider)
    for one in (answer, *(answer if isinstance(answer, list) else ())):
        try:
            read.append(read_provider(one))
        except AccountingError as error:
            _look_at(error)
    for provider in read:
        plan_on(provider, record, integration, delivered)
    return len(read)


def plan_on(provider: Provider, record: VendorRecord, integration: Integration, delivered: Delivered) -> None:
    """Plan for a vendor that is linked to this provider, and say all that comes of it as a worker would."""
    vendor = record.model_copy(update={"provider_id": provider.provider_id})
    observed = Observed(provider_id=provider.provider_id, provider=provider, at=NOW)
    plan = make_plan(vendor, observed, integration, delivered, NOW)
    for call in plan.calls:
        urlencode(call.parameters(), quote_via=quote)
        json.dumps(dict(call.parameters()))
    rows_gone(plan.calls, provider)
    outcome = VendorSyncOutcome(
        client_id=vendor.client_id,
        vendor_id=vendor.vendor_id,
        provider_id=vendor.provider_id,
        status=Status.UPDATED,
        through_offset=0,
        topic_id="t",
        cause="sync_all",
        changes=plan.changes,
        left_alone=(*plan.left_alone, *not_stored(plan.calls, provider)),
        at=NOW,
    )
    assert len(_CODEC.encode(outcome, topic="fuzz")) < LARGEST_RECORD
    for kept in (plan.delivered, with_ids(plan.delivered, provider)):
        _CODEC.encode(VendorRow(record=vendor, delivered=kept, updated_at=NOW), topic="fuzz")


def _look_at(error: AccountingError) -> None:
    assert error.__context__ is None
    assert error.sentence.isprintable()
    assert len(error.sentence) < LIMIT // 1000


def _quoted(text: str) -> str:
    return json.dumps(text)


_ODD_NUMBERS: Final = [
    *("0", "-0", "1", "-1", "1.0", "1.5", "-1e3", "1e400", "-1e400", "1e-400", "NaN", "Infinity", "-Infinity"),
    *("9" * 18, "9" * 19, "9" * 400, "9" * 5000, "123", "0123", "1_0", "2134", "1e17", "1e18", "1e308"),
]
_ODD_TEXTS: Final = [
    *(
        '"\\ud800"',
        '"\\udc00\\ud800 x"',
        '"a\\ud83dz"',
        '"\\u0000"',
        '"\\u202e[VIVE]"',
        '"\\ufeff"',
        '"\\u0130"',
        '"\\ufb03"',
    ),
    *('" "', '"true"', '"YES"', '"n"', '"123"', '"0000123"', '"\\u0661\\u0662\\u0663"', '"\\u00b2"', '"12 \\ud800St"'),
    *('"0001-01-01T00:00:00"', '"9999-12-31"', '"2024-02-30"', '"0000-00-00"', '"\\u0662022-01-01"', '"99/99/9999"'),
    *('"General Liability"', '"GL-1"', '"[VIVE] \\udfff"', f'"{"x" * 3000}"', f'"{"9" * 3000}"', '"\\u0300\\u0300"'),
]
leaves = st.one_of(
    st.sampled_from(["null", "true", "false", "[]", "{}", "[[]]", '{"a":1}', *_ODD_NUMBERS, *_ODD_TEXTS]),
    st.integers(-(10**20), 10**20).map(str),
    st.floats().map(repr).map(lambda text: {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(text, text)),
    st.text(max_size=8).map(_quoted),
    st.dates().map(lambda day: _quoted(day.isoformat())),
)
"""Single values, as JSON text."""


def objects(keys: st.SearchStrategy[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Objects, whose keys may come more than once."""
    pair = st.builds(lambda key, value: f"{_quoted(key)}:{value}", keys, values)
    return st.lists(pair, max_size=12).map(lambda pairs: "{" + ",".join(pairs) + "}")


def arrays(values: st.SearchStrategy[str], *, most: int = 4) -> st.SearchStrategy[str]:
    """Arrays."""
    return st.lists(values, max_size=most).map(lambda items: "[" + ",".join(items) + "]")


def cased(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    """One of these keys, in a case that may not be its own."""
    return st.builds(
        lambda name, form: form(name),
        st.sampled_from(names),
        st.sampled_from([str, str, str.lower, str.upper, str.title]),
    )


anything = st.recursive(leaves, lambda inner: arrays(inner) | objects(st.text(max_size=4), inner), max_leaves=10)
"""Any JSON, and some that is none."""


def _like(example: dict[str, Any], other: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """The example with up to three of its fields (repeated, in another case, of another kind) replaced."""

    def replaced(changes: list[tuple[str, str]]) -> str:
        pairs = [f"{_quoted(key)}:{json.dumps(value)}" for key, value in example.items()]
        return "{" + ",".join([*pairs, *(f"{_quoted(key)}:{value}" for key, value in changes)]) + "}"

    return st.lists(st.tuples(cased(tuple(example)), other), max_size=3).map(replaced)


rows = objects(cased(ROW_FIELDS), leaves | anything) | _like(PROVIDER["providerInsurance"][0], leaves)
_insurance = st.builds(
    lambda provider, key, insured: f"{provider[:-1]}{',' if len(provider) > 2 else ''}{_quoted(key)}:{insured}}}",
    objects(cased(FIELDS), leaves) | _like(PROVIDER, leaves),
    cased(("providerInsurance",)),
    arrays(rows) | anything,
)
raw_providers = _insurance | _like(PROVIDER, leaves | anything) | objects(cased(FIELDS), leaves | anything)
"""Objects that look like providers."""
answers = raw_providers | arrays(raw_providers | anything, most=5) | anything
