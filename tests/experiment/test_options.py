"""Options that contradict themselves are refused."""

import pytest

from chaos.errors import UsageError
from chaos.experiment import Options


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 0}, "--trials"),
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
