"""Profiles: options by name for a cluster or a job, in a file `chaos.toml`.

[profile.nightly]
trials = 5
period = "5ms"

[profile.nightly.my-experiment]  # options of an experiment of one's own
keys = 200
"""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from chaos.errors import UsageError
from chaos.nearest import did_you_mean
from chaos.options.option import Option, Trust

FILE = "chaos.toml"
_TABLE = "profile"
_SLIP = 0.85
_LARGEST = 65_536  # bytes; nobody writes so many options, and tomllib takes a second for the worst of them
_LONGEST_LINE = 4_000  # characters; for a key of twice as many parts tomllib takes seconds
_MISSING = object()


@dataclass(frozen=True)
class Profile:
    """One profile.

    Attributes:
        name: of it.
        path: of its file.
        named: whether the user named the file; then it may say what a file that lies around may not.
        values: by the option's name, as TOML has them.
        own: the same for experiments of one's own, by the experiment's name.
    """

    name: str
    path: Path
    named: bool
    values: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def describe(self) -> str:
        """For messages."""
        return f"profile {self.name} of {self.path}"

    def of(self, own: Mapping[str, Iterable[Option[Any]]]) -> dict[str, Any]:
        """The values where these experiments are run.

        Args:
            own: options of each experiment's own, by its name.

        Raises:
            UsageError: the profile says of an experiment what it does not have, or of two of them what differs.
        """
        values = dict(self.values)
        says: dict[str, tuple[str, Any]] = {}
        for experiment, options in own.items():
            self._check_slip(experiment)
            known = {one.name: one for one in options}
            table = self.table_of(experiment, known)
            for name, option in known.items():
                value = table.get(name, _MISSING)
                other, others = says.setdefault(name, (experiment, value))
                if value != others:
                    raise UsageError(
                        f"{self.describe()} does not say the same {name} for {other} and for {experiment}",
                        hint=f"say it once for both with {option.flag}, or run them one at a time",
                    )
        return values | {name: value for name, (_, value) in says.items() if value is not _MISSING}

    def unread(self, own: Mapping[str, object]) -> list[str]:
        """What it says of other experiments, where one of one's own is run; sentences."""
        others = sorted(self.own.keys() - own.keys()) if own else []
        return [f"[{_TABLE}.{self.name}.{other}] of {self.path} is of no experiment that is run" for other in others]

    def _check_slip(self, experiment: str) -> None:
        """A table of another experiment is nobody's business here, unless its name is this one's with a slip.

        Raises:
            UsageError: it is.
        """
        if experiment not in self.own and (close := get_close_matches(experiment, self.own, n=1, cutoff=_SLIP)):
            raise UsageError(
                f"{self.describe()} has a table {close[0]!r}, which is of no experiment that is run",
                hint=f"did you mean [{_TABLE}.{self.name}.{experiment}]?",
            )

    def table_of(self, experiment: str, known: Mapping[str, Option[Any]]) -> dict[str, Any]:
        """What it says of one experiment.

        Raises:
            UsageError: the experiment does not have such an option, or this file may not say it.
        """
        values: dict[str, Any] = {}
        where = f"[{_TABLE}.{self.name}.{experiment}] of {self.path}"
        for key, value in self.own.get(experiment, {}).items():
            name = _dashed(key)
            if name not in known:
                hint = did_you_mean(name, known) if known else f"options of chaos run stand in [{_TABLE}.{self.name}]"
                raise UsageError(f"{where} names an option {key!r} that {experiment} does not bring", hint=hint)
            if name in values:
                raise UsageError(f"{where} says {name} twice, with dashes and with underscores", hint="leave one out")
            _check_trust(self, known[name], value)
            values[name] = value
        return values


def read_profile(name: str, config: Path | None, known: Mapping[str, Option[Any]]) -> Profile:
    """The profile of that name.

    Args:
        name: of the profile.
        config: the file; None: the ``chaos.toml`` of the working folder, which may say less.
        known: all options of all commands.

    Raises:
        UsageError: there is none, or it says what it cannot.
    """
    path = config if config is not None else Path(FILE)
    tables = _tables(path, named=config is not None)
    if name not in tables:
        raise UsageError(
            f"{path} has no profile {name!r}",
            hint=did_you_mean(name, tables) if tables else f"it has no [{_TABLE}.NAME]",
        )
    table = tables[name]
    own = {key: value for key, value in table.items() if isinstance(value, dict)}
    profile = Profile(name, path, config is not None, _values(table, known, f"profile {name} of {path}"), own)
    for key, value in profile.values.items():
        _check_trust(profile, known[key], value)
    return profile


def _values(table: dict[str, Any], known: Mapping[str, Option[Any]], where: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    own = f"options of an experiment of your own stand in a table named after it: [{_TABLE}.NAME.EXPERIMENT]"
    for key, value in table.items():
        if isinstance(value, dict) and _dashed(key) not in known:
            continue  # of an experiment of one's own, which reads it when it is run
        if _dashed(key) not in known:
            raise UsageError(
                f"{where} names {key!r}, which is no option of profiles", hint=did_you_mean(key, known) or own
            )
        if _dashed(key) in values:
            raise UsageError(
                f"{where} says {_dashed(key)} twice, with dashes and with underscores", hint="leave one out"
            )
        values[_dashed(key)] = value
    return values


def _dashed(key: str) -> str:
    return key.replace("_", "-")


def _check_trust(profile: Profile, option: Option[Any], value: object) -> None:
    """A file that happens to lie in the folder decides nothing about commands, clusters and consent."""
    if profile.named or (option.trust is Trust.ANYWHERE and not option.distrusted(value)):
        return
    raise UsageError(
        f"{profile.describe()} says {option.name}, which is taken from the command line only, or from a file that you "
        "name: it runs a command, says where to run or where data go, or gives consent",
        hint=f"say {option.flag}; or, if the file is yours, name it: --config {profile.path}",
    )


def _tables(path: Path, *, named: bool) -> dict[str, dict[str, Any]]:
    """The profiles of a file."""
    text = _read(path, named=named)
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > _LONGEST_LINE:
            raise UsageError(f"{path}: line {number} is longer than {_LONGEST_LINE} characters", hint="split it")
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as exc:  # ValueError: also of numbers with thousands of digits
        raise UsageError(
            f"{path} is no TOML: {exc}", hint='such as: [profile.nightly] and below it: period = "5ms"'
        ) from exc
    for key in document:
        if key != _TABLE:
            raise UsageError(
                f"{path} has {key!r}, and can have tables [{_TABLE}.NAME] only",
                hint=f"options stand below such a line: [{_TABLE}.nightly]",
            )
    tables = document.get(_TABLE, {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise UsageError(
            f"{path}: {_TABLE} must have tables, each once",
            hint=f"such as: [{_TABLE}.nightly] and below it its options",
        )
    return tables


def _read(path: Path, *, named: bool) -> str:
    try:
        raw = _bytes(path)
    except OSError as exc:
        here = "" if named else ", here or in the file that --config names"
        hint = f"a profile is a table [profile.NAME] of a file in TOML{here}"
        raise UsageError(f"{path} cannot be read: {exc.strerror}", hint=hint) from exc
    if len(raw) > _LARGEST:
        raise UsageError(
            f"{path} is longer than {_LARGEST} bytes",
            hint="so it is taken for no file of profiles; --config names another",
        )
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")  # a byte order mark is an editor's habit
    except UnicodeDecodeError as exc:
        raise UsageError(
            f"{path} is not in UTF-8: {exc.reason} at byte {exc.start}", hint="save it as UTF-8, which TOML asks for"
        ) from exc


def _bytes(path: Path) -> bytes:
    """A little of a file, without waiting for anybody: a pipe or a device may lie there as well.

    Raises:
        UsageError: it is no file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UsageError(f"{path} is no file", hint="a profile is a table [profile.NAME] of a file in TOML")
        raw = b""
        while len(raw) <= _LARGEST and (more := file.read(_LARGEST + 1 - len(raw))):
            raw += more
        return raw
