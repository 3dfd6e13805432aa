"""The key of all records about one vendor."""

from typing import ClassVar, NamedTuple

from pydantic import TypeAdapter, ValidationError

from schemas.message import Identifier, KeyedMessage

SEPARATOR = ":"
_identifier: TypeAdapter[str] = TypeAdapter(Identifier)


class VendorKey(NamedTuple):
    """A vendor of a client. On the wire ``client_id:vendor_id`` in UTF-8; neither id can hold a colon."""

    client_id: str
    vendor_id: str

    def to_bytes(self) -> bytes:
        """The record key."""
        return f"{self.client_id}{SEPARATOR}{self.vendor_id}".encode()

    @classmethod
    def from_bytes(cls, key: bytes | None) -> "VendorKey":
        """Read a record key.

        Raises:
            ValueError: the key is missing, is not UTF-8 or does not hold two identifiers.
        """
        try:
            client_id, vendor_id = (key or b"").decode().split(SEPARATOR)
            return cls(_identifier.validate_python(client_id), _identifier.validate_python(vendor_id))
        except (UnicodeDecodeError, ValidationError, ValueError):
            raise ValueError(f"{key!r} is not a vendor key of the form client_id{SEPARATOR}vendor_id") from None

    def __str__(self) -> str:
        return f"{self.client_id}{SEPARATOR}{self.vendor_id}"


class VendorMessage(KeyedMessage):
    """A record about one vendor."""

    KEY_NAMES: ClassVar[str] = "vendor"

    client_id: Identifier
    vendor_id: Identifier

    @property
    def key(self) -> VendorKey:
        """The vendor key."""
        return VendorKey(self.client_id, self.vendor_id)

    @property
    def record_key(self) -> bytes:
        """The vendor key as the key of a record."""
        return self.key.to_bytes()
