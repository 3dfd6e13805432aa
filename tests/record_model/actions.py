"""What other teams' producers, people and machines do to a client's records, one action after another."""

from dataclasses import dataclass
from typing import Final

from hypothesis import strategies as st

VENDORS: Final = (1, 2)


@dataclass(frozen=True)
class NewRecord:
    """A newer record of the vendor, on its own partition, in a committed transaction, or on a foreign partition."""

    vendor: int
    hold: bool
    gap: int = 1
    change: bool = True
    way: str = "plain"


@dataclass(frozen=True)
class UselessRecord:
    """A record that must change nothing: aborted, stale, or an older copy or a tombstone on a foreign partition."""

    vendor: int
    kind: str


@dataclass(frozen=True)
class BadRecord:
    """The vendor's newest record, which can't be acted on: unreadable, or stale though it was updated later."""

    vendor: int
    stale: bool
    hold: bool = False


@dataclass(frozen=True)
class Tombstone:
    """The vendor is deleted."""

    vendor: int


@dataclass(frozen=True)
class NewIntegration:
    """A newer integration of the client, with status texts of its own."""


@dataclass(frozen=True)
class BadIntegration:
    """A newer integration that can't be read."""


@dataclass(frozen=True)
class RequestSync:
    """A person syncs all vendors, and waits for the end of the run or does not."""

    waits: bool


@dataclass(frozen=True)
class Restart:
    """The worker stops, and another one starts."""


Action = NewRecord | UselessRecord | BadRecord | Tombstone | NewIntegration | BadIntegration | RequestSync | Restart

_vendors = st.sampled_from(VENDORS)
_new_records = st.builds(
    NewRecord,
    vendor=_vendors,
    hold=st.booleans(),
    gap=st.integers(1, 5),
    change=st.booleans(),
    way=st.sampled_from(["plain", "plain", "transaction", "foreign"]),
)
_others: st.SearchStrategy[Action] = st.one_of(
    st.builds(
        UselessRecord, vendor=_vendors, kind=st.sampled_from(["aborted", "stale", "foreign", "foreign tombstone"])
    ),
    st.builds(BadRecord, vendor=_vendors, stale=st.booleans(), hold=st.booleans()),
    st.builds(Tombstone, vendor=_vendors),
    st.builds(NewIntegration),
    st.builds(BadIntegration),
    st.builds(RequestSync, waits=st.booleans()),
    st.builds(Restart),
)
orders: st.SearchStrategy[list[Action]] = st.lists(
    st.one_of(_new_records, _new_records, _others), min_size=4, max_size=14
)
