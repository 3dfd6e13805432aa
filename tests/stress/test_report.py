from tests.stress.observations import Ended, Observations, Trial
from tests.stress.report import report_of


def trial(seconds: float | None, *, group: str = "takeovers", what: str = "killed", counted: bool = True) -> Trial:
    return Trial(group=group, what=what, seconds=seconds, counted=counted)


def test_all_well_is_0_and_the_last_line_sums_up() -> None:
    seen = Observations(trials=[trial(1.0, group="rebalances", what="single"), trial(9.81), trial(8.0)])
    report = report_of(seen, goal=11.0)
    assert report.code == 0
    assert report.lines[-1] == "stress: 1 rebalances, 2 takeovers, 0 hung, slowest 9.8 s (goal 11.0 s)"
    assert "takeovers, killed: 2 times, 0 hung, median 8.9 s, slowest 9.8 s" in report.lines


def test_one_that_hung_is_1() -> None:
    report = report_of(Observations(trials=[trial(9.8), trial(None)]), goal=11.0)
    assert report.code == 1
    assert report.lines[-1] == "stress: 2 takeovers, 1 hung, slowest 9.8 s (goal 11.0 s)"


def test_one_that_hung_between_two_trials_is_1_and_no_trial() -> None:
    report = report_of(Observations(trials=[trial(9.8), trial(None, counted=False)]), goal=None)
    assert report.code == 1
    assert report.lines[-1] == "stress: 1 takeovers, 1 hung, slowest 9.8 s"


def test_a_worker_that_ended_by_itself_is_1_and_its_last_words_are_there() -> None:
    ended = Ended(name="worker-3", code=70, said="The worker stops: blocked")
    report = report_of(Observations(trials=[trial(2.0)], ended=[ended]), goal=None)
    assert report.code == 1
    assert "ended by itself: worker-3, exit code 70: The worker stops: blocked" in report.lines


def test_something_lost_is_1() -> None:
    report = report_of(Observations(trials=[trial(2.0)], wrong=["provider 7 is Pending"]), goal=None)
    assert report.code == 1
    assert "wrong: provider 7 is Pending" in report.lines


def test_slower_than_the_goal_is_a_figure_and_no_failure() -> None:
    assert report_of(Observations(trials=[trial(30.0)]), goal=11.0).code == 0
