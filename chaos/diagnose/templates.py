"""Templates of manifests, which nobody has rendered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chaos.diagnose.not_read import NotRead, Why

_BRACES = ("{{", "{%")
_HELM = (".Values", ".Release", ".Chart", "include ", "template ", "toYaml", "nindent")
_HEAD = ("apiVersion", "kind")
_META = ("name", "generateName", "namespace", "labels")


def template_line(text: str) -> int:
    """The first line with braces of a template, counted from 1, comments left out; 0 where there is none."""
    for number, line in enumerate(text.split("\n"), 1):
        if any(brace in line for brace in _BRACES) and not line.lstrip().startswith("#"):
            return number
    return 0


def is_template(value: Any) -> bool:
    """Whether an object that could be read is a template all the same: braces where its name or its kind stands."""
    if not isinstance(value, dict):
        return False
    meta = value.get("metadata")
    named = [value.get(key) for key in _HEAD]
    named += [meta.get(key) for key in _META] if isinstance(meta, dict) else []
    return any(brace in str(one) for one in named for brace in _BRACES)


def unrendered(file: str, line: int, text: str) -> NotRead:
    """What is said of a template."""
    what = "it is a template that was not rendered, and what it makes was not looked at"
    if not any(word in text for word in _HELM):
        return NotRead(Why.TEMPLATE, file, line, what, "render it first, and give the result: … | chaos diagnose -f -")
    return NotRead(Why.TEMPLATE, file, line, what, rendered(chart_of(Path(file))))


def chart_of(path: Path) -> str:
    """The folder of the chart that a file is in, as a word for a command."""
    found = next((folder for folder in path.parents if (folder / "Chart.yaml").is_file()), None)
    return "CHART" if found is None else str(found)


def rendered(chart: str) -> str:
    """The command that looks at what a chart makes."""
    return f"helm template {chart} | chaos diagnose -f -"
