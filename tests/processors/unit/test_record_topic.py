"""Which topic the records of rows come from."""

from processors.state.record_topic import HEADER, RecordTopics
from schemas.wire.partitioning import Headers

KEY, OTHER = b"acme:v1", b"acme:v2"


def test_rows_of_a_topic_before_it_was_created_anew_are_known() -> None:
    topics = RecordTopics("new")
    topics.recovered(KEY, {HEADER: b"old"})
    topics.recovered(OTHER, {HEADER: b"new"})
    assert topics.others == {KEY}
    topics.recovered(KEY, {HEADER: b"new"})
    assert topics.others == set()


def test_a_row_that_names_no_topic_counts_as_one_of_the_present_topic() -> None:
    topics = RecordTopics("new")
    present: tuple[Headers, ...] = (None, {}, [], {HEADER: b""}, {"owner-epoch": b"0.1"})
    for headers in present:
        topics.recovered(KEY, headers)
    assert topics.others == set()


def test_a_row_that_is_written_again_keeps_its_topic_until_the_present_one_has_a_record() -> None:
    topics = RecordTopics("new")
    topics.recovered(KEY, {HEADER: b"old"})
    assert (topics.headers(KEY), topics.headers(OTHER)) == ({HEADER: "old"}, {HEADER: "new"})
    topics.seen(KEY)
    assert topics.headers(KEY) == {HEADER: "new"}
    assert topics.others == set()


def test_bytes_that_are_no_text_are_another_topic() -> None:
    topics = RecordTopics("new")
    topics.recovered(KEY, {HEADER: b"\xff"})
    assert topics.others == {KEY}
