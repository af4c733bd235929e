"""Profiles: options by name for a cluster or a job, in a file `chaos.toml`.

[profile.nightly]
trials = 5
period = "5ms"

[profile.nightly.my-experiment]  # options of an experiment of one's own
keys = 200
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.errors import UsageError
from chaos.nearest import did_you_mean
from chaos.options.option import Option, Trust

FILE = "chaos.toml"
_TABLE = "profile"
_LARGEST = 1_000_000  # bytes; nobody writes so many options


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

    def of(self, experiments: list[str]) -> dict[str, Any]:
        """The values where these experiments are run."""
        values = dict(self.values)
        for experiment in experiments:
            values |= {_dashed(key): value for key, value in self.own.get(experiment, {}).items()}
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
    for key, value in table.items():
        if isinstance(value, dict) and _dashed(key) not in known:
            continue
        if _dashed(key) not in known:
            raise UsageError(f"{where} names an option {key!r} that does not exist", hint=did_you_mean(key, known))
        if _dashed(key) in values:
            raise UsageError(f"{where} says {_dashed(key)} twice, with dashes and with underscores")
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
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as exc:
        raise UsageError(
            f"{path} is no TOML: {exc}", hint='such as: [profile.nightly] and below it: period = "5ms"'
        ) from exc
    for key in document:
        if key != _TABLE:
            raise UsageError(f"{path} has {key!r}, and can have [{_TABLE}.NAME] only")
    tables = document.get(_TABLE, {})
    if not isinstance(tables, dict) or not all(isinstance(table, dict) for table in tables.values()):
        raise UsageError(f"{path}: {_TABLE} must have tables: [{_TABLE}.NAME]")
    return tables


def _read(path: Path, *, named: bool) -> str:
    try:
        if not path.is_file() and path.exists():
            raise UsageError(f"{path} is no file")
        raw = path.read_bytes()[: _LARGEST + 1]
    except OSError as exc:
        hint = (
            ""
            if named
            else "a profile is a table [profile.NAME] in chaos.toml, here or in the file that --config names"
        )
        raise UsageError(f"{path} cannot be read: {exc.strerror}", hint=hint) from exc
    if len(raw) > _LARGEST:
        raise UsageError(f"{path} is longer than {_LARGEST} bytes, so it is taken for no file of profiles")
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")  # a byte order mark is an editor's habit
    except UnicodeDecodeError as exc:
        raise UsageError(f"{path} is not in UTF-8: {exc.reason} at byte {exc.start}") from exc
