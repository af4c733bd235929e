"""Writes docs/reference: what a method may call, what each fault does, and how what a run writes down is called.

python tools/update_reference.py

All of it is in the code: signatures, docstrings, fields. The names of records are those of a run on the sandbox.
The files that CONTRIBUTING.md shows whole are put there too.
"""

from __future__ import annotations

import inspect
import re
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import chaos.experiment  # noqa: E402 - the path must be there first
import kubesim  # noqa: E402
from chaos.cli.new import shipped_faults  # noqa: E402
from chaos.cluster.address import ClusterAddress  # noqa: E402
from chaos.cluster.changes import Changes  # noqa: E402
from chaos.engine.execution import Execution  # noqa: E402
from chaos.engine.place import Place  # noqa: E402
from chaos.engine.progress import Silence  # noqa: E402
from chaos.experiment import Fault, Note, Options, Run, Target, find_experiment  # noqa: E402
from chaos.experiment.run import ClusterDns, Objects  # noqa: E402
from chaos.model import ClusterEvent, FaultWindow, History, Outcome, Series  # noqa: E402
from kubesim import run_virtual  # noqa: E402
from tools.docstrings import attributes, cell, prose, summary  # noqa: E402
from tools.reference_names import names_page  # noqa: E402
from tools.signatures import call  # noqa: E402

CONTRIBUTING = ROOT / "CONTRIBUTING.md"
FOLDER = ROOT / "docs" / "reference"
_MADE = "Made by `python tools/update_reference.py`; a test fails where the code says something else."


def pages() -> dict[str, str]:
    """File name → text."""
    return {
        "faults.md": faults_page(),
        "names.md": _text(names_page(_MADE)),
        "records.md": records_page(),
        "run.md": run_page(),
    }


def contributing(text: str) -> str:
    """CONTRIBUTING.md with the files that it shows: each follows a comment with its path."""

    def shown(found: re.Match[str]) -> str:
        content = (ROOT / found["path"]).read_text(encoding="utf-8").rstrip()
        return f"<!-- {found['path']} -->\n```{found['language']}\n{content}\n```\n"

    return re.sub(r"<!-- (?P<path>\S+) -->\n```(?P<language>\w+)\n.*?\n?```\n", shown, text, flags=re.DOTALL)


# ---- what a method may call ----


def run_page() -> str:
    """Every public method of `Run` and of what it offers."""
    lines = ["# What a method may call", "", _MADE, "", "A method is `async def method(run: Run) -> None`."]
    for kind, title in (
        (Run, "run"),
        (Target, "run.target"),
        (Objects, "run.objects"),
        (ClusterDns, "run.cluster_dns"),
    ):
        doc = [] if kind is Run else ["", *prose(kind)]
        lines += ["", f"## `{title}`", *doc]
        for name, member in vars(kind).items():
            if not name.startswith("_"):
                lines += _member(title, name, member)
    return _text(lines)


def _member(of: str, name: str, member: Any) -> Iterator[str]:
    function = member.fget if isinstance(member, property) else member
    if not inspect.isfunction(function):
        return
    said = list(prose(function))
    shown = call(f"{of}.{name}", member, bound=True)
    yield from ("", f"### `{shown}`")
    if said:
        yield ""
        yield from said


# ---- what can be done to a target ----


def faults_page() -> str:
    """Every shipped fault."""
    lines = ["# Faults", "", _MADE, "", "## What every fault has, one of your own too", "", *prose(Fault)]
    for name, member in vars(Fault).items():
        lines += [] if name.startswith("_") else _member("fault", name, member)
    for kind in shipped_faults().values():
        lines += ["", f"## `{kind.__name__}`", "", *_fault(kind)]
    lines += ["", "## What `inject` may call", "", *summary(Changes)]
    for name, member in vars(Changes).items():
        if not name.startswith("_") and name != "undo":  # which is the run's own
            lines += _member("changes", name, member)
    return _text(lines)


def _fault(kind: type[Fault]) -> Iterator[str]:
    meanings = attributes(kind)
    yield from summary(kind)
    yield from ("", "| parameter | type | default | meaning |", "|---|---|---|---|")
    for one in fields(kind):  # type: ignore[arg-type]  # each kind is a dataclass
        default = "" if one.default is MISSING else f"`{one.default!r}`"
        default = "filled in" if one.default_factory is not MISSING else default
        yield f"| `{one.name}` | `{cell(one.type)}` | {default} | {cell(meanings.get(one.name, ''))} |"
    targets = [one.name for one in fields(kind) if "PodIdentity" in str(one.type)]  # type: ignore[arg-type]  # as above
    yield ""
    yield f"- targets: {f'the pods of `{targets[0]}`' if targets else 'no pod'}"
    yield f"- replaces its targets: {'yes' if kind.replaces else 'no'}"
    seen = "when the watch first showed its deletion; else " if kind.one_by_one else ""
    if targets:
        yield f"- t0 of a target: {seen}when {kind.words.what}"
    yield f"- undo: {kind.undone}"


# ---- what a run writes down ----


def records_page() -> str:
    """Series, outcomes, faults, events, and notes."""
    history = _a_run()
    lines = ["# What a run writes down", "", _MADE]
    lines += ["", "## Series", ""]
    lines += ["A run of identity-persistence asks for these; `reading.series_of(probe=…, record=…)` finds them.", ""]
    lines += ["| probe | record | view | pod |", "|---|---|---|---|", *_series_rows(history)]
    lines += ["", "Of a dual-stack service `AAAA` records are asked for beside `A`. What the method watches itself is"]
    lines += ['called after what it was told: `run.watch_name("web.other.svc.cluster.local.", label="x")` gives']
    lines += ["`A web.other.svc.cluster.local. (x)`.", "", "The fields of a series:", "", *_field_list(Series)]
    lines += ["", "## Outcomes", "", "Of each sample; `reading.sampled(…)` gives them.", "", *_field_list(Outcome)]
    lines += ["", "## Faults", "", "`reading.faults`.", "", *_field_list(FaultWindow)]
    lines += ["", "## Events", ""]
    kinds = ", ".join(f"`{kind}`" for kind in sorted({event.kind for event in history.events}))
    lines += [f"`reading.events`: what the watches showed, of {kinds}.", "", *_field_list(ClusterEvent)]
    lines += ["", "## Marks", "", "`reading.marks`: (instant, what, details). That run wrote:", ""]
    lines += ["| what | details |", "|---|---|"]
    marks = {what: details for _, what, details in history.marks}
    lines += [f"| `{what}` | {', '.join(f'`{key}`' for key in marks[what])} |" for what in sorted(marks)]
    lines += ["", "## Notes", "", "Marks that `run.note` writes and `note` and `notes` read. These are there already;"]
    lines += ["one of your own is a class that derives from `Note`."]
    for kind in sorted(_notes(), key=lambda one: one.__name__):
        lines += ["", f"### `{kind.__name__}`, written as `{kind.kind}`", "", *summary(kind), "", *_field_list(kind)]
    return _text(lines)


def _a_run() -> History:
    """One run on the sandbox, in virtual time."""

    async def run() -> History:
        async with kubesim.Cluster(seed=1) as sandbox:
            address = ClusterAddress(url=sandbox.url, connector=sandbox.connector())
            place = Place(address, sandbox.vantage, "sandbox", simulated=True, virtual_time=True, seed=1)
            options = Options(trials=1, grace_s=1, period_s=0.5, max_qps=None)
            experiment = find_experiment("identity-persistence")
            with tempfile.TemporaryDirectory() as folder:
                running = Execution(experiment, options, place, Path(folder), Silence(), lambda *_: None)
                return (await running.run()).history

    return run_virtual(run())


def _series_rows(history: History) -> list[str]:
    """Each kind of series once: of one pod and of the service; what differs from cluster to cluster is in capitals."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for series in history.series:
        if series.pod not in ("", "web-0"):
            continue
        view = series.view if series.view in ("", "service") else "a DNS server's pod"
        record = re.sub(r"\b\d+\.\d+\.\d+\.\d+\b", "ADDRESS", series.record)
        rows.setdefault((series.probe, record, series.pod), []).append(view)
    return [
        f"| {probe} | `{record}` | {', '.join(dict.fromkeys(v for v in views if v)) or 'none'} | {pod or 'none'} |"
        for (probe, record, pod), views in sorted(rows.items())
    ]


def _notes() -> Iterator[type[Note]]:
    """All that the facade offers."""
    for name in chaos.experiment.__all__:
        kind = getattr(chaos.experiment, name)
        if isinstance(kind, type) and issubclass(kind, Note) and kind is not Note:
            yield kind


def _field_list(kind: type) -> Iterator[str]:
    meanings = attributes(kind)
    for one in fields(kind):
        if one.name != "at_ns" or not issubclass(kind, Note):
            meaning = meanings.get(one.name, "")
            yield f"- `{one.name}`: `{one.type}`" + (f", {meaning}" if meaning else "")


def _text(lines: Iterable[str]) -> str:
    return "\n".join(line.replace("``", "`") for line in lines).rstrip() + "\n"


def main() -> None:
    """Write them."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    CONTRIBUTING.write_text(contributing(CONTRIBUTING.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
