import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounting.vantaca.http.body import Body, BrokenPackingError, TooLargeError

LIMIT = 100_000
TEXT = b'{"providerID":1}'
RAW_DEFLATE = zlib.compress(TEXT)[2:-4]


def unpacked(encoding: str, data: bytes, *, step: int = 7, limit: int = LIMIT) -> bytes:
    body = Body(encoding, limit=limit)
    for start in range(0, len(data), step):
        body.add(data[start : start + step])
    return body.whole()


@pytest.mark.parametrize(
    ("encoding", "data"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)),
        (" X-GZip ", gzip.compress(TEXT, mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", RAW_DEFLATE),
        ("gzip", gzip.compress(TEXT[:5], mtime=0) + gzip.compress(TEXT[5:], mtime=0)),
        ("gzip", gzip.compress(b"", mtime=0) + gzip.compress(TEXT, mtime=0)),
    ],
)
def test_a_body_comes_as_it_was_packed_in_whatever_pieces(encoding: str, data: bytes) -> None:
    for step in (1, 7, 1000):
        assert unpacked(encoding, data, step=step) == TEXT


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
def test_nothing_stays_nothing(encoding: str) -> None:
    assert unpacked(encoding, b"") == b""


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip,identity", "\x00", "x" * 9000])
def test_another_packing_was_not_asked_for(encoding: str) -> None:
    with pytest.raises(BrokenPackingError):
        Body(encoding, limit=LIMIT)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_body_that_is_cut_is_broken(encoding: str) -> None:
    whole = gzip.compress(TEXT) if encoding == "gzip" else zlib.compress(TEXT)
    for length in range(1, len(whole)):
        with pytest.raises(BrokenPackingError):
            unpacked(encoding, whole[:length])


def test_what_follows_the_packed_body_must_be_packed_too() -> None:
    with pytest.raises(BrokenPackingError):
        unpacked("gzip", gzip.compress(TEXT) + b"tail")


@pytest.mark.parametrize("encoding", ["", "gzip", "deflate"])
def test_the_bound_holds_to_the_byte(encoding: str) -> None:
    packers: dict[str, Callable[[bytes], bytes]] = {"": bytes, "gzip": gzip.compress, "deflate": zlib.compress}
    pack = packers[encoding]
    assert unpacked(encoding, pack(b"x" * LIMIT), step=999) == b"x" * LIMIT
    with pytest.raises(TooLargeError):
        unpacked(encoding, pack(b"x" * (LIMIT + 1)), step=999)


def test_members_without_content_count_as_they_come() -> None:
    with pytest.raises(TooLargeError):
        unpacked("gzip", gzip.compress(b"") * (LIMIT // 20 + 1), step=999)


def test_a_piece_that_swells_takes_no_more_memory_than_the_bound() -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError):
            unpacked("gzip", bomb, step=len(bomb))
        assert tracemalloc.get_traced_memory()[1] < 4 * LIMIT
    finally:
        tracemalloc.stop()


@given(st.sampled_from(["", "gzip", "deflate"]), st.binary(), st.integers(1, 50))
def test_any_bytes_are_a_body_or_one_of_the_two_errors(encoding: str, data: bytes, step: int) -> None:
    try:
        unpacked(encoding, data, step=step, limit=200)
    except (BrokenPackingError, TooLargeError):
        return
