"""What the command line shows of the repair of a vendor."""

import pytest

from cli.views.vendor_view import print_repair
from producers.vendor_repair import VendorRepair
from schemas.records.vendor_record import Policy, PostalAddress
from schemas.records.vendor_row import VendorRow
from tests.support.messages import vendor_record

POLICY = Policy(policy_type="General Liability", number="GL-1")


def test_policies_and_an_address_that_differ_are_shown_before_and_after(capsys: pytest.CaptureFixture[str]) -> None:
    before = vendor_record(version=7, policies=(POLICY,))
    after = vendor_record(version=2, policies=(), address=PostalAddress(city="Reno"))
    print_repair(VendorRepair(record=after, row=VendorRow(record=before)))
    shown = "".join(capsys.readouterr())
    assert "policies" in shown
    assert "GL-1" in shown
    assert "Reno" in shown
