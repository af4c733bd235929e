"""Writes the tables of docs/options.md and docs/schemas/parameters.json from the options themselves.

python tools/update_options.py
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from chaos.cli.command import Command  # noqa: E402 - the path must be there first
from chaos.cli.commands import NAMES, PARTS  # noqa: E402
from chaos.errors import UsageError  # noqa: E402
from chaos.experiment import Experiment, load_experiments  # noqa: E402
from chaos.options import Option, Trust, everyone, options_in  # noqa: E402
from chaos.options.run import GROUPS_OF_RUN, Options  # noqa: E402
from chaos.options.table import known_options  # noqa: E402
from chaos.plugins import load  # noqa: E402

PAGE = ROOT / "docs" / "options.md"
SCHEMA = ROOT / "docs" / "schemas" / "parameters.json"
_IN_PROFILE = {Trust.ANYWHERE: "yes", Trust.ENVIRONMENT: "`--config`", Trust.NAMED: "`--config`", Trust.TYPED: "no"}
_MARK = "(here)"
_TEXTS = {"type": "array", "items": {"type": "string"}}


def commands() -> dict[str, Command]:
    """Each command by its name."""
    names = [whole for name in NAMES for whole in (name, *(f"{name} {part}" for part in PARTS.get(name, ())))]
    return {name: load(f"chaos.cli.commands.{name.replace(' ', '_')}").command for name in names}


def run_table() -> str:
    """One row an option of `chaos run`."""
    experiments = load_experiments()
    rows = [_row(("option", "variable", "in a profile", "value", "default", "what it does", "honoured by"))]
    rows.append("|---|---|---|---|---|---|---|")
    for one in commands()["run"].options():
        if one.hidden:
            continue
        flags = ", ".join(f"`{flag}`" for flag in (one.flag, one.short) if flag)
        profile = _IN_PROFILE[one.trust] if one.name in known_options() else "no"
        variable = "`CHAOS_PROFILE`" if one.name == "profile" else _code(one.variable)
        default = _default(one)
        rows.append(_row((flags, variable, profile, _value(one), default, one.help, _honoured(one, experiments))))
    return "\n".join(rows)


def other_table() -> str:
    """One row an option that `chaos run` does not have."""
    rows = [_row(("command", "option", "variable", "value", "default", "what it does")), "|---|---|---|---|---|---|"]
    mine = {one.name: one for one in commands()["run"].options()}
    for name, command in commands().items():
        for one in command.options():
            if one.hidden or (one.name in mine and mine[one.name].help == one.help):
                continue
            flags = ", ".join(f"`{flag}`" for flag in (one.flag, one.short) if flag)
            rows.append(_row((f"`{name}`", flags, _code(one.variable), _value(one), _default(one), one.help)))
    return "\n".join(rows)


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _default(one: Option[Any]) -> str:
    return one.default_said or _code(one.shown_default())


def _value(one: Option[Any]) -> str:
    """What stands for it, and between what it must lie."""
    if one.is_flag:
        return "flag"
    return f"{_code(one.kind.metavar)} {one.kind.between()}".strip()


def _honoured(one: Option[Any], experiments: Sequence[Experiment]) -> str:
    """By whom."""
    if one.honoured_by is everyone:
        return "every experiment"
    names = [experiment.name for experiment in experiments if experiment.honours(one)]
    others = [experiment.name for experiment in experiments if not experiment.honours(one)]
    if not others:
        return "every experiment that ships"
    return f"all but {', '.join(others)}" if len(others) < len(names) else ", ".join(names)


def schema() -> dict[str, Any]:
    """JSON Schema of `parameters` in run.json."""
    options = {one.field: _in_run_json(one) for one in options_in(Options)}
    nested = {name: _object(group, said) for name, (group, said) in GROUPS_OF_RUN.items()}
    rest: dict[str, dict[str, Any]] = {
        "own": {
            "type": "object",
            "description": "Options of the experiment's own, by name; of secret ones whether given.",
        },
        "hypothesis": {"type": "string", "description": "Of the experiment."},
        "file": {"type": "string", "description": "Name of the file of an experiment of one's own."},
        "needs": {**_TEXTS, "description": "What the experiment needs beyond a namespace."},
        "options": {**_TEXTS, "description": "Names of the options that the experiment honours."},
        "checkers": {**_TEXTS, "description": "Names of the experiment's checkers, in order."},
        "questions": {**_TEXTS, "description": "Keys of the questions that the experiment answers."},
        "tables": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "description": "Kind of note → caption of its table.",
        },
        "dns_period_s": {
            "type": "number",
            "description": "Between queries as planned; longer than asked under --max-qps.",
        },
        "planned_queries_per_s": {"type": "number", "description": "DNS queries per second in all, as planned."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "parameters of run.json",
        "description": "What a run was asked for, and what its experiment is. A key ending in _s is in seconds.",
        "type": "object",
        "properties": options | nested | rest,
        "required": [*options, *nested, "hypothesis", "checkers", "questions", "tables"],
        "additionalProperties": False,
    }


def _object(group: type, description: str) -> dict[str, Any]:
    properties = {one.field: _in_run_json(one) for one in options_in(group)}
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _in_run_json(one: Option[Any]) -> dict[str, Any]:
    """Of one option; a default that cannot be given is a value too."""
    if one.secret:
        return {"type": "boolean", "description": f"Whether it was given. {one.help}"}
    found = one.kind.schema()
    may_be = [value for value in (one.default, *one.simulated) if not _can_be(one, value)]
    if may_be:
        found = {"anyOf": [found, *({"const": value} for value in dict.fromkeys(may_be))]}
    default = list(one.default) if isinstance(one.default, tuple) else one.default
    return {**found, "description": one.help, "default": default}


def _can_be(one: Option[Any], value: Any) -> bool:
    if value is None:
        return False
    try:
        one.check(value)
    except UsageError:
        return False
    return True


def updated(text: str) -> str:
    """The page with today's tables between its marks."""
    for mark, table in (("run", run_table()), ("others", other_table())):
        pattern = rf"(<!-- {mark} -->\n).*?(<!-- /{mark} -->)"
        text, count = re.subn(pattern, rf"\1{_MARK}\2", text, flags=re.DOTALL)
        if count != 1:
            raise ValueError(f"{count} blocks {mark!r}")
        text = text.replace(_MARK, f"{table}\n")  # not by a pattern, in which a backslash has a meaning
    return text


def schema_text() -> str:
    """The file's content."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    SCHEMA.parent.mkdir(exist_ok=True)
    SCHEMA.write_text(schema_text(), encoding="utf-8")
