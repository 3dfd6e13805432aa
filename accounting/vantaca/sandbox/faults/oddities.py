"""Differences between companies in the form of Vantaca's answers."""

from typing import Literal

from accounting.vantaca.sandbox.wire_model import WireModel


class Oddities(WireModel):
    """How a company's answers look where recorded answers differ from one another or nothing is documented.

    numbers: how `zip` and `accountNo` are read: as `text`, as `number` wherever that loses no leading zero, or `mixed`,
        which is a number for records with an odd id.
    insurance_key: `ProviderInsurance` was live in 2024 and 2025.
    midnight: what reads append to a date, without an offset; `mixed` is 04:00 for records with an odd id.
    no_insurance: the form in which reads return no insurance although it was requested.
    unknown_provider: the status of `/read/providerSingle` for an id that does not exist.
    write_status: the status of a write that was carried out.
    error_type: the media type under which HTML error pages are sent.
    """

    numbers: Literal["text", "number", "mixed"] = "text"
    insurance_key: Literal["providerInsurance", "ProviderInsurance"] = "providerInsurance"
    midnight: Literal["T00:00:00", "T04:00:00", "mixed"] = "T00:00:00"
    no_insurance: Literal["empty", "null", "absent"] = "empty"
    unknown_provider: Literal[204, 404] = 204
    write_status: Literal[200, 204] = 200
    error_type: Literal["application/json", "text/html; charset=utf-8"] = "application/json"
