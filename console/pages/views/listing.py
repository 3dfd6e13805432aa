"""A list of vendors by the parameters in its address: search, state, page."""

from dataclasses import dataclass, replace
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import Query

from console.pages.sentences.words import STATES
from console.read_model.store.views import Page, VendorLine, VendorState

PAGE_SIZE: Final = 25
LONGEST_SEARCH: Final = 200
LONGEST_CURSOR: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class VendorListQuery:
    """Search, state and page of a list. ``first`` is the number of the page's first vendor in the whole list, from 1."""

    search: str = ""
    state: VendorState | None = None
    cursor: str | None = None
    first: int = 1

    @property
    def states(self) -> frozenset[VendorState]:
        """The states that are let through; none: all."""
        return frozenset() if self.state is None else frozenset({self.state})

    @property
    def filtered(self) -> bool:
        """Whether some vendors may be left out."""
        return self.state is not None or bool(self.search)

    def address(self, path: str, *, anchor: str = "vendors") -> str:
        """The address of this list."""
        parts = {
            "q": self.search,
            "state": self.state or "",
            "cursor": self.cursor or "",
            "first": str(self.first) if self.first > 1 else "",
        }
        arguments = urlencode({name: value for name, value in parts.items() if value})
        return f"{path}{'?' if arguments else ''}{arguments}#{anchor}"


def vendor_list_query(
    q: Annotated[str, Query(max_length=LONGEST_SEARCH)] = "",
    state: Annotated[str, Query(max_length=40)] = "",
    cursor: Annotated[str | None, Query(max_length=LONGEST_CURSOR)] = None,
    first: Annotated[int, Query(ge=1, le=10**9)] = 1,
) -> VendorListQuery:
    """Read it from an address; a state that there is none of is taken as all."""
    known = VendorState(state) if state in set(VendorState) else None
    return VendorListQuery(search=q.strip(), state=known, cursor=cursor or None, first=first)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A state to choose, with how many vendors it has, or all of them."""

    label: str
    tone: str
    number: int
    address: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A page of vendors, and the ways on from it."""

    page: Page[VendorLine]
    query: VendorListQuery
    path: str
    choices: tuple[Choice, ...]

    @property
    def last(self) -> int:
        """The number of the page's last vendor."""
        return self.query.first + len(self.page.items) - 1

    @property
    def next_address(self) -> str | None:
        """The page after this one."""
        if self.page.next_cursor is None:
            return None
        return replace(self.query, cursor=self.page.next_cursor, first=self.last + 1).address(self.path)

    @property
    def first_address(self) -> str | None:
        """The list's beginning, from further on."""
        return None if self.query.cursor is None else replace(self.query, cursor=None, first=1).address(self.path)

    @property
    def all_address(self) -> str:
        """The list without search and state."""
        return VendorListQuery().address(self.path)


def choices(by_state: dict[VendorState, int], query: VendorListQuery, path: str) -> tuple[Choice, ...]:
    """All vendors, then each state that has some, or that is chosen."""

    def choice(state: VendorState | None, label: str, tone: str, number: int) -> Choice:
        return Choice(
            label=label,
            tone=tone,
            number=number,
            address=replace(query, state=state, cursor=None, first=1).address(path),
            chosen=query.state is state,
        )

    return (
        choice(None, "All", "all", sum(by_state.values())),
        *(
            choice(state, words.label, words.tone, by_state.get(state, 0))
            for state, words in STATES.items()
            if by_state.get(state) or query.state is state
        ),
    )
