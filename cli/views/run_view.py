"""Runs and vendors, as the command line shows them."""

from collections.abc import Callable
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from cli.views.output import people
from cli.views.vendor_view import record_notes
from console.topic_queries.run_progress import RunCounts, RunProgress
from console.topic_queries.runs import VendorView, follow
from schemas.records.outcome import Status, VendorSyncOutcome
from schemas.wire.codec import Codec

SHOWN = 20


def watch(
    bootstrap: str, run_id: str, codec: Codec, *, quiet: bool, meanwhile: Callable[[], None] = lambda: None
) -> RunProgress:
    """Follow the run to its end, with a bar unless ``quiet``; how it ended. ``meanwhile`` may raise to end the watch."""
    progress = RunProgress(run_id)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=people, disable=quiet) as bar:
        task = bar.add_task("Queueing", total=None)
        for progress in follow(bootstrap, run_id, codec):
            meanwhile()
            counts = progress.counts()
            bar.update(
                task,
                description="Syncing" if progress.expanded else "Queueing",
                total=counts.total or None,
                completed=counts.settled,
            )
    return progress


def print_summary(progress: RunProgress) -> None:
    """A run's counts, and what needs a look."""
    if progress.refusal is not None:
        people.print(f"Run {progress.run_id} was refused: {progress.refusal}", style="bold red")
        return
    counts = progress.counts()
    people.print(f"Client {progress.client_id}, run {progress.run_id}")
    table = Table("", "Vendors")
    for name, number in _lines(counts):
        table.add_row(name, str(number))
    people.print(table)
    stale = progress.with_stale_records
    if stale:
        shown = ", ".join(stale[:SHOWN]) + (f" and {len(stale) - SHOWN} more" if len(stale) > SHOWN else "")
        people.print(
            f"Records of {len(stale)} of these vendors were left out, since VIVE has a higher version of each: {shown}. "
            "`vive-sync vendor` shows a vendor's.",
            markup=False,
        )
    troubled = [outcome for outcome in progress.answers.values() if outcome.reason is not None]
    for outcome in troubled[:SHOWN]:
        people.print(f"Vendor {outcome.vendor_id} {outcome.status}: {outcome.reason}", markup=False)
    if len(troubled) > SHOWN:
        people.print(f"... and {len(troubled) - SHOWN} more.")


def _lines(counts: RunCounts) -> list[tuple[str, int]]:
    always = {Status.UPDATED, Status.UNCHANGED, Status.FAILED}
    statuses = [status for status in Status if status in always or counts.by_status.get(status)]
    return [
        ("queued", counts.queued),
        ("already in progress", counts.already_in_progress),
        *((status.value, counts.by_status.get(status, 0)) for status in statuses if status is not Status.WRITING),
        ("unlinked (skipped)", counts.unlinked),
        *([("unknown", counts.unknown)] if counts.unknown else []),
        *([("still in progress", counts.in_progress)] if counts.in_progress else []),
    ]


def print_vendor(view: VendorView) -> None:
    """A vendor's row and its last outcome."""
    if view.row is not None:
        table = Table("VIVE says", "", title_justify="left")
        record = view.row.record
        for name, value in (record.model_dump(mode="json") if record else {"record": "none"}).items():
            table.add_row(name, _text(value))
        people.print(table)
        for note in record_notes(view.row):
            people.print(note, style="yellow", markup=False, soft_wrap=True)
    last = next((outcome for outcome in reversed(view.outcomes) if outcome.status is not Status.WRITING), None)
    if last is not None:
        print_outcome(last)


def print_outcome(outcome: VendorSyncOutcome) -> None:
    """One outcome, with before and after and what was left alone."""
    who = f", asked by {outcome.requested_by}" if outcome.requested_by else ""
    people.print(
        f"Vendor {outcome.client_id}:{outcome.vendor_id} {outcome.status} at {outcome.at:%Y-%m-%d %H:%M:%S} "
        f"({outcome.cause}{who}, {outcome.calls} calls)",
        style="bold",
        markup=False,
    )
    if outcome.reason:
        people.print(f"  {outcome.reason}", markup=False)
    if outcome.changes:
        table = Table("Field", "Before", "After")
        for change in outcome.changes:
            table.add_row(change.field, _text(change.before), _text(change.after))
        people.print(table)
    for left in outcome.left_alone:
        people.print(f"  left alone: {left.field}: {left.reason}", markup=False)


def _text(value: object) -> str:
    return str(value) if value or value is False else "-"


def outcome_json(outcome: VendorSyncOutcome) -> dict[str, Any]:
    """An outcome for programs."""
    return outcome.model_dump(mode="json")


def progress_json(progress: RunProgress) -> dict[str, Any]:
    """A run's progress for programs."""
    counts = progress.counts()
    return {
        "run_id": progress.run_id,
        "client_id": progress.client_id,
        "refusal": progress.refusal,
        "done": progress.done,
        "queued": counts.queued,
        "already_in_progress": counts.already_in_progress,
        "unlinked": counts.unlinked,
        "unknown": counts.unknown,
        "with_stale_records": list(progress.with_stale_records),
        "in_progress": counts.in_progress,
        "by_status": {
            status.value: counts.by_status.get(status, 0) for status in Status if status is not Status.WRITING
        },
    }
