"""Where an option's value comes from: the command line, else the environment, else a profile, else its default."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import IntEnum
from typing import Any, TypeVar

from chaos.errors import UsageError
from chaos.options.kinds import shown, shown_toml
from chaos.options.option import Option, Trust, options_in

G = TypeVar("G")
# Of this tool, and no options.
_OTHER_VARIABLES = (
    "CHAOS_DEBUG",
    "CHAOS_IDENTIFY_USER",
    "CHAOS_IDENTIFY_PASSWORD",
    "CHAOS_PROFILE",
    "CHAOS_PROMETHEUS_TOKEN",
)
_PREFIX = "CHAOS_"
_SLIP = 0.9  # of a letter or two; others' variables begin so too
# Kubernetes sets CHAOS_PORT=tcp://10.96.0.7:80 in each pod of a namespace with a Service named chaos
# (https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables).
_OF_SERVICE = re.compile(r"CHAOS_(\w+_)?PORT(_\d+_(TCP|UDP|SCTP))?=(tcp|udp|sctp)://.*", re.DOTALL)


class Source(IntEnum):
    """The nearer one counts."""

    PROFILE = 1
    ENVIRONMENT = 2
    COMMAND_LINE = 3


@dataclass(frozen=True, slots=True)
class Given:
    """A value that somebody gave.

    Attributes:
        said: as it would be typed.
        origin: where it comes from, for people.
    """

    option: Option[Any]
    value: Any
    source: Source
    said: str
    origin: str


@dataclass(frozen=True, slots=True)
class Settings:
    """All that was given.

    Attributes:
        given: by the option's name.
        dropped: what counts for nothing, since something nearer contradicts it; sentences.
    """

    given: Mapping[str, Given]
    dropped: tuple[str, ...] = ()

    def group(self, group: type[G], **more: Any) -> G:
        """An instance of a group.

        Raises:
            UsageError: its values contradict each other.
        """
        values = {one.field: self.given[one.name].value for one in options_in(group) if one.name in self.given}
        return group(**(values | more))

    def value(self, name: str, default: Any) -> Any:
        """What was given for an option, else the default."""
        return self.given[name].value if name in self.given else default

    def explained(self, error: UsageError) -> UsageError:
        """The same error, with where the options that it names come from, where that is not the command line."""
        elsewhere = (one for one in self.given.values() if one.source is not Source.COMMAND_LINE)
        named = (one for one in elsewhere if re.search(rf"{one.option.flag}(?![\w-])", error.message))
        sentences = [f"{one.said} comes from {one.origin}" for one in named]
        error.hint = "; ".join(filter(None, [error.hint, *sentences]))
        return error

    def without(self, names: Iterable[str], why: str) -> Settings:
        """The same, as if these had not been given; that they were is kept as a sentence that ends with `why`."""
        left = {name: one for name in names if (one := self.given.get(name)) is not None}
        kept = {name: one for name, one in self.given.items() if name not in left}
        told = (f"{one.said} ({one.origin}) {why}" for one in left.values())
        return Settings(kept, (*self.dropped, *told))


def resolve(
    options: Iterable[Option[Any]],
    command_line: Mapping[str, Any],
    environment: Mapping[str, str],
    profile: Mapping[str, Any] | None = None,
    profile_said: str = "",
) -> Settings:
    """Find what counts of each option.

    Args:
        options: of the command.
        command_line: by the option's name: a text, True or False for a flag, texts for a repeatable one.
        environment: variables.
        profile: by the option's name, as TOML has them.
        profile_said: which profile it is, for people.

    Raises:
        UsageError: a value cannot be.
    """
    known = {one.name: one for one in options}
    check_environment(environment, known)
    given: dict[str, Given] = {}
    for name, option in known.items():
        if name in command_line:
            given[name] = _of_command_line(option, command_line[name])
        elif text := said_in(environment, option):
            given[name] = _of_environment(option, text)
        elif profile is not None and name in profile and option.trust is not Trust.TYPED:
            given[name] = _of_profile(option, profile[name], profile_said)
    return _without_rivals(given)


def check_environment(environment: Mapping[str, str], known: Mapping[str, Option[Any]]) -> None:
    """Refuse a variable that is no option, and is nearly one; or one that must be typed.

    Raises:
        UsageError: names what it should be.
    """
    variables = {one.variable for one in known.values() if one.variable}
    named = [one for one in known.values() if one.trust is Trust.NAMED]
    typed = {f"{_PREFIX}{one.name.upper().replace('-', '_')}": one for one in named}
    for name, text in environment.items():
        if not text or _OF_SERVICE.fullmatch(f"{name}={text}"):
            continue
        if name in typed:
            raise UsageError(
                f"{name} is set, and no variable can say {typed[name].flag}",
                hint=f"unset {name}, and say {typed[name].flag}",
            )
        if name.startswith(_PREFIX) and name not in variables and name not in _OTHER_VARIABLES:
            close = get_close_matches(name, variables, n=1, cutoff=_SLIP)
            if close:
                raise UsageError(f"{name} is set, and is no option", hint=f"did you mean {close[0]}?")


def said_in(environment: Mapping[str, str], option: Option[Any]) -> str:
    """What a variable says; empty where it says nothing. Kubernetes sets CHAOS_PORT beside a Service named chaos."""
    text = environment.get(option.variable, "") if option.variable else ""
    return "" if _OF_SERVICE.fullmatch(f"{option.variable}={text}") else text


def _of_command_line(option: Option[Any], value: Any) -> Given:
    if isinstance(value, str):
        said = option.typed("…") if option.secret else f"{option.flag} {shown(value)}"
        value = _read(option, value, said)
    else:
        said = option.typed(value)
    option.check(value, said)
    return Given(option, value, Source.COMMAND_LINE, said, "command line")


def _of_environment(option: Option[Any], text: str) -> Given:
    said = f"{option.variable}={'…' if option.secret else shown(text)}"
    value = _read(option, text, said)
    option.check(value, said)
    if option.distrusted(value):
        raise UsageError(
            f"{said} runs a command, which is taken from the command line only, or from a file that --config names",
            hint=f"unset {option.variable}, and say {option.flag}",
        )
    return Given(option, value, Source.ENVIRONMENT, option.typed(value), option.variable)


def _of_profile(option: Option[Any], value: Any, profile: str) -> Given:
    said = f"{option.name} = {'…' if option.secret else shown_toml(value)} in {profile}"
    try:
        value = option.kind.accept(value)
    except ValueError as exc:
        raise UsageError(f"{said} {exc}") from exc
    option.check(value, said)
    return Given(option, value, Source.PROFILE, option.typed(value), profile)


def _read(option: Option[Any], text: str, said: str) -> Any:
    try:
        return option.kind.read(text)
    except ValueError as exc:
        raise UsageError(f"{said} {exc}") from exc


def _without_rivals(given: dict[str, Given]) -> Settings:
    """Of two that contradict each other the nearer one counts; of one source, whoever uses them refuses both."""
    dropped = []
    kept = dict(given)
    for one in sorted(given.values(), key=lambda one: -one.source):
        if one.value is False or one.option.name not in kept:
            continue  # an option that was switched off, or overruled already, overrules no other
        for name in one.option.rivals:
            other = kept.get(name)
            if other is not None and other.source < one.source and other.value is not False:
                del kept[name]
                dropped.append(f"{other.said} ({other.origin}) counts for nothing beside {one.said} ({one.origin})")
    return Settings(kept, tuple(dropped))
