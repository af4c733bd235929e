"""A run killed at some moments is recovered from everywhere; `python -m benchmarks.crash_matrix` is the whole."""

from __future__ import annotations

from benchmarks.crash_matrix.killing import Sample, kill
from benchmarks.crash_matrix.mortal import AFTER
from benchmarks.crash_matrix.variants import variants


def test_a_run_and_its_recovery_may_die_and_all_is_as_before() -> None:
    """Of DNS at no replicas in somebody's namespace; from the same machine, with the folder alone, and with nothing."""
    names = ("dns-outage", "existing namespace")
    (variant,) = (one for one in variants() if (one.experiment.name, one.name) == names)
    killed = kill(variant, Sample(every=100, first=9, recoveries=6, moments=(AFTER,)))
    assert (killed.ended, killed.itself) == ("", [])
    assert [one for one in killed.fates if one.untold or one.left] == []
    assert {one.place for one in killed.fates} == {"same machine", "folder copied", "other machine"}
    assert any(one.told for one in killed.fates)
    assert any(one.dies.startswith("recovery") for one in killed.fates)
