"""What somebody else changed, told from what the run changed itself and from what controllers write."""

from __future__ import annotations

from typing import Any

import pytest

from chaos.analysis.checkers import judge
from chaos.analysis.foreign import WROTE, foreign_changes
from chaos.analysis.reading import Reading
from chaos.model import ClusterEvent, History, VerdictOutcome
from tests.histories import ns, pod_replacement

HPA = "kube-controller-manager (scale)"


def statefulset(
    at_s: float, generation: int, replicas: int, by: str = "", *, type_: str = "MODIFIED", version: int = 0
) -> ClusterEvent:
    meta = {"name": "web", "generation": generation, "resourceVersion": str(version or round(at_s * 100))}
    obj: dict[str, Any] = {"metadata": meta, "spec": {"replicas": replicas}}
    return ClusterEvent(ns(at_s), type_, "StatefulSet", "default", "web", "s", obj, initial=at_s == 0, by=by)


def wrote(at_s: float, verb: str, kind: str, name: str, **more: Any) -> tuple[int, str, dict[str, Any]]:
    """What the run notes down of a change of its own."""
    details = {"verb": verb, "kind": kind, "name": name, "namespace": "default", "uid": "", "version": ""}
    return ns(at_s), WROTE, {**details, "generation": 0, "sent_ns": ns(at_s), "answered": True, **more}


def history(*later: ClusterEvent, marks: tuple[Any, ...] = ()) -> History:
    found = pod_replacement()
    found.events += [statefulset(0, 1, 3), *later]
    found.marks += [wrote(0.1, "create", "Lease", "chaos-identity"), *marks]
    return found


def said(found: History) -> list[str]:
    return [change.what for change in foreign_changes(Reading(found))]


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (statefulset(5, 2, 2, "kubectl"), "kubectl scaled StatefulSet web from 3 to 2"),
        (statefulset(5, 2, 3, "helm, kube-controller-manager (status)"), "helm changed the spec of StatefulSet web"),
        (statefulset(5, 2, 2, HPA), f"{HPA} scaled StatefulSet web from 3 to 2"),
    ],
)
def test_the_manager_is_named_with_what_it_changed(event: ClusterEvent, told: str) -> None:
    assert said(history(event)) == [told]


@pytest.mark.parametrize(
    "event",
    [
        statefulset(5, 1, 3, "kube-controller-manager (status)"),
        statefulset(5, 2, 5, HPA),
        statefulset(5, 1, 3, "kubectl-annotate"),
    ],
)
def test_controllers_and_metadata_change_nothing_that_is_measured(event: ClusterEvent) -> None:
    assert said(history(event)) == []


def test_a_change_of_the_run_is_known_by_its_generation_or_version() -> None:
    patched = wrote(4.9, "patch", "StatefulSet", "web", generation=2, version="500")
    assert said(history(statefulset(5, 2, 2), marks=(patched,))) == []
    scaled = wrote(4.9, "patch", "StatefulSet", "web", version="500")  # a Scale has no generation
    assert said(history(statefulset(5, 2, 2, version=500), marks=(scaled,))) == []
    assert said(history(statefulset(5, 2, 2, version=499), marks=(scaled,))) != []


def test_of_two_changes_seen_as_one_the_strange_one_is_told() -> None:
    """As after a gap of the watch: one of the two generations is the run's."""
    patched = wrote(4.9, "patch", "StatefulSet", "web", generation=2, version="490")
    assert len(said(history(statefulset(5, 3, 1), marks=(patched,)))) == 1


def test_a_request_without_an_answer_may_have_been_the_change() -> None:
    lost = wrote(4.9, "patch", "StatefulSet", "web", answered=False)
    assert said(history(statefulset(5, 2, 2), marks=(lost,))) == []


def test_a_run_that_did_not_note_down_its_changes_is_judged_as_before() -> None:
    found = history(statefulset(5, 2, 2))
    found.marks = [mark for mark in found.marks if mark[1] != WROTE]
    assert said(found) == []
    assert judge(Reading(found), ["identity-kept"])[0].outcome is VerdictOutcome.OK


def test_an_unknown_verdict_says_both_reasons() -> None:
    found = history(statefulset(5, 2, 2, "kubectl"))
    found.faults.clear()
    (verdict,) = judge(Reading(found), ["fault-took-effect"])
    assert verdict.outcome is VerdictOutcome.UNKNOWN
    assert "kubectl scaled" in verdict.summary
    assert verdict.summary.endswith("Besides: no fault was injected.")
