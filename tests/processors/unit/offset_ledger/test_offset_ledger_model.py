"""The offset ledger against a model of plain lists, over a log that loses parts of batches and is compacted."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from processors.transport.offset_ledger import OffsetLedger, Reading


class Against(RuleBasedStateMachine):
    """``log`` is what the broker holds; the reader stands at ``position`` in it and may be put anywhere at any time."""

    @initialize(start=st.sampled_from((0, 7, 2**40)))
    def begin(self, start: int) -> None:
        self.start = start
        self.ledger = OffsetLedger(start)
        self.log: list[int] = []
        self.end = self.position = start
        self.delivered: list[int] = []
        self.finished: list[int] = []
        self.believed: list[int] = []
        """Offsets of holes that were shown twice."""
        self.shown: list[tuple[int, int]] = []
        """Each hole that was seen, from where to where, since the last delivery."""
        self.at_broker = start

    def next(self) -> int:
        return self.delivered[-1] + 1 if self.delivered else self.start

    @rule(count=st.integers(1, 5))
    def produce(self, count: int) -> None:
        self.log += range(self.end, self.end + count)
        self.end += count

    @rule(data=st.data())
    def compact(self, data: st.DataObject) -> None:
        """The last record always stays."""
        gone = data.draw(st.sets(st.sampled_from(self.log[:-1]))) if self.log[:-1] else set()
        self.log = [offset for offset in self.log if offset not in gone]

    @rule(count=st.integers(1, 4))
    def lose_a_part_of_a_batch(self, count: int) -> None:
        self.position += count

    @rule(back=st.integers(1, 6))
    def fetch_again_from_further_back(self, back: int) -> None:
        self.position = max(self.start, self.position - back)

    @rule(count=st.integers(1, 6))
    def read(self, count: int) -> None:
        for _ in range(count):
            offset = next((offset for offset in self.log if offset >= self.position), None)
            if offset is None:
                return
            self.position = offset + 1
            reading = self.ledger.read(offset)
            assert reading is self.expected(offset)
            if reading is Reading.HOLE:
                self.position = self.ledger.expect()

    def expected(self, offset: int) -> Reading:
        following = self.next()
        if offset < following:
            return Reading.ALREADY_READ
        if offset > following:
            hole = (following, offset)
            if self.shown[-1:] != [hole]:
                self.shown.append(hole)
                return Reading.HOLE
            self.believed += range(following, offset)
        self.shown = []
        self.delivered.append(offset)
        return Reading.DELIVER

    @rule(data=st.data())
    def finish(self, data: st.DataObject) -> None:
        """Now and then again, or something that was never delivered."""
        offset = data.draw(st.integers(self.start - 2, self.end + 2))
        if offset in self.delivered and offset not in self.finished:
            self.finished.append(offset)
        self.ledger.finish(offset)

    @rule(data=st.data())
    def finish_one_that_was_delivered(self, data: st.DataObject) -> None:
        left = [offset for offset in self.delivered if offset not in self.finished]
        if left:
            offset = data.draw(st.sampled_from(left))
            self.finished.append(offset)
            self.ledger.finish(offset)

    @rule(works=st.booleans())
    def commit(self, *, works: bool) -> None:
        offset = self.ledger.committable()
        assert self.ledger.committable() == offset
        if offset is not None and works:
            self.ledger.committed(offset)
            self.at_broker = offset
            assert self.ledger.committable() is None

    @rule(data=st.data())
    def an_older_commit_is_confirmed_late(self, data: st.DataObject) -> None:
        self.ledger.committed(data.draw(st.integers(self.start, self.at_broker)))

    @invariant()
    def agrees(self) -> None:
        assert self.ledger.expect() == self.next()
        assert self.ledger.unfinished == len(self.delivered) - len(self.finished)
        floor = self.start
        while floor in self.finished or floor in self.believed:
            floor += 1
        assert self.ledger.committable() == (floor if floor > self.at_broker else None)

    @invariant()
    def loses_nothing(self) -> None:
        committable = self.ledger.committable()
        if committable is not None:
            passed = [offset for offset in self.log if offset < committable]
            assert [offset for offset in passed if offset not in self.finished and offset not in self.believed] == []

    def teardown(self) -> None:
        """Read on without losses and finish everything: the end of the log can be committed."""
        if not hasattr(self, "ledger") or not self.log:
            return
        self.position = self.ledger.expect()
        self.read(3 * len(self.log))
        for offset in self.delivered:
            self.ledger.finish(offset)
        assert self.ledger.unfinished == 0
        assert self.ledger.expect() == self.end
        assert self.ledger.committable() in {None, self.end}
        self.ledger.committed(self.end)
        assert self.ledger.committable() is None


TestOffsetLedgerAgainstModel = Against.TestCase


def read_all(ledger: OffsetLedger, log: list[int]) -> list[int]:
    """What a stream gets of a log when the reader seeks back at every hole."""
    delivered = []
    while left := [offset for offset in log if offset >= ledger.expect()]:
        if ledger.read(left[0]) is Reading.DELIVER:
            delivered.append(left[0])
    return delivered


@given(data=st.data(), length=st.integers(1, 40))
def test_two_readings_of_differently_compacted_logs_come_to_the_same_offset(data: st.DataObject, length: int) -> None:
    ledgers = []
    for _ in range(2):
        gone = data.draw(st.sets(st.integers(0, length - 2))) if length > 1 else set()
        ledger = OffsetLedger(0)
        delivered = read_all(ledger, [offset for offset in range(length) if offset not in gone])
        assert delivered == [offset for offset in range(length) if offset not in gone]
        for offset in data.draw(st.permutations(delivered)):
            ledger.finish(offset)
        ledgers.append(ledger)
    assert [ledger.committable() for ledger in ledgers] == [length, length]
    assert [ledger.expect() for ledger in ledgers] == [length, length]
