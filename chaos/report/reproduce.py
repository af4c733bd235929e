"""The command line that repeats a run, from the options that its run.json names."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

from chaos.model import RunMeta
from chaos.options import Duration, Flag, Option, options_in
from chaos.options.run import GROUPS_OF_RUN, UNSAID, Options

# Consent is shown only where this run's experiment needed it, since one command may have run several. Runs of earlier
# versions do not say which options they honoured; for these options the experiment's needs tell it.
_NEEDED_BY = {
    "allow-kube-system": "kube-system",
    "allow-nodes": "nodes",
    "cut-node": "node-commands",
    "join-node": "node-commands",
}


def command(meta: RunMeta) -> str:
    """As it would be typed; CONTEXT stands for the one to name, and … for what may hold a password."""
    parameters = meta.parameters
    words = ["chaos run", shlex.quote(f"./{parameters['file']}") if parameters.get("file") else meta.experiment]
    words += ["--sandbox", f"--seed {meta.seed}"] if meta.simulated else ["--context CONTEXT"]
    words += ["--realtime"] if meta.simulated and meta.environment.get("virtual_time") is False else []
    honoured = parameters.get("options")
    for group, values in (
        (Options, parameters),
        *((group, parameters.get(name) or {}) for name, (group, _) in GROUPS_OF_RUN.items()),
    ):
        for option in options_in(group):
            if _is_honoured(option, honoured, parameters):
                times = group is Options
                words += _typed(option, values.get(option.field), simulated=meta.simulated, times=times)
    for name, value in (parameters.get("own") or {}).items():
        words += _own(name, value)
    changed = [d for d in meta.model if d.get("source") == "set for this run"]
    words += [f"--model {d['name']}={d['low']:g}..{d['high']:g}" for d in changed]
    return " ".join(words)


def _is_honoured(option: Option[Any], honoured: Any, parameters: dict[str, Any]) -> bool:
    if isinstance(honoured, list):
        return option.name in honoured
    needs = parameters.get("needs")
    return option.name not in _NEEDED_BY or needs is None or _NEEDED_BY[option.name] in needs


def _typed(option: Option[Any], value: Any, *, simulated: bool, times: bool) -> Iterator[str]:
    """Nothing for a default, but for times of the measuring, which are what figures are as precise as."""
    default = option.simulated[0] if simulated and option.simulated else option.default
    if value is False and default is True:
        yield f"--no-{option.name}"
    if value is None or value == "" or value is False or value in ([], ()):
        return
    if value == default and not (times and isinstance(option.kind, Duration)):
        return
    if option.secret:
        yield f"{option.flag} {UNSAID}"
    elif isinstance(value, list | tuple):
        yield from (f"{option.flag} {shlex.quote(str(one))}" for one in value)
    elif isinstance(option.kind, Flag):
        yield option.flag
    else:
        yield f"{option.flag} {shlex.quote(_written(option, value))}"


def _written(option: Option[Any], value: Any) -> str:
    """The value as it is typed; one of another type, as somebody may write into run.json, as plain text."""
    try:
        return option.kind.write(value)
    except (TypeError, ValueError):
        return str(value)


def _own(name: str, value: Any) -> list[str]:
    """Of an experiment of one's own, whose options are not known here; of a secret it is known that there was one."""
    if value is None or value in ("", []):
        return []
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, list | tuple):
        return [f"--{name} {shlex.quote(str(one))}" for one in value]
    return [f"--{name} {value if value == UNSAID else shlex.quote(str(value))}"]
