"""A saved run is judged again only where all of it is there, and by who can read it."""

from __future__ import annotations

import json
import shutil
from itertools import accumulate
from pathlib import Path

import pytest

from chaos.cli.again import judge_again, render_again
from chaos.cli.saved import conclude, load_run
from chaos.errors import UsageError
from chaos.experiment import Options, find_experiment
from tests.sandboxed import run_sandboxed


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run's folder."""
    options = Options(trials=1, grace_s=1, period_s=0.05, max_qps=None)
    result = run_sandboxed(tmp_path_factory.mktemp("reports"), options).result
    conclude(result.folder, result.history, result.error)
    return result.folder


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(saved, tmp_path / "run"))


def rewrite(folder: Path, **values: object) -> None:
    """Change keys of run.json."""
    path = folder / "run.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def test_a_whole_run_is_read(folder: Path) -> None:
    history = load_run(folder)
    assert history.recorded() == json.loads((folder / "run.json").read_text())["recorded"]


@pytest.mark.parametrize("name", ["observations.jsonl", "events.jsonl"])
def test_a_run_that_has_lost_a_part_is_refused_and_what_was_concluded_stays(folder: Path, name: str) -> None:
    path = folder / name
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[: len(lines) // 2]))
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(UsageError, match=r"is not whole: .* so nothing is concluded from it"):
        render_again(folder, None, anew=False, as_json=False)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


@pytest.mark.parametrize("kept", [0.3, 0.5, 0.7])
@pytest.mark.parametrize(
    ("name", "said"),
    [("observations.jsonl", "series of DNS samples end|DNS queries"), ("events.jsonl", "fault of trial 1")],
)
def test_a_run_of_the_schema_before_that_has_lost_its_later_part_is_refused(
    folder: Path, name: str, said: str, kept: float
) -> None:
    """It did not count what it recorded; what it tells all the same shows that some is missing."""
    rewrite(folder, schema_version=1, recorded=None)
    path = folder / name
    lines = path.read_text().splitlines(keepends=True)
    told = [number for number, line in enumerate(lines, 1) if name == "observations.jsonl" or '"fault"' in line]
    path.write_text("".join(lines[: round(max(told) * kept)]))
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(UsageError, match=rf"is not whole: .*({said}).* so nothing is concluded from it"):
        render_again(folder, None, anew=False, as_json=False)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before


def test_a_run_of_the_schema_before_that_has_lost_samples_in_its_middle_is_refused(folder: Path) -> None:
    """To its end it has some: only how many questions were asked tells."""
    rewrite(folder, schema_version=1, recorded=None)
    path = folder / "observations.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    samples = [line for line in lines if line.startswith('{"samples"')]
    lost = set(samples[len(samples) // 4 : 3 * len(samples) // 4])
    path.write_text("".join(line for line in lines if line not in lost))
    with pytest.raises(UsageError, match="DNS queries were sent and"):
        load_run(folder)


def test_a_run_that_was_killed_is_read_as_far_as_it_goes(folder: Path) -> None:
    path = folder / "observations.jsonl"
    path.write_bytes(path.read_bytes()[:-1000])
    rewrite(folder, status="incomplete", recorded=None)
    assert load_run(folder).status == "incomplete"


def test_a_run_of_the_schema_before_is_read_and_one_of_another_is_refused(folder: Path) -> None:
    rewrite(folder, schema_version=1, recorded=None)
    assert load_run(folder).faults
    for version in (3, "2", None):
        rewrite(folder, schema_version=version)
        with pytest.raises(UsageError, match=r"has the schema version .*; this version of the tool reads 1 and 2"):
            load_run(folder)


def test_dns_that_timed_out_from_the_fault_on_is_inconclusive_and_no_dns_verdict_says_ok_or_fail(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every sample of DNS after the fault turned into TIMEOUT, in the file itself."""
    history = load_run(folder)
    fault_ns = history.faults[0].sent_ns
    asked = {series.id for series in history.series if series.probe == "dns"}
    lines = [json.loads(line) for line in (folder / "observations.jsonl").read_text().splitlines()]
    for line in lines:  # number 0 is the new outcome's
        if "outcome" in line:
            line["outcome"]["id"] += 1
        elif samples := line.get("samples"):
            from_ns = fault_ns if samples["series"] in asked else float("inf")
            found = zip(accumulate(samples["scheduled_ns"]), samples["outcome"], strict=True)
            samples["outcome"] = [0 if at_ns >= from_ns else number + 1 for at_ns, number in found]
    silence = {"status": "TIMEOUT", "phase": "answer", "values": [], "additional": [], "address": ""}
    lines.insert(0, {"outcome": {"id": 0, **silence, "ttl": None, "detail": "", "srv": []}})
    (folder / "observations.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert judge_again(folder, None, None, as_json=True) == 4
    verdicts = {v["checker"]: v["outcome"] for v in json.loads(capsys.readouterr().out)["verdicts"]}
    assert {name: verdicts[name] for name in ("recovered-within", "identity-kept")} == {
        "recovered-within": "unknown",
        "identity-kept": "unknown",
    }


def test_a_run_that_lost_the_gaps_of_its_watches_is_refused(folder: Path) -> None:
    """They are written when a watch is over: the last lines of all."""
    with (folder / "events.jsonl").open("a") as events:
        events.write('{"gap": {"kind": "Pod", "from_ns": 1, "to_ns": 2, "reason": "broke"}}\n')
    whole = load_run(folder)
    rewrite(folder, recorded=whole.recorded())
    assert load_run(folder).gaps == whole.gaps
    lines = (folder / "events.jsonl").read_text().splitlines(keepends=True)
    (folder / "events.jsonl").write_text("".join(lines[:-1]))
    with pytest.raises(UsageError, match="0 of 1 gaps"):
        load_run(folder)


@pytest.mark.parametrize("values", [{"status": "fine"}, {"recorded": None}])
def test_a_run_that_does_not_say_how_it_ended_or_what_there_was_is_refused(
    folder: Path, values: dict[str, object]
) -> None:
    rewrite(folder, **values)
    with pytest.raises(UsageError, match=r"is not what this tool wrote|does not say how much there was"):
        load_run(folder)


@pytest.mark.parametrize("change", ["an outcome", "a verdict", "a figure", "bounds"])
def test_a_changed_conclusion_is_not_rendered(folder: Path, change: str) -> None:
    document = json.loads((folder / "run.json").read_text())
    verdicts, figures = document["verdicts"], document["figures"]
    if change == "an outcome":
        verdicts[0]["outcome"] = "fail"
    elif change == "a verdict":
        verdicts.pop()
    elif change == "a figure":
        next(iter(figures.values()))["least"] = float("inf")
    else:
        next(iter(figures.values())).update(least=None, most=None)
    assert document["outcome"] == "held"
    rewrite(folder, verdicts=verdicts, figures=figures)
    with pytest.raises(UsageError, match="what was concluded cannot be read: ValueError"):
        render_again(folder, None, anew=False, as_json=False)


@pytest.mark.parametrize("change", ["received", "order"])
def test_a_clock_that_goes_back_is_none(folder: Path, change: str) -> None:
    path = folder / "observations.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    place = max(i for i, line in enumerate(lines) if line.startswith('{"samples"'))
    line = json.loads(lines[place])
    if change == "received":
        line["samples"]["took_ns"][-1] = -1
    else:
        line["samples"]["scheduled_ns"][0] = 0
    lines[place] = json.dumps(line) + "\n"
    path.write_text("".join(lines))
    with pytest.raises(UsageError, match=r"received before|not in the order"):
        load_run(folder)


@pytest.mark.parametrize("number", [0, 1, -1])
def test_a_run_that_lost_an_outcome_is_not_read_by_what_the_others_say(folder: Path, number: int) -> None:
    """Samples refer to outcomes by number: without one, each later one would stand for another."""
    path = folder / "observations.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    places = [place for place, line in enumerate(lines) if line.startswith('{"outcome"')]
    del lines[places[number]]
    path.write_text("".join(lines))
    with pytest.raises(UsageError, match="is not there"):
        load_run(folder)


def test_only_who_knows_its_checkers_judges_a_run_of_ones_own(folder: Path, tmp_path: Path) -> None:
    """Without them all would be unknown, and a report that said otherwise would be overwritten by that."""
    head = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    (folder / "run.json").write_text(json.dumps({**head, "experiment": "mine"}), encoding="utf-8")
    report = (folder / "report.md").read_bytes()
    with pytest.raises(UsageError, match="a run of mine, an experiment of your own") as refused:
        judge_again(folder, None, None, as_json=False)
    assert "--experiment FILE" in refused.value.hint
    with pytest.raises(UsageError, match="a run of mine, an experiment of your own"):
        render_again(folder, None, anew=True, as_json=False)
    with pytest.raises(UsageError, match=r"identity_persistence\.py defines identity-persistence"):
        judge_again(folder, None, find_experiment("identity-persistence"), as_json=False)
    assert (folder / "report.md").read_bytes() == report
    assert render_again(folder, None, anew=False, as_json=True) == 0
