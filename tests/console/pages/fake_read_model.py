"""A read model of made-up data in every state, with the interface of the real one: for looking at pages without Kafka."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from console.read_model.queries.read_model import ReadModel
from console.read_model.store.views import (
    ClientView,
    DeadLetterLine,
    Page,
    RunView,
    VendorDetail,
    VendorLine,
    VendorState,
)
from schemas.records.dead_letter import DeadLetter
from schemas.records.integration import FieldGroup, Integration, Mode, UnreadableIntegration
from schemas.records.outcome import Change, LeftAlone, Status, VendorSyncOutcome
from schemas.records.vendor_record import Policy, PostalAddress, VendorRecord
from schemas.systems import VANTACA
from schemas.topics import VENDOR_SYNC

CLIENT: Final = "harbor-homes"
RUNNING: Final = "01978d3c-5a7e-7c11-a0d2-000000000001"
FINISHED: Final = "01978d3c-5a7e-7c11-a0d2-000000000002"
REFUSED: Final = "01978d3c-5a7e-7c11-a0d2-000000000003"
NOW: Final = datetime.now(UTC)
TRADES: Final = ("Roofing", "Plumbing", "Landscaping", "Pool Care", "Elevators", "Electric", "Paving", "Security")
NAMES: Final = ("Bright", "Harbor", "Summit", "Cedar", "Pacific", "Granite", "Willow", "Redwood", "Mesa")
STATES: Final = (
    *[VendorState.UNCHANGED] * 9,
    *[VendorState.UPDATED] * 4,
    VendorState.LEFT_ALONE,
    VendorState.UNLINKED,
)
RARE: Final = {
    3: VendorState.FAILED,
    5: VendorState.REJECTED,
    8: VendorState.MISSING,
    13: VendorState.MISSING,
    17: VendorState.SKIPPED,
    21: VendorState.NEVER_SYNCED,
    23: VendorState.QUEUED,
    24: VendorState.WRITING,
    29: VendorState.REJECTED,
}
REASONS: Final = {
    VendorState.LEFT_ALONE: "The payment hold was placed by a person in Vantaca, so VIVE left it.",
    VendorState.FAILED: "Vantaca answered 503: Timeout expired.",
    VendorState.REJECTED: "Vantaca refused the update: The value 'Provisional' is not a valid compliance status.",
    VendorState.MISSING: "Provider 4711 is not in Vantaca any more: look at the vendor's link.",
    VendorState.SKIPPED: "The vendor is no longer linked to a provider.",
    VendorState.PARKED: "Vantaca refuses the credentials (403). VIVE tries the credentials once a second and goes on by "
    "itself when they are accepted.",
}


def integration(mode: Mode = Mode.TWO_WAY, **fields: Any) -> Integration:
    given = {
        "client_id": CLIENT,
        "client_name": "Harbor Homes",
        "system": VANTACA,
        "mode": mode,
        "pushes": tuple(FieldGroup),
        "status_texts": {"active": "Approved", "inactive": "Not Approved", "exempt": "Exempt"},
        "base_url": "http://127.0.0.1:1",
        "credentials_ref": CLIENT,
        "updated_at": NOW,
    }
    return Integration.model_validate(given | fields)


def line(number: int, state: VendorState) -> VendorLine:
    name = f"{NAMES[number % 9]} {TRADES[number % 8]} {'LLC' if number % 2 else 'Inc.'}"
    unsynced = state in {VendorState.NEVER_SYNCED, VendorState.UNLINKED}
    return VendorLine(
        vendor_id=f"v-{1000 + number}",
        name="Wild <script>alert(1)</script> & Sons" if number == 31 else name,
        provider_id=None if state is VendorState.UNLINKED else str(4000 + number),
        state=state,
        reason=REASONS.get(state),
        at=None if unsynced else NOW - timedelta(minutes=number % 90),
    )


class FakeReadModel(ReadModel):
    """Sixty vendors; ``trouble`` adds those that need a person; ``running`` has a run go on."""

    def __init__(
        self,
        *,
        integration: Integration | UnreadableIntegration | None,
        trouble: bool = True,
        paused: bool = False,
        running: bool = True,
        empty: bool = False,
    ) -> None:
        self.integration = integration
        states = {number: STATES[number % len(STATES)] for number in range(1, 61)}
        if trouble:
            states |= RARE
        if paused:
            states |= dict.fromkeys(range(30, 50), VendorState.PARKED)
        self.lines = [] if empty else [line(number, state) for number, state in states.items()]
        self.all_runs = [] if empty else self._runs(running=running)
        self.all_dead_letters = self._dead_letters() if trouble and not empty else []

    @contextmanager
    def snapshot(self) -> Iterator[ReadModel]:
        yield self

    @property
    def by_state(self) -> dict[VendorState, int]:
        states = [one.state for one in self.lines]
        return {state: states.count(state) for state in VendorState if state in states}

    def _runs(self, *, running: bool) -> list[RunView]:
        def run(run_id: str, minutes: float, counts: dict[VendorState, int], **fields: Any) -> RunView:
            given: dict[str, Any] = {
                "run_id": run_id,
                "client_id": CLIENT,
                "requested_by": "Dana Reyes (dana)",
                "cause": "sync_all",
                "at": NOW - timedelta(minutes=minutes),
                "refusal": None,
                "expanded": True,
                "done": True,
                "ended_at": NOW - timedelta(minutes=minutes) + timedelta(seconds=14),
                "queued": sum(counts.values()),
                "already_in_progress": 0,
                "unlinked": 4,
                "unknown": 0,
                "by_state": counts,
                "revision": 7,
            }
            return RunView(**(given | fields))

        going = {
            VendorState.QUEUED: 171,
            VendorState.WRITING: 8,
            VendorState.UPDATED: 63,
            VendorState.UNCHANGED: 401,
            VendorState.LEFT_ALONE: 27,
            VendorState.FAILED: 2,
        }
        over = {
            VendorState.UPDATED: 92,
            VendorState.UNCHANGED: 540,
            VendorState.LEFT_ALONE: 38,
            VendorState.REJECTED: 1,
            VendorState.MISSING: 1,
        }
        calm = {VendorState.UPDATED: 3, VendorState.UNCHANGED: 669}
        runs = [
            run(FINISHED, 95, over),
            *(run(f"{FINISHED[:-3]}{number:03}", 60 * 26 * (number - 9), calm) for number in range(10, 14)),
            run(REFUSED, 60 * 24 * 9, {}, refusal="The integration was one-way at the time.", unlinked=0),
        ]
        now = run(RUNNING, 0.3, going, done=False, ended_at=None, queued=660, already_in_progress=12)
        return [now, *runs] if running else runs

    def _dead_letters(self) -> list[DeadLetterLine]:
        def dead_letter(letter_id: str, vendor_id: str | None, code: str, reason: str) -> DeadLetterLine:
            return DeadLetterLine(
                letter_id=letter_id,
                vendor_id=vendor_id,
                code=code,
                reason=reason,
                at=NOW - timedelta(hours=3),
                state="open",
                handled_by=None,
                handled_at=None,
            )

        return [
            dead_letter("3-17", "v-1005", "rejected", REASONS[VendorState.REJECTED]),
            dead_letter("3-18", "v-1008", "missing", REASONS[VendorState.MISSING]),
            dead_letter(
                "5-2", None, "undecodable", "The bytes do not hold a VendorRecord: EOFError while reading Avro."
            ),
            dead_letter(
                "1-4", "v-1044", "gave_up", "Vantaca answered 503: Timeout expired. Tried 27 times in 24 hours."
            ),
        ]

    def client(self, client_id: str) -> ClientView | None:
        if self.integration is None or client_id != CLIENT:
            return None
        by_state = self.by_state
        return ClientView(
            integration=self.integration,
            vendors=len(self.lines),
            linked=len(self.lines) - by_state.get(VendorState.UNLINKED, 0),
            parked=by_state.get(VendorState.PARKED, 0),
            missing=by_state.get(VendorState.MISSING, 0),
            rejected=by_state.get(VendorState.REJECTED, 0),
            failed=by_state.get(VendorState.FAILED, 0),
            open_dead_letters=len(self.all_dead_letters),
            by_state=by_state,
        )

    def runs(self, client_id: str, *, limit: int = 20, cursor: str | None = None) -> Page[RunView]:  # noqa: ARG002
        begin = number_of(cursor)
        return page(self.all_runs, limit, begin)

    def run(self, client_id: str, run_id: str) -> RunView | None:  # noqa: ARG002
        return next((run for run in self.all_runs if run.run_id == run_id), None)

    def run_vendors(
        self,
        client_id: str,
        run_id: str,  # noqa: ARG002
        *,
        states: Collection[VendorState] = frozenset(),
        search: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[VendorLine]:
        return self.vendors(client_id, states=states, search=search, limit=limit, cursor=cursor)

    def vendors(
        self,
        client_id: str,  # noqa: ARG002
        *,
        states: Collection[VendorState] = frozenset(),
        search: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[VendorLine]:
        begin = number_of(cursor)
        found = [
            one
            for one in sorted(self.lines, key=lambda one: one.name)
            if (not states or one.state in states) and search.lower() in f"{one.name} {one.vendor_id}".lower()
        ]
        return page(found, limit, begin)

    def vendor(self, client_id: str, vendor_id: str, *, outcomes: int = 10) -> VendorDetail | None:  # noqa: ARG002
        found = next((one for one in self.lines if one.vendor_id == vendor_id), None)
        if found is None:
            return None
        record = VendorRecord(
            client_id=CLIENT,
            vendor_id=vendor_id,
            version=7,
            updated_at=NOW - timedelta(days=2),
            provider_id=found.provider_id,
            legal_name=found.name,
            dba_name=found.name.split()[0],
            address=PostalAddress(street="12 Main Street", line2="Suite 4", city="Valencia", state="CA", zip="91355"),
            status="Approved",
            compliant=True,
            policies=(
                Policy(policy_type="General Liability", number="GL-203-77", expires_on=date(2027, 3, 31)),
                Policy(policy_type="Workers Compensation", number="WC-99", expires_on=date(2027, 1, 15)),
            ),
        )
        outcomes_shown = self._outcomes(found)[:outcomes]
        return VendorDetail(line=found, record=record, outcomes=outcomes_shown)

    def _outcomes(self, found: VendorLine) -> tuple[VendorSyncOutcome, ...]:
        if found.at is None:
            return ()
        status = {VendorState.LEFT_ALONE: "unchanged", VendorState.QUEUED: "unchanged"}.get(found.state, found.state)
        changes = (
            Change(group="status", field="complianceStatus", before="Pending", after="Approved"),
            Change(group="status", field="compliant", before="no", after="yes"),
            Change(
                group="insurance",
                field="General Liability GL-203-77: expirationDate",
                before="2026-03-31",
                after="2027-03-31",
            ),
        )
        left = (
            LeftAlone(
                group="payment_hold",
                field="onHold",
                observed="yes",
                desired="no",
                code="foreign_hold",
                reason="The payment hold was placed by a person in Vantaca, so VIVE left it.",
            ),
            LeftAlone(
                group="names",
                field="name",
                observed=f"{found.name} (as the client calls it)",
                desired=found.name,
                code="not_owned",
                reason="This client's integration does not let VIVE write this, so it was left.",
            ),
        )

        def outcome(status: str, minutes: int, **fields: Any) -> VendorSyncOutcome:
            given = {
                "client_id": CLIENT,
                "vendor_id": found.vendor_id,
                "provider_id": found.provider_id,
                "status": status,
                "through_offset": 4,
                "topic_id": "topic",
                "run_id": FINISHED,
                "cause": "sync_all",
                "requested_by": "Dana Reyes (dana)",
                "record_version": 7,
                "at": (found.at or NOW) - timedelta(minutes=minutes),
            }
            return VendorSyncOutcome.model_validate(given | fields)

        failed = status in {Status.FAILED, Status.REJECTED, Status.MISSING, Status.PARKED, Status.SKIPPED}
        first = outcome(
            str(status),
            0,
            reason=found.reason if failed else None,
            next_attempt_at=NOW + timedelta(minutes=12) if status == Status.FAILED else None,
            changes=() if failed or status == Status.UNCHANGED else changes,
            left_alone=left if found.state in {VendorState.LEFT_ALONE, VendorState.UPDATED} else (),
        )
        before = outcome("updated", 300, cause="vendor_changed", requested_by="", run_id=None, changes=changes[:1])
        announced = outcome("writing", 301, cause="vendor_changed", requested_by="", run_id=None, changes=changes[:1])
        return (first, before, announced)

    def vendor_names(self, client_id: str, vendor_ids: Collection[str]) -> dict[str, str]:  # noqa: ARG002
        return {one.vendor_id: one.name for one in self.lines if one.vendor_id in vendor_ids}

    def newest_outcomes(self, client_id: str, vendor_ids: Collection[str]) -> dict[str, VendorSyncOutcome]:
        details = {vendor_id: self.vendor(client_id, vendor_id, outcomes=1) for vendor_id in vendor_ids}
        return {vendor_id: detail.outcomes[0] for vendor_id, detail in details.items() if detail and detail.outcomes}

    def dead_letters(
        self,
        client_id: str,  # noqa: ARG002
        *,
        open_only: bool = True,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[DeadLetterLine]:
        found = [dead_letter for dead_letter in self.all_dead_letters if dead_letter.state == "open" or not open_only]
        return page(found, limit, number_of(cursor))

    def dead_letter(self, client_id: str, letter_id: str) -> tuple[DeadLetterLine, DeadLetter] | None:  # noqa: ARG002
        found = next((dead_letter for dead_letter in self.all_dead_letters if dead_letter.letter_id == letter_id), None)
        if found is None:
            return None
        content = DeadLetter(
            client_id=CLIENT,
            vendor_id=found.vendor_id,
            code=found.code,
            reason=found.reason,
            topic=VENDOR_SYNC.name,
            partition=0,
            offset=0,
            attempts=5,
            at=found.at,
        )
        return found, content


def number_of(cursor: str | None) -> int:
    """The number at which a page begins."""
    if cursor is None:
        return 0
    if not cursor.isdigit():
        raise ValueError(f"{cursor} is not the cursor of a page.")
    return int(cursor)


def page(items: list[Any], limit: int, begin: int) -> Page[Any]:
    end = begin + limit
    return Page(items=tuple(items[begin:end]), next_cursor=str(end) if end < len(items) else None, total=len(items))
