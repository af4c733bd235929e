"""What counts as right now: an answer to a question that was asked since, and one that still comes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chaos.engine.steady import SteadyState
from chaos.engine.target import WatchedTarget
from chaos.model import ClusterEvent, Outcome, RunMeta
from chaos.model.recording import Recorder

ADDRESS = "10.244.1.3"
RIGHT = Outcome("OK", "connect", address=ADDRESS)
REFUSED, LOST = Outcome("ECONNREFUSED", "connect"), Outcome("TIMEOUT", "connect")
MS = 1_000_000
PERIOD_MS = 50
OTHER = 1


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    meta = RunMeta("any", simulated=True, started_at=datetime(2026, 1, 1, tzinfo=UTC), seed=0)
    recorder = Recorder(tmp_path, meta)
    for pod in ("web-0", "other"):  # the second one is of no pod of the target
        recorder.open_series(
            probe="tcp", record=f"{pod}.web:80", name=f"{pod}.web.n.svc.cluster.local", view="", vantage="local",
            pod=pod, period_s=PERIOD_MS / 1000, timeout_s=1.0,
        )  # fmt: skip
    yield recorder
    recorder.close()


@pytest.fixture
def steady(recorder: Recorder) -> SteadyState:
    target = WatchedTarget("n", "web", "web", 80, ("web-0",))
    owner = {"kind": "StatefulSet", "name": "web"}
    meta = {"name": "web-0", "uid": "u", "namespace": "n", "ownerReferences": [owner]}
    status = {"podIP": ADDRESS, "phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    target.saw(ClusterEvent(0, "ADDED", "Pod", "n", "web-0", "u", {"metadata": meta, "spec": {}, "status": status}))
    endpoint = {"addresses": [ADDRESS], "conditions": {"ready": True}, "targetRef": {"uid": "u"}}
    slice_ = {"metadata": {"name": "s", "labels": {"kubernetes.io/service-name": "web"}}, "endpoints": [endpoint]}
    target.saw(ClusterEvent(0, "ADDED", "EndpointSlice", "n", "s", "v", slice_))
    return SteadyState(target, recorder, "web.n.svc.cluster.local", tuple, ())


def heard(recorder: Recorder, outcome: Outcome, sent_ms: int, took_ms: int = 1, series: int = 0) -> None:
    recorder.sample(series, sent_ms * MS, sent_ms * MS, (sent_ms + took_ms) * MS, recorder.outcome_id(outcome))


def test_what_was_asked_since_and_still_answers_is_right(recorder: Recorder, steady: SteadyState) -> None:
    heard(recorder, RIGHT, 1000)
    assert steady.missing(1100 * MS, began_ns=1000 * MS) == []


def test_what_was_asked_before_says_nothing_about_now(recorder: Recorder, steady: SteadyState) -> None:
    heard(recorder, RIGHT, 999)
    assert steady.missing(1100 * MS, began_ns=1000 * MS) == ["tcp web-0.web:80: not heard again yet"] == steady.unheard


@pytest.mark.parametrize(("others_ms", "silent"), [(1250, False), (1251, True)])
def test_a_question_that_hangs_ends_it_after_five_periods(
    recorder: Recorder, steady: SteadyState, others_ms: int, *, silent: bool
) -> None:
    """Counted up to where its vantage was heard: what an agent sampled since is on its way."""
    heard(recorder, RIGHT, 1000)
    heard(recorder, RIGHT, others_ms, series=OTHER)
    assert bool(steady.missing(2000 * MS, began_ns=1000 * MS)) is silent


def test_one_that_always_takes_longer_than_a_period_may_be_silent_for_longer(
    recorder: Recorder, steady: SteadyState
) -> None:
    heard(recorder, RIGHT, 1000, took_ms=400)
    heard(recorder, RIGHT, 3399, series=OTHER)
    assert steady.missing(3400 * MS) == []
    heard(recorder, RIGHT, 3400, series=OTHER)
    assert steady.missing(3401 * MS) != []


@pytest.mark.parametrize(("now_ms", "silent"), [(2001, False), (2002, True)])
def test_a_vantage_of_which_nothing_comes_says_nothing_about_now(
    recorder: Recorder, steady: SteadyState, now_ms: int, *, silent: bool
) -> None:
    heard(recorder, RIGHT, 1000)
    assert bool(steady.missing(now_ms * MS)) is silent


def test_the_age_of_an_answer_is_that_of_the_last_one_that_says_something(
    recorder: Recorder, steady: SteadyState
) -> None:
    heard(recorder, RIGHT, 1000)
    for sent_ms in (1050, 1100, 1150):
        heard(recorder, LOST, sent_ms)
    assert steady.missing(1200 * MS) == []
    heard(recorder, RIGHT, 1251, series=OTHER)
    assert steady.missing(1252 * MS) == steady.unheard != []


def test_a_wrong_answer_is_told_as_what_it_is_however_old(recorder: Recorder, steady: SteadyState) -> None:
    heard(recorder, REFUSED, 900)
    assert steady.missing(2000 * MS, began_ns=1000 * MS) == ["tcp web-0.web:80: ECONNREFUSED (connect)"]
    assert steady.unheard == []
