"""Stall checks: pure functions of past and current samples; each returns a message or None.

A check returns a message only when the samples of a whole ``stall_timeout`` (seconds) show the stall, and none returns one for a
time in which Kafka was unavailable: then no worker makes progress, and a restarted one would make none either. Kafka is
available when two conditions hold:

- the brokers that lead the worker's partitions return the partitions' ends within seconds, on a connection that serves only
  this question. They do so even when the worker's consumer, its thread or its coordinator is broken;
- the brokers have accepted some of the records to be written since the previous sample. A broker without disk or replicas
  answers and accepts none.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from faust.types import TP

from processors.transport.offset_ledger import Standing
from processors.watchdog.worker_sample import WorkerSample
from schemas.topics import SYNC_EXPANSION

History = Sequence[WorkerSample]
"""Earlier samples, the oldest first."""

Explain = Callable[[Collection[TP]], frozenset[TP]]
"""Of these partitions, those whose oldest unfinished record waits for its turn or for an answer."""


def standstill(before: History, now: WorkerSample, *, stall_timeout: float) -> str | None:
    """Records are unfinished, the worker waits for nothing outside, and it made no progress.

    Progress is any record read or finished and any call begun, continued or ended, so a slow accounting system is no stall.
    Neither is a retry that waits for its time, nor a call within its time limit; a paused client's records are answered by
    its parked rows and are not unfinished.
    """
    window = _window(before, now, stall_timeout)
    if window and all(
        _works(seen) and not seen.waiting and seen.unfinished and seen.progress == now.progress for seen in window
    ):
        return f"{now.unfinished} records are unfinished, and nothing was done for {stall_timeout:g} s."
    return None


def uncommitted(before: History, now: WorkerSample, *, stall_timeout: float) -> str | None:
    """Finished records were not committed, though Kafka answers."""
    window = _window(before, now, stall_timeout)
    stuck = [
        tp for tp in now.partitions if _stands(window, tp, _committed_to) and all(_lags(seen, tp) for seen in window)
    ]
    if not stuck:
        return None
    return f"Nothing was committed for {stall_timeout:g} s, though records were finished: {_names(stuck, now)}."


def unread(before: History, now: WorkerSample, *, stall_timeout: float) -> str | None:
    """A partition has records that the worker does not read."""
    window = _window(before, now, stall_timeout)
    stuck = [
        tp for tp in now.partitions if _stands(window, tp, _read_to) and all(_is_longer(seen, tp) for seen in window)
    ]
    if not stuck:
        return None
    return f"There are records that were not read for {stall_timeout:g} s: {_names(stuck, now)}."


def unfinished(before: History, now: WorkerSample, *, stall_timeout: float) -> str | None:
    """The oldest unfinished record of some partitions stays unfinished without a known reason, while other work is done.

    This takes two stall timeouts: one until ``explain`` is called, and one in which it never knows the reason. A record may
    have waited long for something slow and be about to be finished.
    """
    window = _window(before, now, stall_timeout)
    stuck = [tp for tp in now.hanging if window and all(tp in seen.hanging for seen in window)]
    if not stuck:
        return None
    return f"Records hang: other work was done for {stall_timeout:g} s, but nothing moved on in {_names(stuck, now)}."


def looked_into(before: History, now: WorkerSample, explain: Explain, *, stall_timeout: float) -> WorkerSample:
    """Return the sample with the reasons of partitions without progress; ``explain`` is expensive and called for them only."""
    suspects = frozenset(not_getting_on(before, now, stall_timeout=stall_timeout))
    if not suspects:
        return now
    accounted = explain(suspects)
    return replace(now, accounted=accounted, hanging=suspects - accounted)


def not_getting_on(before: History, now: WorkerSample, *, stall_timeout: float) -> tuple[TP, ...]:
    """Partitions whose oldest unfinished record stayed the same, without a known reason, while other work was done."""
    window = _window(before, now, stall_timeout)
    if all(seen.progress == now.progress for seen in window):
        return ()
    return tuple(
        tp
        for tp in now.partitions
        if _stands(window, tp, _finished_to)
        and all(seen.partitions[tp].unfinished for seen in window)
        and not any(tp in seen.accounted for seen in window)
        and not (tp.topic == SYNC_EXPANSION.name and _neighbours_move(window, tp))
    )


def not_recovering(before: History, now: WorkerSample, *, stall_timeout: float) -> str | None:
    """The worker has partitions, does not read them, and recovers no rows."""
    window = _window(before, now, stall_timeout)
    if window and all(_waits_to_read(seen) and not seen.rebalancing and seen.rows == now.rows for seen in window):
        return f"The worker has had partitions for {stall_timeout:g} s and does not get to read them."
    return None


def not_rebalancing(before: History, now: WorkerSample, *, stall_timeout: float) -> str | None:
    """A rebalance does not end. Its ``stall_timeout`` is longer than the group's own timeout."""
    window = _window(before, now, stall_timeout)
    if window and all(_waits_to_read(seen) and seen.rebalancing for seen in window):
        return f"The group has been sharing out its partitions anew for {stall_timeout:g} s."
    return None


def agent_ended(now: WorkerSample) -> str | None:
    """An agent has ended: it reads no more records, and lost the record that it held."""
    if now.ended_agents:
        return f"Agents have ended: {', '.join(now.ended_agents)}."
    return None


def _window(before: History, now: WorkerSample, stall_timeout: float) -> History:
    """The samples that span ``stall_timeout``, ``now`` the last; none when the group's generation is younger than that."""
    for index in range(len(before) - 1, -1, -1):
        if before[index].generation != now.generation:
            return ()
        if now.at - before[index].at >= stall_timeout:
            return (*before[index:], now)
    return ()


def _works(seen: WorkerSample) -> bool:
    return seen.kafka and seen.reading


def _waits_to_read(seen: WorkerSample) -> bool:
    return seen.kafka and seen.assigned and not seen.reading


def _stands(window: History, tp: TP, where: Callable[[Standing], int]) -> bool:
    """Whether the partition was read all the time and its position did not change."""
    places = {where(seen.partitions[tp]) if _works(seen) and tp in seen.partitions else None for seen in window}
    return len(places) == 1 and None not in places


def _lags(seen: WorkerSample, tp: TP) -> bool:
    return seen.partitions[tp].finished_to > seen.partitions[tp].committed_to


def _is_longer(seen: WorkerSample, tp: TP) -> bool:
    return seen.ends.get(tp, 0) > seen.partitions[tp].read_to >= 0


def _neighbours_move(window: History, tp: TP) -> bool:
    """Whether partitions of the same number in other topics moved: an expansion reads and writes there while it runs."""
    neighbours = [
        {
            other: standing
            for other, standing in seen.partitions.items()
            if other.partition == tp.partition and other != tp
        }
        for seen in window
    ]
    return any(seen != neighbours[-1] for seen in neighbours)


def _committed_to(standing: Standing) -> int:
    return standing.committed_to


def _read_to(standing: Standing) -> int:
    return standing.read_to


def _finished_to(standing: Standing) -> int:
    return standing.finished_to


def _names(tps: Iterable[TP], now: WorkerSample) -> str:
    return ", ".join(f"{tp.topic} {tp.partition} at {now.partitions[tp].finished_to}" for tp in sorted(tps))
