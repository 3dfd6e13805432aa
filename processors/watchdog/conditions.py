"""What is wrong with a worker that does not get on, each a function of what was seen before and what is seen now.

All return a sentence, or None. All need the whole of their patience to say something, and none says anything of a time in which
Kafka was away, for then nothing can get on and a worker that is started anew gets on no better. Kafka is there when two hold:

- the brokers that lead the worker's partitions answer where these end, within seconds, on a connection on which only this is
  asked. Where the worker's own consumer, its thread or its coordinator is broken, they still do;
- of what was to be written, some was taken since the look before. A broker without disk or replicas answers and takes nothing.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from faust.types import TP

from processors.transport.offset_ledger import Standing
from processors.watchdog.worker_sample import WorkerSample
from schemas.topics import SYNC_EXPANSION

History = Sequence[WorkerSample]
"""Earlier looks, the oldest first."""

Explain = Callable[[Collection[TP]], frozenset[TP]]
"""Of these partitions, those whose oldest unfinished record waits for its turn or for an answer."""


def standstill(before: History, now: WorkerSample, *, patience: float) -> str | None:
    """Records wait, nothing outside is waited for, and nothing was done.

    Done is any record read or finished and any call begun, got on with or ended, so a slow accounting system is not taken for
    a fault. Neither is a retry that waits for its time, nor a call within its time limit; a paused client's records are
    answered by its parked rows and do not wait.
    """
    window = _window(before, now, patience)
    if window and all(
        _works(seen) and not seen.waiting and seen.unfinished and seen.progress == now.progress for seen in window
    ):
        return f"{now.unfinished} records are unfinished, and nothing was done for {patience:g} s."
    return None


def uncommitted(before: History, now: WorkerSample, *, patience: float) -> str | None:
    """What is finished could be committed, and was not, though Kafka answers."""
    window = _window(before, now, patience)
    stuck = [
        tp for tp in now.partitions if _stands(window, tp, _committed_to) and all(_lags(seen, tp) for seen in window)
    ]
    if not stuck:
        return None
    return f"Nothing was committed for {patience:g} s, though records were finished: {_names(stuck, now)}."


def unread(before: History, now: WorkerSample, *, patience: float) -> str | None:
    """A partition is longer than what was read of it, and is not read on."""
    window = _window(before, now, patience)
    stuck = [
        tp for tp in now.partitions if _stands(window, tp, _read_to) and all(_is_longer(seen, tp) for seen in window)
    ]
    if not stuck:
        return None
    return f"There are records that were not read for {patience:g} s: {_names(stuck, now)}."


def unfinished(before: History, now: WorkerSample, *, patience: float) -> str | None:
    """Some partitions' oldest unfinished record is not finished while other work is done, and nobody knows why.

    That takes two patiences: one until it is asked why, and one in which it is never known. A record may have been kept for
    long by what is slow and be about to be finished.
    """
    window = _window(before, now, patience)
    stuck = [tp for tp in now.hanging if window and all(tp in seen.hanging for seen in window)]
    if not stuck:
        return None
    return f"Records hang: other work was done for {patience:g} s, but nothing moved on in {_names(stuck, now)}."


def looked_into(before: History, now: WorkerSample, explain: Explain, *, patience: float) -> WorkerSample:
    """The observation with what is known of partitions that do not get on; ``explain`` is dear and asked of them alone."""
    suspects = frozenset(not_getting_on(before, now, patience=patience))
    if not suspects:
        return now
    accounted = explain(suspects)
    return replace(now, accounted=accounted, hanging=suspects - accounted)


def not_getting_on(before: History, now: WorkerSample, *, patience: float) -> tuple[TP, ...]:
    """Partitions whose oldest unfinished record stayed the same while other work was done, and was not accounted for."""
    window = _window(before, now, patience)
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


def not_recovering(before: History, now: WorkerSample, *, patience: float) -> str | None:
    """There are partitions, their records do not flow, and no row comes in that would let them."""
    window = _window(before, now, patience)
    if window and all(_waits_to_read(seen) and not seen.rebalancing and seen.rows == now.rows for seen in window):
        return f"The worker has had partitions for {patience:g} s and does not get to read them."
    return None


def not_rebalancing(before: History, now: WorkerSample, *, patience: float) -> str | None:
    """A rebalance does not come to its end. Its patience is that of the group and then some."""
    window = _window(before, now, patience)
    if window and all(_waits_to_read(seen) and seen.rebalancing for seen in window):
        return f"The group has been sharing out its partitions anew for {patience:g} s."
    return None


def agent_ended(now: WorkerSample) -> str | None:
    """An agent takes in no records any more, or lost the one that it had in hand."""
    if now.ended_agents:
        return f"Agents have ended: {', '.join(now.ended_agents)}."
    return None


def _window(before: History, now: WorkerSample, patience: float) -> History:
    """The looks that span ``patience``, ``now`` the last; none when this generation of the group does not reach so far back."""
    for index in range(len(before) - 1, -1, -1):
        if before[index].generation != now.generation:
            return ()
        if now.at - before[index].at >= patience:
            return (*before[index:], now)
    return ()


def _works(seen: WorkerSample) -> bool:
    return seen.kafka and seen.reading


def _waits_to_read(seen: WorkerSample) -> bool:
    return seen.kafka and seen.assigned and not seen.reading


def _stands(window: History, tp: TP, where: Callable[[Standing], int]) -> bool:
    """Whether the partition was read all the time and stood at one place."""
    places = {where(seen.partitions[tp]) if _works(seen) and tp in seen.partitions else None for seen in window}
    return len(places) == 1 and None not in places


def _lags(seen: WorkerSample, tp: TP) -> bool:
    return seen.partitions[tp].finished_to > seen.partitions[tp].committed_to


def _is_longer(seen: WorkerSample, tp: TP) -> bool:
    return seen.ends.get(tp, 0) > seen.partitions[tp].read_to >= 0


def _neighbours_move(window: History, tp: TP) -> bool:
    """Whether other topics' partition of the same number moved: an expansion reads and writes there for as long as it takes."""
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
