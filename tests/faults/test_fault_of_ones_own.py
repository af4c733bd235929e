"""A fault in one file of one's own, beside the experiments that use it: no other file knows it."""

from __future__ import annotations

import asyncio
import shutil
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

import kubesim
from chaos import experiment as shipped
from chaos import faults
from chaos import templates as shipped_templates
from chaos.analysis.causes import _OF_OLDER_RUNS, _ONE_BY_ONE_OF_OLDER_RUNS
from chaos.analysis.checkers import judge
from chaos.analysis.reading import Reading
from chaos.cli.catalogue import faults_of
from chaos.cli.new import shipped_faults
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.connection import connect
from chaos.cluster.journal import JOURNAL, Journal
from chaos.cluster.undo import Undo
from chaos.engine.execution import Execution, RunResult
from chaos.engine.progress import Silence
from chaos.engine.rollback import recover
from chaos.engine.undeclared import undeclared
from chaos.errors import RollbackError, UsageError
from chaos.experiment import (
    Acknowledged,
    Changes,
    DeletePod,
    Experiment,
    Fault,
    Options,
    PodIdentity,
    Run,
    find_experiment,
    load_experiments,
)
from chaos.experiment.importing import execute
from chaos.model import CauseWords, FaultWindow, VerdictOutcome
from kubesim import run_virtual
from tests.sandboxed import run_on, run_sandboxed

OPTIONS = Options(trials=1, period_s=0.05, max_qps=None)
CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"
TEMPLATES = Path(shipped_templates.__file__).parent
POD = PodIdentity("web-0", "uid", "10.0.0.1", "node-1")
OTHER = PodIdentity("web-1", "uid-1", "10.0.0.2", "node-1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Somebody's own, with the fault and the experiment of CONTRIBUTING.md."""
    for name in ("break_selector.py", "selector_outage.py"):
        shutil.copy(TEMPLATES / name, tmp_path)
    shutil.copytree(TEMPLATES / "manifests", tmp_path / "manifests")
    return tmp_path


def own(folder: Path) -> Experiment:
    found = find_experiment(str(folder / "selector_outage.py"))
    found.validate()
    return found


class BreakQuietly(Fault):
    """One that says nothing of itself but what it does."""

    pod: PodIdentity
    others: tuple[PodIdentity, ...] = ()
    service: str = "web"
    for_s: float = 3.0

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:
        return await changes.patch("Service", self.service, namespace, {"spec": {"selector": {"broken": "yes"}}})


def test_the_example_of_contributing_is_right_in_all_that_it_says(folder: Path, tmp_path: Path) -> None:
    ran = run_sandboxed(tmp_path / "reports", OPTIONS, experiment=own(folder))
    assert (ran.result.error, ran.result.leftovers) == (None, [])
    verdicts = judge(Reading(ran.history), own(folder).checkers)
    assert {v.checker: v.outcome for v in verdicts} == dict.fromkeys(own(folder).checker_names(), VerdictOutcome.OK)


def test_the_window_begins_with_the_change_and_holds_the_time_until_it_was_taken_back(
    folder: Path, tmp_path: Path
) -> None:
    (window,) = run_sandboxed(tmp_path / "reports", OPTIONS, experiment=own(folder)).history.faults
    assert window.accepted_ns is not None
    assert window.ended_ns is not None
    assert (window.label, window.outcome) == ("break-selector app-0, app-1", "accepted")
    assert window.words == CauseWords("the selector was broken", "the change of the selector", "selector broken")
    assert window.accepted_ns - window.sent_ns < 10_000_000
    assert window.ended_ns - window.accepted_ns > 10_000_000_000


def test_its_name_targets_and_parameters_follow_from_its_class_and_values() -> None:
    fault = BreakQuietly(POD, (OTHER,))
    assert (fault.name, fault.targets) == ("break-quietly", (POD, OTHER))
    assert fault.parameters == {"service": "web", "for_s": 3.0}
    assert (fault.replaces, fault.one_by_one, fault.words.noun) == (False, False, "the fault")
    assert fault == BreakQuietly(POD, (OTHER,))


def test_a_value_of_it_is_never_changed() -> None:
    with pytest.raises(AttributeError, match="is never changed: make another one"):
        BreakQuietly(POD).service = "other"  # type: ignore[misc]  # that is the point


def test_show_names_it_with_its_first_sentence(folder: Path) -> None:
    (told,) = faults_of(own(folder))
    assert told.startswith("BreakSelector: Make a Service select no pod, wait, and restore its selector")


@pytest.mark.parametrize("line", ["from .break_selector import", "from break_selector import"])
def test_it_is_imported_with_a_dot_and_without_by_several_experiments(folder: Path, line: str) -> None:
    path = folder / "selector_outage.py"
    path.write_text(path.read_text().replace("from .break_selector import", line))
    shutil.copy(path, folder / "another.py")
    assert [faults_of(find_experiment(str(folder / name))) for name in ("selector_outage.py", "another.py")]


def test_files_of_one_name_in_two_folders_are_two(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    for name in ("break_selector.py", "selector_outage.py"):
        text = (folder / name).read_text().replace("from .break", "from break")
        (folder / name).write_text(text)
        (other / name).write_text(text.replace("Make a Service select", "Have a Service select"))
    told = [faults_of(find_experiment(str(at / "selector_outage.py")))[0] for at in (folder, other, folder)]
    assert [text.split()[1] for text in told] == ["Make", "Have", "Make"]


class Interrupted(Execution):
    """A run that is ended while the selector is broken."""

    async def run(self) -> RunResult:
        asyncio.get_running_loop().call_later(5, self.interrupt)
        return await super().run()


async def nothing_undone(*_: object) -> list[RollbackError]:
    return []


def test_after_a_kill_the_journal_alone_restores_the_selector(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = own(folder)
    monkeypatch.setattr("chaos.engine.execution.roll_back", nothing_undone)

    async def story() -> None:
        async with kubesim.Cluster(seed=1) as sandbox:
            ran = await run_on(sandbox, tmp_path / "reports", OPTIONS, experiment, kind=Interrupted)
            namespace = ran.history.meta.target["namespace"]
            cluster = await connect(ClusterAddress(url=sandbox.url, connector=sandbox.connector()))
            service = await cluster.get("Service", "app", namespace)
            assert service is not None
            assert service["spec"]["selector"] == {"app": "selector-outage", "broken": "yes"}
            (folder / "break_selector.py").unlink()
            journal = Journal.load(next((tmp_path / "reports").rglob(JOURNAL)))
            clock = RunClock(asyncio.get_running_loop())
            entry = next(e for e in journal.open_entries() if e.undo == "restore")
            assert await Undo(cluster, journal, clock, read_back=True).undo(entry) == f"put {entry.what} back"
            service = await cluster.get("Service", "app", namespace)
            assert service is not None
            assert service["spec"]["selector"] == {"app": "selector-outage"}
            assert await recover(journal, cluster, clock, Silence()) == []
            await cluster.close()

    run_virtual(story())


def test_more_pods_than_the_experiment_declares_are_refused_before_the_change(folder: Path, tmp_path: Path) -> None:
    ran = run_sandboxed(tmp_path / "reports", OPTIONS, experiment=replace(own(folder), blast_radius=1))
    assert ran.result.error is not None
    assert "would put 2 pods (app-0, app-1) under a fault at once" in ran.result.error.message
    assert ran.history.faults == []


def run_with(folder: Path, reports: Path, fault: object) -> RunResult:
    """The example with another fault."""

    async def method(run: Run) -> None:
        await run.steady_state(within_s=60)
        async with run.inject(fault):  # type: ignore[arg-type]  # some are none
            await run.sleep(1)

    return run_sandboxed(reports, OPTIONS, experiment=replace(own(folder), method=method)).result


def test_the_requests_of_several_pods_are_returned_as_contributing_says(folder: Path, tmp_path: Path) -> None:
    """Its lines, word for word, in a fault."""
    lines = CONTRIBUTING.read_text(encoding="utf-8").partition("  ```python\n  done = ")[2].partition("  ```")[0]
    head = "from chaos.experiment import *\nclass Two(Fault):\n    replaces = True\n    pods: tuple[PodIdentity, ...]"
    body = textwrap.indent(textwrap.dedent(f"  done = {lines}"), " " * 8)
    (folder / "two.py").write_text(f"{head}\n\n    async def inject(self, changes, namespace):\n{body}")
    two = execute(folder / "two.py").Two

    async def method(run: Run) -> None:
        await run.steady_state(within_s=60)
        async with run.inject(two(run.target.pods)):
            await run.steady_state(within_s=60)

    ran = run_sandboxed(tmp_path / "reports", OPTIONS, experiment=replace(own(folder), method=method))
    (window,) = ran.history.faults
    assert list(window.requests) == ["app-0", "app-1"]
    assert window.requests["app-0"][0] == window.sent_ns
    assert window.requests["app-1"][1] == window.accepted_ns


class Forgetful(Fault):
    """One that returns nothing."""

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:
        return None  # type: ignore[return-value]  # that is the point


class Broken(Fault):
    """One with a defect."""

    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:
        raise KeyError("spec")


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (Forgetful(), "inject of Forgetful returned None, and must return what `changes` acknowledged"),
        (Broken(), "raised KeyError: 'spec'"),
        ("delete-pod", "run.inject was given 'delete-pod', and must be given a Fault"),
        (DeletePod, "run.inject was given the class DeletePod, and must be given one made of it: DeletePod(…)"),
    ],
)
def test_what_is_no_fault_is_named_with_what_was_expected(
    folder: Path, tmp_path: Path, fault: object, message: str
) -> None:
    result = run_with(folder, tmp_path / "reports", fault)
    assert isinstance(result.error, UsageError)
    assert message in result.error.message
    assert {window.outcome for window in result.history.faults} <= {"unknown"}
    assert result.leftovers == []


def test_adding_a_shipped_fault_takes_its_file_and_its_name_in_the_facade() -> None:
    """This is what notices a file whose fault has no name there."""
    files = {path.stem for path in Path(faults.__path__[0]).glob("*.py")} - {"__init__", "base"}
    assert {kind.__module__ for kind in shipped_faults().values()} == {f"chaos.faults.{stem}" for stem in files}


def test_shipped_faults_say_the_same_of_themselves_as_is_said_of_older_runs() -> None:
    made = [
        shipped.DeletePod(POD),
        shipped.DeletePod(POD, grace_s=0),
        shipped.DeletePods((POD,)),
        shipped.EvictPod(POD),
        shipped.CutNode("n", (POD,)),
        shipped.UpdateTemplate("web", (POD,), "1"),
        shipped.Scale("web", 1),
    ]
    assert {fault.name: fault.words for fault in made} == _OF_OLDER_RUNS
    assert tuple(fault.name for fault in made if fault.one_by_one) == _ONE_BY_ONE_OF_OLDER_RUNS


def test_the_words_of_a_fault_are_read_back_from_its_folder() -> None:
    window = FaultWindow.from_dict(
        {
            "fault": "mine",
            "trial": 1,
            "targets": [],
            "outcome": "accepted",
            "sent_ns": 1,
            "accepted_ns": 2,
            "ended_ns": 3,
            "words": ["it was done", "the deed", "done"],
            "one_by_one": True,
        }
    )
    assert (window.words, window.one_by_one) == (CauseWords("it was done", "the deed", "done"), True)


def test_no_shipped_experiment_lost_a_fault_of_its_own() -> None:
    told = {experiment.name: faults_of(experiment) for experiment in load_experiments()}
    assert all("Fault:" not in text for found in told.values() for text in found)
    assert any(text.startswith("CutNode: Cut a node off.") for text in told["node-loss"])


def test_the_example_declares_every_permission_that_it_uses(folder: Path, tmp_path: Path) -> None:
    experiment = own(folder)
    used = run_sandboxed(tmp_path / "reports", OPTIONS, experiment=experiment).history.meta.measurement["api_used"]
    words = [key.split(" ") for key in used]
    asked = {(w[0], w[1] if len(w) == 3 else "", w[-1]) for w in words}
    assert undeclared(experiment, asked) == []
    assert undeclared(replace(experiment, uses=()), asked) == ["patch services"]
    assert "patch services" in used
