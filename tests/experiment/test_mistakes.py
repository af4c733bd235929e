"""Wrong experiments of one's own: each message names the file, the line, and what was expected."""

# ruff: noqa: E501 - one row a mistake

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chaos.analysis.checkers import judge
from chaos.analysis.claims import UnmeasuredError, accepted
from chaos.analysis.defects import guarded
from chaos.analysis.questions import Question, answer_all
from chaos.analysis.reading import Reading
from chaos.cli.catalogue import known_experiment
from chaos.errors import UsageError
from chaos.experiment import find_experiment
from chaos.experiment.expected import did_you_mean
from chaos.model import PodIdentity
from tests.experiment.own_file import MANIFEST, raised, written
from tests.histories import Builder


def said(path: Path) -> str:
    """The message and its hint, without the folder."""
    with pytest.raises(UsageError) as caught:
        known_experiment(str(path))
    return str(caught.value).replace(f"{path.parent}/", "")


def test_the_one_that_the_others_differ_from_is_right(tmp_path: Path) -> None:
    assert known_experiment(str(written(tmp_path))).name == "mine"


@pytest.mark.parametrize(
    ("old", "new", "message", "expected"),
    [
        ("experiment = Exp", "experiments = Exp", "mine.py defines no `experiment = Experiment(…)`", "chaos new"),
        ("experiment = Exp", "experiment = 5\nother = Exp", "mine.py: `experiment` is 5, and must be an Exp", "chaos new"),
        ("hypothesis=", "hypotesis=", "mine.py, line 19 raises TypeError", "did you mean hypothesis?"),
        ('    hypothesis="h",\n', "", "missing 1 required positional argument: 'hypothesis'", "Experiment has: name"),
        ('"web", "web", 80)', 'statefulset="web", services="web", port=80)', "mine.py, line 20 raises TypeError", "did you mean service?"),
        ("Run, Workload", "Runn, Workload", "mine.py, line 5 raises ImportError", "did you mean Run?"),
        ("Run, Workload", "Zzzzz, Workload", "mine.py, line 5 raises ImportError", "docs/reference"),
        ("checker, holds", "holds", "mine.py, line 12 raises NameError", "from chaos.experiment import checker"),
        ("from collections.abc import Iterator\n", "", "mine.py, line 12 raises NameError", "from collections.abc import Iterator?"),
        ("from collections.abc", "from colections.abc", "mine.py, line 3 raises ModuleNotFoundError", "neither installed nor a file colections.py beside mine.py"),
        ("await run.steady", "await run steady", "mine.py, line 9 raises SyntaxError: invalid syntax: await run steady", "chaos show"),
        ('name="mine"', "name=5", "mine.py, line 18: name is 5, and must be a text", ""),
        ('name="mine"', 'name="My own"', "mine.py, line 18: the name 'My own' of the experiment", "small letters"),
        ('name="mine"', 'name="fix-it"', "mine.py, line 18: the name fix-it begins as", "not with fix-"),
        ('("dns",)', '"dns"', "mine.py, line 21: probes is 'dns', and must be a tuple of names", '("dns",)'),
        ('("dns",)', '("dnss",)', "mine.py, line 21: experiment mine names a probe 'dnss'", "did you mean dns?"),
        ('"steady-state"', '"steady"', "mine.py, line 22: experiment mine names a checker 'steady'", "did you mean steady-state?"),
        ('"steady-state", it_holds', "", "mine.py, line 22: experiment mine has no checkers", ""),
        ('"dns-update"', '"dns-updates"', "mine.py, line 23: experiment mine names a question", "did you mean dns-update?"),
        ("timeout_s=10", 'timeout_s="10"', "mine.py, line 24: timeout_s is '10', and must be a positive number", ""),
        ("timeout_s=10", "blast_radius=0", "mine.py, line 24: blast_radius is 0, and must be a positive whole", ""),
        ("timeout_s=10", 'uses=("patch",)', "mine.py, line 24: uses is ('patch',), and must be a tuple of", "'patch services'"),
        ("timeout_s=10", 'needs=("node",)', "mine.py, line 24: experiment mine names a need 'node'", "did you mean nodes?"),
        ("async def method(run: Run)", "def method()", "SyntaxError", "chaos show"),
        ("async def method(run: Run)", "async def method()", "mine.py, line 8: method is method(), and must take the run alone", "async def method(run: Run)"),
        ("async def method(run: Run)", "async def method(run: Run, pod)", "mine.py, line 8: method is method(run: chaos", "async def method(run: Run)"),
        ("    await run.steady_state(within_s=60)", "    yield 1", "mine.py, line 8: method yields", "async def method"),
        ("async def method(run: Run) -> None:\n    await", "def method(run: Run) -> None:\n    return", "mine.py, line 8: method must be an `async def`", "async def method"),
        ('@checker("report.md: Measured")\n', "", "mine.py, line 12: the checker it_holds has no @checker(…) above it", "@checker("),
        ('@checker("report.md: Measured")', "@checker", "mine.py, line 12: a checker stands below @checker without brackets", '@checker("report.md'),
        ('yield holds("It does.")', 'holds("It does.")', "mine.py, line 12: the checker it_holds yields nothing", "yield holds(…)"),
        ('yield holds("It does.")', 'yield "It does."', "mine.py, line 14: the checker it_holds yields what is no finding", "yield holds(…)"),
        ('yield holds("It does.")', 'yield f"{reading}"', "mine.py, line 14: the checker it_holds yields what is no finding", "yield holds(…)"),
        ('"steady-state", it_holds', '"steady-state", "it-holds"', "names a checker 'it-holds'", "the one of this file is written without quotes: it_holds"),
        ('"steady-state", it_holds', '"steady-state", "never-heard-of"', "names a checker", "one of your own is written as its function"),
        ("await run.steady", "run.steady", "mine.py, line 9: run.steady_state(…) does nothing, since it is not awaited", "await run.steady_state(…)"),
        ("await run.steady_state(within_s=60)", "run.objects.create({})", "mine.py, line 9: run.objects.create(…) does nothing", "await run.objects.create(…)"),
        ("await run.steady_state(within_s=60)", "run.inject(\n        None\n    )", "mine.py, line 9: run.inject(…) alone injects nothing", "async with run.inject(…):"),
        ("timeout_s=10", 'headline=lambda: "x"', "mine.py, line 24: what says headline must be a function that takes the reading", "def NAME(reading"),
        ('"dns-update"', "it_holds", "mine.py, line 23: questions is (<function it_holds", 'Question("key", "What is asked?", answer)'),
        ("timeout_s=10", 'uses=("pach pods",)', "uses is ('pach pods',)", "'pach' is no verb: did you mean patch? verbs: get, list"),
        ("timeout_s=10", 'uses=("get,lst pods",)', "uses is ('get,lst pods',)", "'lst' is no verb: did you mean list?"),
        ("timeout_s=10", 'uses=("patch deployments",)', "uses is ('patch deployments',)", "'deployments' is of another group: deployments.apps"),
        ("timeout_s=10", 'uses=("get pods.apps",)', "uses is ('get pods.apps',)", "'pods.apps' is of another group: pods"),
        ("timeout_s=10", 'uses=("get Pods",)', "uses is ('get Pods',)", "small letters, the resource in the plural"),
        ("it_holds(reading: Reading)", "it_holds()", "mine.py, line 12: the checker it_holds() must take the reading alone", "reading: Reading"),
        ('("w.yaml",)', '("ww.yaml",)', "mine.py, line 20: experiment mine names a manifest 'ww.yaml'", "did you mean w.yaml?"),
        ('("w.yaml",)', "()", "mine.py, line 20: the manifests of mine define no StatefulSet web", "no manifest has as StatefulSet: none"),
        ('"web", "web", 80', '"wbe", "web", 80', "mine.py, line 20: the manifests of mine define no StatefulSet wbe", "did you mean web?"),
        ('"web", "web", 80', '"web", "db", 80', "mine.py, line 20: the manifests of mine define no Service db", "manifests/w.yaml has as Service: web"),
        ('"web", "web", 80', '"web", "web", "80"', "mine.py, line 20: workload is Workload(", "with a tuple of manifests and a port"),
        ('    workload=Workload(("w.yaml",), "web", "web", 80),\n', "", "mine.py, line 20: experiment mine has probes and no workload", ""),
    ],
)  # fmt: skip
def test_a_wrong_file_is_named_with_its_line_and_what_was_expected(
    tmp_path: Path, old: str, new: str, message: str, expected: str
) -> None:
    text = said(written(tmp_path, old, new))
    assert message in text
    assert expected in text


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        (MANIFEST.replace("replicas: 1", "replicas: 1:\n  - x"), "w.yaml, line 6, cannot be read"),
        ("- just\n- a list\n", "document 1 of manifests/w.yaml is no Kubernetes object"),
        (MANIFEST.replace("replicas: 1", "replicas: many"), 'spec.replicas is "many", and must be a whole number'),
    ],
)
def test_a_wrong_manifest_is_named_with_its_line_or_document(tmp_path: Path, manifest: str, message: str) -> None:
    assert message in said(written(tmp_path, manifest=manifest))


def test_a_mistake_in_a_file_beside_it_is_named_there(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").write_text("x = 1\n\n\ny = x / 0\n")
    path = written(tmp_path, "from chaos.experiment", "from .helpers import y\nfrom chaos.experiment")
    assert "helpers.py, line 4 raises ZeroDivisionError: division by zero" in said(path)
    (tmp_path / "helpers.py").write_text("def broken(:\n")
    assert "helpers.py, line 1 raises SyntaxError: invalid syntax: def broken(:" in said(path)


def test_a_misspelt_file_beside_it_is_suggested(tmp_path: Path) -> None:
    (tmp_path / "helpers.py").write_text("x = 1\n")
    assert "did you mean helpers?" in said(written(tmp_path, "from chaos.exp", "from helprs import x\nfrom chaos.exp"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{}['gone']", "mine.py, line 9) raised KeyError: 'gone'"),
        ("run.steady_stat(60)", "mine.py, line 9) raised AttributeError"),
        ("await run.steady_state()", "mine.py, line 9) raised TypeError"),
        ("exit()", "mine.py, line 9) raised SystemExit"),
    ],
)
def test_what_a_method_raises_is_named_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    error = raised(tmp_path, line)
    assert isinstance(error, UsageError)
    assert message in error.message


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("yield holds(1 / 0)", "ZeroDivisionError: division by zero (mine.py, line 14)"),
        ("yield holds(accepted_ns)", "NameError: name 'accepted_ns' is not defined (mine.py, line 14)"),
        ("yield next(reading.series_of(probe=reading.gone))", "has no attribute 'gone' (mine.py, line 14)"),
        ("reading.samples(*[]).send(1); yield", "TypeError"),
    ],
)
def test_a_checker_that_crashes_is_unknown_and_named_with_its_own_line(tmp_path: Path, line: str, message: str) -> None:
    """The innermost line would often be one of the tool, which tells its author nothing."""
    path = written(tmp_path, 'yield holds("It does.")', line)
    *_, check = find_experiment(str(path)).checkers
    assert callable(check)
    (verdict,) = judge(Reading(Builder().done()), [check])
    assert str(verdict.outcome) == "unknown"
    assert "The checker crashed: " in verdict.summary
    assert message in verdict.summary
    assert "(mine.py, line 14)" in verdict.summary


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("yield from iter([reading.marks])", "the checker yields [] (mine.py, line 14), which is no finding: holds(…)"),
        ("yield from (str(one) for one in [1])", "the checker yields '1' (mine.py, line 14), which is no finding"),
        ("yield from ()", "the checker yielded nothing in this run, neither holds(…)"),
    ],
)
def test_a_checker_that_yields_what_is_no_finding_is_named_with_its_line(
    tmp_path: Path, line: str, message: str
) -> None:
    *_, check = find_experiment(str(written(tmp_path, 'yield holds("It does.")', line))).checkers
    assert callable(check)
    (verdict,) = judge(Reading(Builder().done()), [check])
    assert (str(verdict.outcome), message in verdict.summary) == ("unknown", True), verdict.summary


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("return 5", "the answer to gone returned 5 (test_mistakes.py, line "),
        ("yield 5", "the answer to gone yields 5 (test_mistakes.py, line "),
    ],
)
def test_an_answer_that_is_no_sentence_is_named_with_its_line(answer: str, said: str) -> None:
    def returns(_reading: Reading) -> Any:
        return 5

    def yields(_reading: Reading) -> Any:
        yield 5

    question = Question("gone", "What is gone?", returns if answer == "return 5" else yields)
    (found,) = answer_all(Reading(Builder().done()), [question])
    assert said in found.text
    assert "must be sentences: texts" in found.text


def test_a_fault_of_another_name_is_told_beside_those_of_the_run() -> None:
    build = Builder()
    build.fault(1, PodIdentity("web-1", "uid-1", "10.0.0.1", "node-1"), 10.0, 10.001, 13.0)
    reading = Reading(build.done())
    with pytest.raises(UnmeasuredError, match=r"none \(no fault of this run is called delete_pod, but delete-pod\)"):
        accepted(reading, "delete_pod", "none")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("    def inject(self, changes, namespace):\n        return None\n", "mend.py, line 4 raises TypeError: inject of Mend must be an `async def`, and is a `def`"),
        ("    async def inject(self, changes, namespace):\n        yield\n", "inject of Mend must be an `async def`, without yield"),
        ("    for_s: float = 1.0\n    port: int\n", "mend.py, line 4 raises TypeError: the fields of Mend: port has no default and stands after a field that has one"),
        ("    words = 'done'\n", "mend.py, line 4 raises TypeError: words of Mend is 'done', and must be CauseWords("),
        ("    replaces = 1\n", "mend.py, line 4 raises TypeError: replaces of Mend is 1, and must be True or False"),
        ("    ports: list = []\n", "mend.py, line 4 raises TypeError: the fields of Mend: mutable default"),
        ("    async def inject(self, changes, namespace):\n        changes.put_back('Service', 'web', namespace)\n", "mend.py, line 6: changes.put_back(…) does nothing, since it is not awaited"),
    ],
)  # fmt: skip
def test_a_wrong_fault_is_named_with_its_own_line(tmp_path: Path, body: str, message: str) -> None:
    (tmp_path / "mend.py").write_text(f"from chaos.experiment import Fault\n\n\nclass Mend(Fault):\n{body}")
    path = written(tmp_path, "from chaos.experiment", "from .mend import Mend\nfrom chaos.experiment")
    assert message in said(path)


def test_a_wrong_note_is_named_with_its_line(tmp_path: Path) -> None:
    new = "class Ports(Note):\n    when: str = ''\n    port: int\n\n\nasync def method"
    path = written(tmp_path, "async def method", new)
    path.write_text(path.read_text().replace("import Experiment", "import Note, Experiment"))
    assert "mine.py, line 8 raises TypeError: the fields of Ports: port has no default" in said(path)


def test_a_wrong_option_is_named_with_its_line(tmp_path: Path) -> None:
    path = written(tmp_path, "timeout_s=10", 'timeout_s=10,\n    options=(Option("my-port", Whole, 1, "Which."),)')
    path.write_text(path.read_text().replace("import Experiment", "import Option, Whole, Experiment"))
    assert "mine.py, line 25: the kind of --my-port is the class Whole" in said(path)


def test_an_option_of_ones_own_is_named_without_quotes(tmp_path: Path) -> None:
    path = written(tmp_path, "timeout_s=10", 'options=("my-port",)')
    path.write_text(
        path.read_text().replace("\n\nasync def", '\n\nPORT = Option("my-port", Whole(1, 9), 1, "Which.")\nasync def')
    )
    path.write_text(path.read_text().replace("import Experiment", "import Option, Whole, Experiment"))
    assert "the one of this file is written without quotes: PORT" in said(path)


def test_a_defect_of_the_tool_is_named_with_the_tools_line() -> None:
    def crash() -> str:
        return did_you_mean(1, 5)  # type: ignore[arg-type]  # that is the point

    assert "TypeError: 'int' object is not iterable" in guarded(crash, str)
