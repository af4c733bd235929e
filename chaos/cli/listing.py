"""`chaos list`. The files are read and not executed, since to import what experiments import takes a second."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

from chaos.cli.folded import print_under
from chaos.options.output import FormatOptions
from chaos.shipped import shipped_files

_HEAD = re.compile(r"^experiment = Experiment\(\n.*?^\)", re.MULTILINE | re.DOTALL)
_MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Entry:
    """What a list says of an experiment.

    Attributes:
        needs: besides a cluster and a namespace.
        duration_s: usual, on a real cluster.
        real_cluster_only: whether the sandbox does not model what it measures.
    """

    name: str
    summary: str
    needs: tuple[str, ...]
    duration_s: float
    real_cluster_only: bool


def show_list(told: FormatOptions) -> int:
    """Print the shipped experiments."""
    entries = shipped()
    if told.as_json:
        print(json.dumps([asdict(entry) for entry in entries], indent=2))
        return 0
    width = max(len(entry.name) for entry in entries)
    needed = max(len(_needs(entry)) for entry in entries)
    print_under(f"{'EXPERIMENT':<{width}}  {'TAKES':>5}  {'NEEDS':<{needed}}  ", "WHAT IT DOES")
    for entry in entries:
        print_under(f"{entry.name:<{width}}  {_takes(entry):>5}  {_needs(entry):<{needed}}  ", entry.summary)
    return 0


def shipped() -> list[Entry]:
    """All that ship with the tool, by name."""
    return [entry for path in shipped_files().values() if (entry := entry_of(path)) is not None]


def entry_of(path: Path) -> Entry | None:
    """What the head of an experiment's file says; None where it has none."""
    text = path.read_text(encoding="utf-8")
    head = _HEAD.search(text)
    if head is None:
        return None
    call = ast.parse(head.group()).body[0].value.keywords  # type: ignore[attr-defined]
    said = {word.arg: word.value for word in call}
    needs = ast.literal_eval(said["needs"]) if "needs" in said else ()
    duration_s = ast.literal_eval(said["duration_s"]) if "duration_s" in said else _MINUTE_S
    summary = text.removeprefix('"""').partition("\n")[0].removesuffix('"""')
    own = tuple(need for need in needs if need != "real-cluster")
    return Entry(ast.literal_eval(said["name"]), summary, own, duration_s, "real-cluster" in needs)


def _takes(entry: Entry) -> str:
    return f"{entry.duration_s:g}s"


def _needs(entry: Entry) -> str:
    return ", ".join([*(["real cluster only"] if entry.real_cluster_only else []), *entry.needs]) or "-"
