from pathlib import Path

import pytest

from bench.compare import MAX_ATTEMPTS, repeated
from bench.pipeline import LATENCIES, summary
from bench.revision import RevisionError, checked_out, cpu_of
from bench.verdict import Verdict, verdict_of


@pytest.mark.parametrize(
    ("ratios", "median", "exit_code"),
    [
        ([1.0], 1.0, 0),
        ([0.5, 1.05, 9.0], 1.05, 0),
        ([0.5, 1.051, 9.0], 1.051, 3),
        ([1.0, 1.5], 1.25, 3),
        ([0.9, 2.0, 1.0, 3.0, 0.8], 1.0, 0),
        ([1.06, 0.9, 1.06, 0.9, 1.06], 1.06, 3),
    ],
)
def test_the_median_decides_and_only_above_the_limit_it_is_a_failure(
    ratios: list[float], median: float, exit_code: int
) -> None:
    assert verdict_of(ratios) == Verdict(median=median, exit_code=exit_code)


def test_without_a_pair_there_is_no_verdict() -> None:
    with pytest.raises(ValueError, match="no pair"):
        verdict_of([])


def test_the_figure_is_the_mean_of_what_the_benchmark_prints_for_each_latency() -> None:
    figures = zip(LATENCIES, (2.0, 3.0), strict=True)
    lines = [summary(name, [{"vendors_per_second": 400.0, "cpu_ms_per_vendor": cpu}]) for name, cpu in figures]
    round_line = "50 ms: 312 vendors/s, 9.99 ms CPU a vendor, 4003 calls, most in flight 100"
    assert cpu_of("\n".join([round_line, *lines])) == 2.5


def test_a_benchmark_that_prints_no_figure_is_an_error() -> None:
    with pytest.raises(RevisionError, match="no figure"):
        cpu_of("50 ms: nothing\n")


def test_an_unknown_revision_is_an_error_and_leaves_no_worktree(tmp_path: Path) -> None:
    with pytest.raises(RevisionError, match="no-such-revision"), checked_out("no-such-revision", tmp_path / "tree"):
        pass
    assert not (tmp_path / "tree").exists()


@pytest.mark.parametrize("failures", range(MAX_ATTEMPTS + 1))
def test_a_measurement_that_fails_is_repeated_and_not_for_ever(failures: int) -> None:
    figures = iter([*[None] * failures, 1.5])

    def measure() -> float:
        figure = next(figures)
        if figure is None:
            raise RevisionError("Kafka did not answer.")
        return figure

    if failures < MAX_ATTEMPTS:
        assert repeated(measure) == 1.5
    else:
        with pytest.raises(RevisionError, match="Kafka did not answer"):
            repeated(measure)
