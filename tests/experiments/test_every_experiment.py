"""What holds for every experiment: those without a module of their own hold on the sandbox; none passes on nothing."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from chaos.analysis.checkers import judge
from chaos.analysis.questions import Question
from chaos.analysis.reading import Reading
from chaos.experiment import History, Options, load_experiments
from chaos.experiment.judging import judges_of
from chaos.model import RunMeta, VerdictOutcome
from chaos.options import options_in
from tests.experiments import lab
from tests.sandboxed import run_sandboxed

EXPERIMENTS = {e.name: e for e in load_experiments()}
HERE = Path(__file__).parent
OF_THEIR_OWN = {path.stem.removeprefix("test_").replace("_", "-") for path in HERE.glob("test_*.py")}
# tests/engine is about this one.
ELSEWHERE = {"identity-persistence"}


@pytest.mark.parametrize("name", sorted(EXPERIMENTS.keys() - OF_THEIR_OWN - ELSEWHERE))
def test_an_experiment_holds_on_the_sandbox_and_answers_its_questions(name: str, tmp_path: Path) -> None:
    experiment = EXPERIMENTS[name]
    result = run_sandboxed(tmp_path, Options(max_qps=None, period_s=0.02), experiment=experiment).result
    assert result.error is None
    assert not result.leftovers
    verdicts = judge(Reading(result.history), judges_of(Reading(result.history), experiment).checkers)
    assert {v.checker: str(v.outcome) for v in verdicts if str(v.outcome) != "ok"} == {}
    own = [question for question in experiment.questions if isinstance(question, Question)]
    assert all(lab.answer(experiment, result.history, question.key) for question in own)


def nothing(name: str) -> History:
    """A run that was cut off before it had measured anything."""
    history = History(RunMeta(name, simulated=True, started_at=datetime(2026, 1, 1, tzinfo=UTC)))
    history.meta.target |= {"statefulset": "web", "service": "web", "namespace": "n", "domain": "cluster.local"}
    return history


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_run_that_measured_nothing_passes_no_checker(name: str) -> None:
    history = nothing(name)
    verdicts = judge(Reading(history), EXPERIMENTS[name].checkers)
    assert {v.checker: v.outcome for v in verdicts} == dict.fromkeys(
        EXPERIMENTS[name].checker_names(), VerdictOutcome.UNKNOWN
    )
    crashed = [v.summary for v in verdicts if "crashed" in v.summary]
    assert not crashed


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_run_that_measured_nothing_answers_nothing(name: str) -> None:
    history = nothing(name)
    own = [question.key for question in EXPERIMENTS[name].questions if isinstance(question, Question)]
    assert {key: lab.answer(EXPERIMENTS[name], history, key) for key in own} == dict.fromkeys(own, "")
    assert lab.headline(EXPERIMENTS[name], history)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_honours_the_options_that_its_method_reads(name: str) -> None:
    """What it reads by attribute is declared, or follows from what it needs; what it declares is read somewhere."""
    experiment = EXPERIMENTS[name]
    folder = experiment.source.parent if experiment.source.name == "__init__.py" else None
    text = "".join(path.read_text() for path in (folder.glob("*.py") if folder else [experiment.source]))
    read = set(re.findall(r"run\.options\.(\w+)", text)) - {"deletion_grace_s"}
    read |= {"grace_s", "force"} if "run.options.deletion_grace_s" in text else set()
    read |= {"trials"} if "run.turns()" in text else set()
    by_default = re.search(r"watch_clients\((?![^\n]*period_s)", text)
    read |= {"connect_period_s"} if by_default else set()
    fields = {one.field: one for one in options_in(Options)}
    assert {field for field in read if not experiment.honours(fields[field])} == set()
    methods = {"trials", "grace", "force"} & experiment.declared
    assert {fields_name for fields_name in methods if fields_name.replace("grace", "grace_s") not in read} == set()
