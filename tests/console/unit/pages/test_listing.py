"""Lists of vendors and their addresses."""

from console.pages.views.listing import Listing, VendorListQuery, choices, vendor_list_query
from console.read_model.store.views import Page, VendorState
from tests.console.pages.fake_read_model import line


def listing(search: VendorListQuery, *, next_cursor: str | None) -> Listing:
    page = Page(items=(line(1, VendorState.UPDATED), line(2, VendorState.UPDATED)), next_cursor=next_cursor, total=4)
    return Listing(page=page, query=search, path="/here", choices=())


def test_an_address_holds_the_parameters_and_nothing_else() -> None:
    assert VendorListQuery().address("/here") == "/here#vendors"
    full = VendorListQuery(search="A & B", state=VendorState.FAILED, cursor="c/1", first=26)
    assert full.address("/here") == "/here?q=A+%26+B&state=failed&cursor=c%2F1&first=26#vendors"


def test_a_state_that_there_is_none_of_is_all() -> None:
    assert vendor_list_query(state="nonsense").states == frozenset()
    assert vendor_list_query(q="  x ", state="failed") == VendorListQuery(search="x", state=VendorState.FAILED)


def test_the_next_page_goes_on_and_the_first_goes_back() -> None:
    first = listing(VendorListQuery(search="x"), next_cursor="2")
    assert (first.last, first.next_address, first.first_address) == (2, "/here?q=x&cursor=2&first=3#vendors", None)
    last = listing(VendorListQuery(search="x", cursor="2", first=3), next_cursor=None)
    assert (last.last, last.next_address, last.first_address) == (4, None, "/here?q=x#vendors")


def test_only_states_with_vendors_can_be_chosen_and_the_one_that_is() -> None:
    by_state = {VendorState.UPDATED: 3, VendorState.QUEUED: 1, VendorState.FAILED: 0}
    chosen = VendorListQuery(search="x", state=VendorState.REJECTED, cursor="5", first=6)
    found = choices(by_state, chosen, "/here")
    assert [(choice.label, choice.number, choice.chosen) for choice in found] == [
        ("All", 4, False),
        ("Queued", 1, False),
        ("Updated", 3, False),
        ("Rejected", 0, True),
    ]
    assert found[2].address == "/here?q=x&state=updated#vendors"
