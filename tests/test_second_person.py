"""A sample of `benchmarks.second_person`: somebody else at work in a run's cluster."""

from __future__ import annotations

from benchmarks.second_person_story import Case, told_story


def test_what_somebody_put_in_the_place_of_a_runs_service_stays() -> None:
    ended = told_story(Case("service-types", "existing", "replaces", 4, "after", "runs on"))
    assert ended.acted
    assert ended.problems == []
