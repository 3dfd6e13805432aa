"""A projector that runs beside the test."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from console.read_model.projection.projected_offsets import projected
from console.read_model.projection.projector import Projector
from console.read_model.projection.source import ends_of, layout_of
from console.stall_detector import STALL_TIMEOUT
from messaging.producer import BlockingProducer, OutgoingRecord
from messaging.schema_topic import SchemaTopic
from messaging.topic_reader import TopicReader
from producers.records import load
from schemas.records.integration import Integration
from schemas.records.vendor_record import VendorRecord
from schemas.wire.codec import Codec
from tests.support.slowness import patient

CODEC = Codec()


@contextmanager
def projecting(engine: Engine, bootstrap: str, *, stall_timeout: float = STALL_TIMEOUT) -> Iterator[Projector]:
    """Project in a thread; what ended it before its time is raised at the end."""
    codec = Codec(schemas=SchemaTopic(bootstrap))
    projector = Projector(engine, bootstrap=bootstrap, codec=codec, stall_timeout=stall_timeout)
    stop = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            projector.run(stop)
        except BaseException as error:  # noqa: BLE001 -- raised below
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield projector
    finally:
        stop.set()
        thread.join(patient(30))
        assert not thread.is_alive()
    if failed:
        raise failed[0]


def all_is_projected(engine: Engine, bootstrap: str) -> bool:
    """Whether every record of every partition is projected, by the offsets in the tables.

    The end of a partition may lie behind the markers and the records of an aborted transaction.
    """
    with engine.connect() as connection:
        offsets, _ = projected(connection)
    ends = ends_of(bootstrap, layout_of(bootstrap))
    behind = {place: offsets.get(place, 0) for place, end in ends.items() if offsets.get(place, 0) != end}
    if not behind:
        return True
    with TopicReader(bootstrap, sorted({topic for topic, _ in behind}), offsets=ends | behind) as reader:
        return next(reader.to_end(), None) is None


def publish(bootstrap: str, records: Iterable[Integration | VendorRecord]) -> None:
    load(list(records), producer=BlockingProducer(bootstrap, seconds=patient(30)), codec=CODEC)


def end_client(bootstrap: str, client_id: str) -> None:
    BlockingProducer(bootstrap, seconds=patient(30)).publish(
        [OutgoingRecord("vive.integration", client_id.encode(), None)]
    )
