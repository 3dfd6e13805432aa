"""Two made-up clients and their vendors: VIVE's records, and Vantaca's providers before and after a sync."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from accounting.vantaca.sandbox import CompanySettings, Insurance, Provider
from schemas.records.integration import FieldGroup, Integration, Mode
from schemas.records.vendor_record import Origin, Policy, PostalAddress, VendorRecord
from schemas.systems import VANTACA

TWO_WAY_CLIENT: Final = "harbor-homes"
RECORD_CLIENT: Final = "summit-management"
LAST_YEAR: Final = date(2026, 3, 31)
THIS_YEAR: Final = date(2027, 3, 31)
MARKER: Final = "[VIVE]"
PERSONS_HOLD: Final = "Dispute about invoice 4711 - ask Maria before paying"


@dataclass(frozen=True, kw_only=True)
class DemoVendor:
    """One vendor: its record, and its provider before and after. An unlinked vendor's provider stays as it is."""

    kind: str
    record: VendorRecord
    before: Provider
    after: Provider


@dataclass(frozen=True, kw_only=True)
class DemoClient:
    """One client with its company in the sandbox."""

    integration: Integration
    company: CompanySettings
    vendors: tuple[DemoVendor, ...]

    @property
    def records(self) -> list[Integration | VendorRecord]:
        """The records to load."""
        return [self.integration, *(vendor.record for vendor in self.vendors)]


Change = Callable[[Provider], Provider]


def _with(**fields: object) -> Change:
    return lambda provider: provider.model_copy(update=fields)


def _row(provider: Provider, **fields: object) -> Provider:
    row = provider.provider_insurance[0].model_copy(update=fields)
    return provider.model_copy(update={"provider_insurance": (row,)})


DIFFERENCES: Final[dict[str, Change]] = {
    "equal": _with(),
    "should be active": _with(compliance_status="Pending", compliant=False),
    "status text differs": _with(compliance_status="Unregistered"),
    "hold to place": _with(on_hold=False, on_hold_reason=""),
    "hold to release": _with(on_hold=True, on_hold_reason=f"{MARKER} Certificate of insurance was missing"),
    "policy missing": _with(provider_insurance=()),
    "policy renewed": lambda provider: _row(provider, expiration_date=LAST_YEAR),
    "equal but odd": lambda provider: _row(provider, insurance_type="GENERAL-LIABILITY"),
}
"""By kind: the difference between Vantaca's provider and VIVE's record before the sync."""

OF_RECORD_ONLY: Final[dict[str, Change]] = {
    "legal name differs": _with(name="Name before the merger"),
    "address differs": _with(street_no=99, address1="Old Mill Road", zip="00501"),
}


def demo_clients(base_url: str, *, vendors: int = 1000) -> tuple[DemoClient, DemoClient]:
    """The two clients with so many vendors in all: seven in ten at the two-way client, three at the System of Record."""
    of_record = vendors * 3 // 10
    return (
        _client(TWO_WAY_CLIENT, "Harbor Homes", Mode.TWO_WAY, base_url, vendors - of_record, DIFFERENCES),
        _client(
            RECORD_CLIENT, "Summit Management", Mode.SYSTEM_OF_RECORD, base_url, of_record, DIFFERENCES | OF_RECORD_ONLY
        ),
    )


def _client(client_id: str, name: str, mode: Mode, base_url: str, count: int, kinds: dict[str, Change]) -> DemoClient:
    integration = Integration(
        client_id=client_id,
        client_name=name,
        system=VANTACA,
        mode=mode,
        pushes=tuple(FieldGroup),
        status_texts={"active": "Approved", "inactive": "Inactive", "exempt": "Compliance Exempt"},
        hold_marker=MARKER,
        base_url=base_url,
        credentials_ref=client_id,
        max_in_flight=16,
        updated_at=datetime.now(UTC),
    )
    company = CompanySettings(company=client_id, login="vive", pwd=f"made-up-{client_id}")
    names = list(kinds)
    made = tuple(_vendor(integration, number, names[number % len(names)], kinds) for number in range(1, count + 1))
    return DemoClient(integration=integration, company=company, vendors=made)


def _vendor(integration: Integration, number: int, kind: str, kinds: dict[str, Change]) -> DemoVendor:
    record = _record(integration, number, kind)
    ideal = _ideal(record, number)
    before = kinds[kind](ideal)
    after = ideal
    if kind == "equal but odd":
        after = before
    if kind == "hold to release":
        after = ideal.model_copy(update={"on_hold": False, "on_hold_reason": "Released by VIVE"})
    if number == 1:
        kind = "held by a person"
        before = after = ideal.model_copy(update={"on_hold": True, "on_hold_reason": PERSONS_HOLD})
    if number % 25 == 0:
        kind = "unlinked"
        record = record.model_copy(update={"provider_id": None})
        after = before
    if integration.mode is Mode.TWO_WAY and number % 10 == 1:
        # VIVE does not own names and address here: Vantaca's values stay, and are reported.
        own = {"name": f"{ideal.name} (as the client calls it)"}
        before, after = before.model_copy(update=own), after.model_copy(update=own)
    return DemoVendor(kind=kind, record=record, before=before, after=after)


def _record(integration: Integration, number: int, kind: str) -> VendorRecord:
    held = kind == "hold to place"
    return VendorRecord(
        client_id=integration.client_id,
        vendor_id=f"V{number:05d}",
        version=1,
        updated_at=datetime.now(UTC),
        origin=Origin.SNAPSHOT,
        provider_id=str(number),
        legal_name=f"Vendor {number} Services LLC",
        dba_name=f"Vendor {number}",
        address=PostalAddress(
            street=f"{number} Main Street", line2=f"Suite {number % 40 + 1}", city="Valencia", state="CA", zip="91355"
        ),
        status="Approved",
        compliant=not held,
        payment_hold=held,
        hold_reason="Certificate of insurance has expired" if held else "",
        policies=(Policy(policy_type="General Liability", number=f"GL-{number:06d}", expires_on=THIS_YEAR),),
    )


def _ideal(record: VendorRecord, number: int) -> Provider:
    street_no, _, street = record.address.street.partition(" ")
    return Provider(
        provider_id=number,
        name=record.legal_name,
        dba_name=record.dba_name,
        street_no=int(street_no),
        address1=street,
        address2=record.address.line2,
        city=record.address.city,
        state=record.address.state,
        zip=record.address.zip,
        phone="(555) 123-4567",
        compliant=record.active,
        compliance_status="Approved" if record.active else "Inactive",
        on_hold=record.payment_hold,
        on_hold_reason=f"{MARKER} {record.hold_reason}" if record.payment_hold else "",
        provider_insurance=tuple(
            Insurance(
                provider_insurance_id=number,
                insurance_type=policy.policy_type,
                account_no=policy.number,
                expiration_date=policy.expires_on,
            )
            for policy in record.policies
        ),
    )
