import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.records.vendor_key import VendorKey
from tests.support.messages import identifiers


@given(client_id=identifiers, vendor_id=identifiers)
def test_a_key_comes_back_from_its_bytes(client_id: str, vendor_id: str) -> None:
    key = VendorKey(client_id, vendor_id)
    assert key.to_bytes() == f"{client_id}:{vendor_id}".encode()
    assert VendorKey.from_bytes(key.to_bytes()) == key
    assert str(key) == key.to_bytes().decode()


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"",
        b"acme",
        b":",
        b"acme:",
        b":v1",
        b"acme:v1:more",
        b"ac me:v1",
        b"acme:v1\n",
        b"-acme:v1",
        b"acme:\xff",
        b"acme:" + b"v" * 129,
        "acme:ü".encode(),
    ],
)
def test_what_is_no_vendor_key_is_refused_with_the_bytes_shown(data: bytes | None) -> None:
    with pytest.raises(ValueError) as caught:
        VendorKey.from_bytes(data)
    assert str(caught.value) == f"{data!r} is not a vendor key of the form client_id:vendor_id"


@given(st.binary(max_size=40))
def test_any_bytes_are_a_key_or_a_value_error(data: bytes) -> None:
    try:
        key = VendorKey.from_bytes(data)
    except ValueError:
        return
    assert key.to_bytes() == data
