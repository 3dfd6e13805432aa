"""Compares the sandbox with the expected state after the demo's sync."""

from collections.abc import Mapping

from accounting.vantaca.sandbox import Provider
from devkit.demo_data import DemoClient


def differences(client: DemoClient, held: Mapping[str, Provider]) -> list[str]:
    """One sentence for each provider that differs from the expected one after the sync. Ids of new rows do not count."""
    found = []
    for vendor in client.vendors:
        now = held.get(str(vendor.after.provider_id))
        if now is None:
            found.append(f"provider {vendor.after.provider_id} is gone")
        elif _without_row_ids(now) != _without_row_ids(vendor.after):
            expected, actual = vendor.after.model_dump(), now.model_dump()
            fields = [name for name in expected if expected[name] != actual[name]]
            found.append(
                f"{client.integration.client_id} vendor {vendor.record.vendor_id} ({vendor.kind}): "
                + ", ".join(f"{name} is {actual[name]!r}, not {expected[name]!r}" for name in fields)
            )
    return found


def _without_row_ids(provider: Provider) -> Provider:
    rows = sorted(
        (row.model_copy(update={"provider_insurance_id": 1}) for row in provider.provider_insurance),
        key=lambda row: row.model_dump_json(),
    )
    return provider.model_copy(update={"provider_insurance": tuple(rows)})
