"""A run's report as a reader finds it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from chaos.analysis.checkers import CHECKERS, judge
from chaos.analysis.reading import Reading
from chaos.engine.conclusion import ending_of
from chaos.model import History, VerdictOutcome, WatchGap
from chaos.report import write_report
from chaos.report.as_text import as_text
from tests.histories import FORCED, Builder, Story, ns, pod_replacement
from tests.saying import said

SVG = "{http://www.w3.org/2000/svg}"


def written(folder: Path, history: History) -> str:
    concluded = said(history)
    write_report(folder, Reading(history), concluded, ending_of(history, list(concluded.verdicts)))
    return (folder / "report.md").read_text(encoding="utf-8")


def picture(folder: Path) -> ET.Element:
    return ET.fromstring((folder / "timeline.svg").read_text(encoding="utf-8"))


def test_a_simulated_run_says_so_in_the_first_line_and_prints_its_model(tmp_path: Path) -> None:
    text = written(tmp_path, pod_replacement())
    history = pod_replacement()
    assert text.splitlines()[0] == ending_of(history, judge(Reading(history), CHECKERS)).line
    assert "(simulated): " in text.splitlines()[0]
    assert "| kubelet.start | 0.04 | 0.085 | s | lab |" in text
    title = picture(tmp_path).find(f"{SVG}title")
    assert title is not None
    assert (title.text or "").startswith("Simulated: ")


def test_a_real_run_does_not(tmp_path: Path) -> None:
    text = written(tmp_path, pod_replacement(simulated=False))
    assert text.splitlines()[2].startswith("# identity-persistence")
    assert "imulated" not in text
    assert "--context CONTEXT" in text


def folds(text: str) -> list[str]:
    """The titles of what is folded."""
    return [line[9:-10] for line in text.splitlines() if line.startswith("<summary>")]


def test_what_a_reader_needs_first_stands_first_and_the_rest_is_folded(tmp_path: Path) -> None:
    history = pod_replacement()
    concluded = replace(said(history, headline="It took a while."), recommendation="Do it otherwise.")
    write_report(tmp_path, Reading(history), concluded, ending_of(history, list(concluded.verdicts)))
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    before = text.partition("<details>")[0]
    parts = ("**It took a while.**", "**Recommendation:** Do it otherwise.", "![time line](timeline.svg)", "## Answers")
    places = [before.index(part) for part in parts]
    assert places == sorted(places)
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## Answers"]
    assert folds(text) == [
        "Verdicts: 6 ok, 2 unknown",
        "Stages",
        "Identity",
        "What clients saw",
        "DNS records",
        "Environment",
        "Simulated cluster: what it was modelled with",
        "What could not be measured, and what measuring cost",
        "How to reproduce",
    ]


def test_a_table_in_a_fold_is_one_for_github(tmp_path: Path) -> None:
    """Between HTML and Markdown it needs an empty line."""
    lines = written(tmp_path, pod_replacement()).splitlines()
    for number, line in enumerate(lines):
        if line.startswith("<summary>"):
            assert (lines[number - 1], lines[number + 1]) == ("<details>", "")
        if line == "</details>":
            assert lines[number - 1] == ""
    assert lines.count("<details>") == lines.count("</details>") == len(folds("\n".join(lines)))


def test_text_from_a_cluster_ends_no_fold(tmp_path: Path) -> None:
    history = pod_replacement()
    history.meta.environment["odd"] = "</details><b>"
    text = written(tmp_path, history)
    assert "| odd | &lt;/details>&lt;b> |" in text
    assert "## Environment" in as_text(text)
    assert "| odd | </details><b> |" in as_text(text)


@pytest.mark.parametrize("outcome", [VerdictOutcome.FAIL, VerdictOutcome.UNKNOWN])
def test_why_a_check_did_not_hold_is_not_folded(tmp_path: Path, outcome: VerdictOutcome) -> None:
    history = pod_replacement()
    concluded = said(history)
    wrong = replace(concluded.verdicts[0], outcome=outcome, text="It is another one; and nobody looked.")
    concluded = replace(concluded, verdicts=(wrong, *concluded.verdicts[1:]))
    write_report(tmp_path, Reading(history), concluded, ending_of(history, list(concluded.verdicts)))
    text = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert f"- {wrong.checker}: **{outcome}**. It is another one; and nobody looked." in text.partition("## Answers")[0]
    assert (
        folds(text)[0] == {"fail": "Verdicts: 1 fail, 5 ok, 2 unknown", "unknown": "Verdicts: 3 unknown, 5 ok"}[outcome]
    )


def test_a_run_that_knows_which_parameters_of_the_model_it_used_lists_only_those(tmp_path: Path) -> None:
    history = pod_replacement()
    history.meta.model = [{**history.meta.model[0], "name": name, "drawn": name == "used"} for name in ("used", "idle")]
    text = written(tmp_path, history)
    assert "The parameters that this run used:" in text
    assert "| used | 0.04 |" in text
    assert "| idle |" not in text


def test_the_corefile_is_verbatim(tmp_path: Path) -> None:
    text = written(tmp_path, pod_replacement())
    assert (
        "```\n.:53 {\n    kubernetes cluster.local in-addr.arpa {\n        ttl 30\n    }\n    cache 30\n}\n```" in text
    )


@pytest.mark.parametrize("status", ["interrupted", "incomplete"])
def test_a_run_cut_short_says_so_before_anything_else(tmp_path: Path, status: str) -> None:
    history = pod_replacement()
    history.status = status
    history.faults[0] = replace(history.faults[0], ended_ns=None)
    text = written(tmp_path, history)
    assert text.index(f"**This run is {status}.**") < text.index("## Answers")
    assert f"The run is {status}: what came after its end is missing." in text


def test_a_run_without_a_trial_is_still_a_report(tmp_path: Path) -> None:
    text = written(tmp_path, Builder().done())
    assert "**No fault was injected**" in text
    assert "There was no replacement to divide." in text
    assert picture(tmp_path).tag == f"{SVG}svg"


def test_every_table_row_has_as_many_cells_as_its_heading(tmp_path: Path) -> None:
    history = pod_replacement(Story(), Story())
    history.faults[0].parameters["odd"] = "a|b"
    history.meta.environment["odd"] = "a|b\nc"
    lines = written(tmp_path, history).splitlines()
    width = 0
    for line in lines:
        if not line.startswith("|"):
            width = 0
            continue
        cells = line.replace("\\|", "").count("|")
        width = width or cells
        assert cells == width, line


def test_what_could_not_be_measured_is_listed(tmp_path: Path) -> None:
    history = pod_replacement()
    history.gaps.append(WatchGap("Pod", ns(2), ns(3), "expired"))
    history.meta.measurement["ended_early"] = "the API server was lost"
    text = written(tmp_path, history)
    assert "Watch of Pod disturbed from 2.000 to 3.000 s (expired)." in text
    assert "It ended early: the API server was lost" in text
    assert "Whether scheduled connections were missed was not recorded." in text


def test_what_was_not_undone_is_told_before_the_answers(tmp_path: Path) -> None:
    history = pod_replacement()
    history.meta.measurement["not_undone"] = ["Namespace x could not be deleted: no rights"]
    text = written(tmp_path, history)
    assert text.startswith("NOT UNDONE (simulated): Namespace x could not be deleted: no rights; ")
    assert text.index("> **Not undone:** Namespace x") < text.index("## Answers")


def test_the_command_to_reproduce_names_seed_and_limits(tmp_path: Path) -> None:
    history = pod_replacement()
    history.meta.parameters |= {"trials": 2, "grace_s": None, "force": True, "period_s": 0.01}
    assert "chaos run identity-persistence --sandbox --seed 7 --trials 2 --force --within 1m --period 10ms" in written(
        tmp_path, history
    )


def test_the_command_to_reproduce_names_the_precision(tmp_path: Path) -> None:
    history = pod_replacement()
    history.meta.parameters |= {"trials": None, "until_precision": 0.07, "max_trials": 60}
    assert "--sandbox --seed 7 --until-precision 7% --max-trials 60 --within 1m" in written(tmp_path, history)


def test_the_command_to_reproduce_has_options_of_ones_own_as_they_are_typed(tmp_path: Path) -> None:
    history = pod_replacement()
    own = {"keys": 5, "names": ["a b", "c"], "label": "", "token": "…", "fast": True, "slow": False, "none": None}
    history.meta.parameters |= {"file": "mine.py", "own": own}
    history.meta.environment["virtual_time"] = False
    text = written(tmp_path, history)
    assert "chaos run ./mine.py --sandbox --seed 7 --realtime " in text
    assert "--keys 5 --names 'a b' --names c --token … --fast --no-slow\n" in text


def test_the_picture_has_a_lane_for_each_pod_view_and_client(tmp_path: Path) -> None:
    written(tmp_path, pod_replacement(FORCED))
    labels = {text.text for text in picture(tmp_path).iter(f"{SVG}text")}
    assert {
        "web-0 (target)",
        "A web-0.web @ coredns-a",
        "A web-0.web @ coredns-b",
        "A web-0.web @ service",
        "HTTP by name",
        "HTTP by ClusterIP",
        "open connection",
        "HTTP at old 10.244.1.4",
        "HTTP at new 10.244.1.41",
    } <= labels


def test_every_state_has_a_pattern_of_its_own_and_all_used_ones_are_defined(tmp_path: Path) -> None:
    written(tmp_path, pod_replacement())
    root = picture(tmp_path)
    patterns = {p.get("id"): ET.tostring(p) for p in root.iter(f"{SVG}pattern")}
    used = {(r.get("fill") or "")[5:-1] for r in root.iter(f"{SVG}rect") if (r.get("fill") or "").startswith("url(#")}
    assert used <= set(patterns)
    shapes = [patterns[state].partition(b">")[2] for state in ("right", "stale", "absent", "unknown")]
    assert len(set(shapes)) == 4
    assert sum(b"circle" in s or b"path" in s or s.count(b"rect") > 1 for s in shapes) == 3


def test_the_picture_shows_the_slowest_trial_and_says_so(tmp_path: Path) -> None:
    written(tmp_path, pod_replacement(Story(), Story().shifted(0.5), Story()))
    title = picture(tmp_path).find(f"{SVG}title")
    assert title is not None
    assert title.text == "Simulated: web-1, trial 2: delete-pod (the slowest of 3 replacements)"


def test_the_same_history_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        written(tmp_path / name, pod_replacement())
    for file in sorted((tmp_path / "one").iterdir()):
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), file.name


def test_the_stages_say_what_their_seconds_count_from(tmp_path: Path) -> None:
    assert "Seconds since t0, which each pod has of its own: when its deletion was accepted. One column" in written(
        tmp_path, pod_replacement()
    )
    history = pod_replacement(Story(), Story())
    history.faults[0] = replace(history.faults[0], fault="rolling-update")
    text = written(tmp_path, history)
    assert "Seconds since t0, which each pod has of its own; the head of its column says which. One column" in text
    assert "| stage | 1: web-0, since its deletion was first seen | 2: web-1, since its deletion was accepted |" in text
