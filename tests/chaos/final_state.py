"""What VIVE says and what Vantaca must hold in the end, with changes while everything breaks."""

from dataclasses import replace
from datetime import date

from devkit.demo_data import DemoClient, DemoVendor, demo_clients
from schemas.records.vendor_record import Origin, VendorRecord

RENEWED = date(2028, 3, 31)
TIMEOUT = 2.0
RIGHT_ALREADY = "equal"


def books_of(base_url: str, *, vendors: int) -> list[DemoClient]:
    """The demo's clients, less patient with a Vantaca that hangs."""
    return [
        replace(client, integration=client.integration.model_copy(update={"timeout_seconds": TIMEOUT}))
        for client in demo_clients(base_url, vendors=vendors)
    ]


def renew(client: DemoClient, number: int) -> tuple[DemoClient, VendorRecord]:
    """The books after a certificate of one vendor was renewed, and the record that says so."""
    candidates = [at for at, vendor in enumerate(client.vendors) if _can_renew(vendor)]
    at = candidates[number % len(candidates)]
    vendor = client.vendors[at]
    policies = tuple(policy.model_copy(update={"expires_on": RENEWED}) for policy in vendor.record.policies)
    record = _next(vendor.record, policies=policies)
    rows = tuple(row.model_copy(update={"expiration_date": RENEWED}) for row in vendor.after.provider_insurance)
    after = vendor.after.model_copy(update={"provider_insurance": rows})
    changed = replace(vendor, record=record, after=after)
    return replace(client, vendors=(*client.vendors[:at], changed, *client.vendors[at + 1 :])), record


def flip(client: DemoClient) -> tuple[DemoClient, list[VendorRecord]]:
    """The books after every vendor's compliance turned over, and the records that say so."""
    vendors = tuple(_flipped(vendor) for vendor in client.vendors)
    return replace(client, vendors=vendors), [vendor.record for vendor in vendors]


def _flipped(vendor: DemoVendor) -> DemoVendor:
    record = _next(vendor.record, compliant=not vendor.record.compliant)
    if record.provider_id is None:
        return replace(vendor, record=record)
    status = {"compliant": record.active, "compliance_status": "Approved" if record.active else "Inactive"}
    return replace(vendor, record=record, after=vendor.after.model_copy(update=status))


def _next(record: VendorRecord, **fields: object) -> VendorRecord:
    return record.model_copy(update={"version": record.version + 1, "origin": Origin.CHANGE, **fields})


def _can_renew(vendor: DemoVendor) -> bool:
    policies = vendor.record.policies
    return vendor.kind == RIGHT_ALREADY and vendor.record.provider_id is not None and policies[0].expires_on != RENEWED
