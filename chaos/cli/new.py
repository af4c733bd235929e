"""`chaos new`: an experiment or a fault of one's own to begin with."""

from __future__ import annotations

import keyword
import re
import shlex
import sys
from importlib.machinery import PathFinder
from pathlib import Path

from chaos import experiment, templates
from chaos.cli.commands.new import Wanted
from chaos.cli.complete import KINDS_OF_NEW
from chaos.errors import UsageError
from chaos.experiment.definition import RESERVED
from chaos.faults.base import Fault
from chaos.shipped import shipped_files

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST = 40


def write_new(wanted: Wanted) -> int:
    """`chaos new`.

    Raises:
        UsageError: nothing of one's own can have that name, or something is there already.
    """
    if wanted.kind not in KINDS_OF_NEW:
        raise UsageError(f"chaos new writes no {wanted.kind}", hint=f"one of {', '.join(KINDS_OF_NEW)}")
    folder, name, fault = wanted.folder, _checked(wanted.name, wanted.kind), _checked(wanted.fault, "fault")
    if wanted.kind == "fault":
        if wanted.fault != templates.FAULT:
            raise UsageError("--fault is for an experiment, which uses it", hint=f"chaos new fault {wanted.fault}")
        _tell(_write(folder, templates.fault(name)), _next_of_a_fault(folder, name))
        return 0
    if name == fault:
        raise UsageError(f"the experiment and its fault cannot both be called {name}", hint="--fault names the fault")
    texts = templates.experiment(name, uses=fault)
    if not (folder / f"{templates.stem(fault)}.py").exists():
        texts |= templates.fault(fault)
    written = _write(folder, texts)
    _tell(written, _next_of_an_experiment(written[0]))
    return 0


def _checked(name: str, what: str) -> str:
    """The name with dashes.

    Raises:
        UsageError: nothing of one's own can have it.
    """
    name = name.removesuffix(".py").replace("_", "-")
    if not _NAME.fullmatch(name) or len(name) > _LONGEST:
        raise UsageError(
            f"{name!r} cannot be the name of {_article(what)} {what}",
            hint="small letters, digits and dashes, a letter first, at most 40; --folder says where it is written",
        )
    stem = templates.stem(name)
    if keyword.iskeyword(stem) or _is_module(stem):
        raise UsageError(f"{stem}.py would stand for the module {stem}, which is needed", hint="choose another name")
    shipped = shipped_files() if what == "experiment" else shipped_faults()
    if name in shipped:
        raise UsageError(f"{name} is the name of {_article(what)} {what} that ships with the tool")
    if what == "experiment" and name.startswith(RESERVED):
        raise UsageError(f"the name of an experiment does not begin with {' or '.join(RESERVED)}")
    return name


def _is_module(stem: str) -> bool:
    """Whether Python finds another module of that name, which a file in the working folder would hide."""
    if stem in sys.stdlib_module_names:
        return True
    here = Path.cwd()
    elsewhere = [path for path in sys.path if path and Path(path).absolute() != here]
    return PathFinder.find_spec(stem, elsewhere) is not None


def _article(what: str) -> str:
    return "an" if what == "experiment" else "a"


def shipped_faults() -> dict[str, type[Fault]]:
    """The tool's own faults, by their names: those of their classes, with dashes."""
    public = {name: getattr(experiment, name) for name in experiment.__all__}
    kinds = {name: one for name, one in public.items() if isinstance(one, type) and issubclass(one, Fault)}
    return {re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower(): one for name, one in kinds.items() if one is not Fault}


def _write(folder: Path, texts: dict[str, str]) -> list[Path]:
    """All or nothing.

    Raises:
        UsageError: one of them is there, or cannot be written.
    """
    paths = {folder / path: text for path, text in texts.items()}
    for path in paths:
        if path.exists():
            raise UsageError(f"{path} is already there, so nothing was written", hint="another name, or --folder DIR")
    try:
        for path, text in paths.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
    except OSError as exc:
        raise UsageError(f"{exc.filename or folder} cannot be written: {exc.strerror}") from exc
    return list(paths)


def _next_of_an_experiment(path: Path) -> list[str]:
    file = shlex.quote(_as_argument(path))
    return [f"chaos show {file}", f"chaos run {file} --sandbox", f"chaos run {file} --context NAME"]


def _next_of_a_fault(folder: Path, name: str) -> list[str]:
    where = f" --folder {shlex.quote(str(folder))}" if folder != Path() else ""
    return [
        f"chaos new experiment NAME --fault {name}{where}",
        f"or in an experiment of yours beside it: from .{templates.stem(name)} import {templates.class_of(name)}",
    ]


def _as_argument(path: Path) -> str:
    return str(path) if path.is_absolute() else f"./{path}"


def _tell(written: list[Path], then: list[str]) -> None:
    for path in written:
        print(f"wrote {_as_argument(path)}")
    print("next:")
    for line in then:
        print(f"  {line}")
