"""The concerns of the settings page."""

from dataclasses import replace

from console.pages.sentences.attention import REMEDIES, SHOWN, concerns
from console.read_model.store.views import VendorState
from schemas.records.integration import UnreadableIntegration
from tests.console.pages.fake_read_model import CLIENT, FakeReadModel, integration


def found(**fields: bool) -> dict[str, tuple[int, list[str | None]]]:
    """By kind of concern: the number of cases, and the dead letters of those shown."""
    model = FakeReadModel(integration=integration(), **fields)
    view = model.client(CLIENT)
    assert view is not None
    all_concerns = concerns(model, CLIENT, view)
    return {concern.kind: (concern.number, [case.letter_id for case in concern.cases]) for concern in all_concerns}


def test_each_kind_of_trouble_is_shown_once() -> None:
    assert found() == {
        "missing": (2, ["3-18", None]),
        "rejected": (2, ["3-17", None]),
        "failed": (1, [None]),
        "letters": (2, ["5-2", "1-4"]),
    }


def test_a_paused_client_comes_first() -> None:
    assert next(iter(found(paused=True))) == "paused"


def test_where_all_is_well_there_are_no_concerns() -> None:
    assert found(trouble=False) == {}


def test_an_integration_that_cannot_be_read_comes_first_also_while_no_vendor_waits() -> None:
    unreadable = UnreadableIntegration(code="invalid", reason="Not a valid Integration.")
    for paused in (False, True):
        model = FakeReadModel(integration=unreadable, paused=paused, trouble=False)
        view = model.client(CLIENT)
        assert view is not None
        (concern,) = concerns(model, CLIENT, view)
        assert concern.title == "VIVE can't read the settings of this client's integration"
        assert concern.to_do.startswith("Nothing is sent to Vantaca until they are corrected.")
        assert ("20 vendors wait." in concern.to_do) is paused
        assert "Vantaca refuses" not in concern.to_do


def test_only_some_of_many_are_shown() -> None:
    model = FakeReadModel(integration=integration(), trouble=False)
    missing = {line.vendor_id for line in model.lines[:9]}
    model.lines = [
        replace(line, state=VendorState.MISSING) if line.vendor_id in missing else line for line in model.lines
    ]
    view = model.client(CLIENT)
    assert view is not None
    (concern,) = concerns(model, CLIENT, view)
    assert (concern.number, len(concern.cases), concern.state) == (9, SHOWN, VendorState.MISSING)


def test_every_code_of_a_dead_letter_has_its_advice() -> None:
    of_vendors = {"undecodable", "invalid", "stale", "rejected", "missing", "bug", "gave_up", "foreign_partition"}
    assert REMEDIES.keys() == of_vendors
