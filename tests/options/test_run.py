"""Options that contradict themselves are refused."""

import pytest

from chaos.errors import UsageError
from chaos.experiment import Options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 0}, "--trials"),
        ({"until_precision": 0.005}, "--until-precision 0.5% must be a whole percentage between 1% and 100%"),
        ({"until_precision": 1.01}, "--until-precision 101%"),
        ({"until_precision": 0.125}, "--until-precision 12.5%"),
        ({"until_precision": 0.1, "max_trials": 6}, "--max-trials 6 must lie between 7 and 500"),
        ({"until_precision": 0.1, "max_trials": 501}, "--max-trials 501 must lie between 7 and 500"),
        ({"until_precision": 0.1, "trials": 20}, "--trials and --until-precision exclude each other"),
        ({"max_trials": 20}, "--max-trials is for --until-precision"),
        ({"within_s": 0.0}, "--within"),
        ({"grace_s": -1}, "--grace"),
        ({"force": True, "grace_s": 5}, "--force"),
        ({"period_s": 0.0001}, "--period"),
        ({"period_s": 61.0}, "--period"),
        ({"max_qps": 0.0}, "--max-qps"),
        ({"timeout_s": 0.0}, "--timeout"),
        ({"connect_period_s": 0.0}, "--connect-period"),
    ],
)
def test_an_impossible_option_is_named(options: dict[str, float], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Options(**options)  # type: ignore[arg-type]


def test_force_is_a_grace_period_of_zero_and_the_default_is_the_pods_own() -> None:
    assert Options(force=True).deletion_grace_s == 0
    assert Options().deletion_grace_s is None
    assert Options(grace_s=7).deletion_grace_s == 7


@pytest.mark.parametrize("percent", [1, 7, 10, 29, 100])
def test_a_precision_is_a_whole_percentage(percent: int) -> None:
    assert Options(until_precision=percent / 100).most_trials == 60


def test_how_many_faults_there_are_at_most() -> None:
    assert Options().most_trials is None
    assert Options(trials=5).most_trials == 5
    assert Options(until_precision=0.1, max_trials=7).most_trials == 7


def test_a_run_writes_down_its_maximum_where_there_is_one() -> None:
    assert Options(until_precision=0.1).as_parameters()["max_trials"] == 60
    assert Options().as_parameters()["max_trials"] is None
