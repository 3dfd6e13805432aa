"""The read model, built again from the topics."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Engine

from console.read_model.projection.kept_records import take_kept_records
from console.read_model.projection.pace import Tick
from console.read_model.projection.source import SECONDS, Source, ends_of, layout_of
from console.read_model.projection.writer import Writer
from console.read_model.store.lease import Lease
from messaging.topic_offsets import Offsets
from schemas.topics import INTEGRATION
from schemas.wire.codec import Codec


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How far a rebuild is: of so many offsets, so many are behind it. ``records`` is what was found at them."""

    done: int
    total: int
    records: int


def rebuild(
    engine: Engine, *, bootstrap: str, codec: Codec, report: Callable[[Progress], None] = lambda _: None
) -> Progress:
    """Empty the tables and project all topics to their present ends. ``report`` is called several times a second.

    Consoles that run wait meanwhile, show what is built so far, and then go on projecting. The tables are not emptied unless
    Kafka answers. Ended in between, the next projector goes on from where it was.

    Raises:
        KafkaUnavailableError: Kafka does not answer, or hands nothing over.
        LeaseLostError: another rebuild has begun.
    """
    layout = layout_of(bootstrap)
    lease = Lease(engine)
    ends = ends_of(bootstrap, layout)
    with Source(bootstrap, layout, {}) as source:
        lease.take(by_force=True)
        writer = Writer(engine, lease, codec, layout.ids, partitions=layout.partitions[INTEGRATION.name])
        try:
            writer.forget()
            tick = Tick(lease, writer)
            built = _to_ends(source, ends, tick, report)
            take_kept_records(engine, writer, bootstrap=bootstrap, codec=codec, renew=tick.renew)
            return built
        finally:
            lease.give_back()


def _to_ends(source: Source, ends: Offsets, tick: Tick, report: Callable[[Progress], None]) -> Progress:
    progress = _progress(source, ends, records=0)
    report(progress)
    silence = f"Kafka handed nothing over for {SECONDS:.0f} seconds. Run the command again."
    for batch in source.batches_to(ends, silence=silence):
        tick.writer.write(batch)
        tick.renew()
        progress = _progress(source, ends, records=progress.records + len(batch))
        report(progress)
    return progress


def _progress(source: Source, ends: Offsets, *, records: int) -> Progress:
    done = sum(min(source.positions[place], end) for place, end in ends.items())
    return Progress(done=done, total=sum(ends.values()), records=records)
