"""An option: all that is said about it, once. Each is a field of a frozen dataclass, its group."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from chaos.errors import UsageError
from chaos.options.kinds import Flag, Kind, Many, shown
from chaos.options.numbers import Duration

T = TypeVar("T")
_META = "option"
# An experiment of any kind; it is defined above this layer.
Honours = Callable[[Any], bool]


class Trust(Enum):
    """Where a value may come from, beside the command line and a file that `--config` names.

    Attributes:
        ANYWHERE: an environment variable, and the chaos.toml of the folder.
        ENVIRONMENT: an environment variable; it says where data go or what is run in the cluster, which is nothing for
            a file that happens to lie in the folder.
        NAMED: nowhere else: it runs a command, names a cluster, or gives consent.
        TYPED: not even such a file; it is about this one call of the command.
    """

    ANYWHERE = "anywhere"
    ENVIRONMENT = "environment"
    NAMED = "named"
    TYPED = "typed"


def everyone(_experiment: Any) -> bool:
    """Each experiment honours it, since the engine does."""
    return True


def declared(_experiment: Any) -> bool:
    """An experiment honours it that names it in its `options`."""
    return False


@dataclass(frozen=True)
class Option(Generic[T]):
    """An option of a command, or of an experiment of one's own.

    Attributes:
        name: ``within``: the flag is ``--within``, the variable ``CHAOS_WITHIN``, the key of a profile ``within``.
        kind: what its values may be.
        default: None: there is none, and the group's docstring says what that means.
        help: a sentence for people.
        field: the attribute, and the key in run.json; with its unit, such as ``within_s``.
        short: a flag of one letter, such as ``-n``.
        default_said: the default in words, where it depends.
        simulated: the default on the sandbox, where that is another; in a tuple of one.
        trust: where its value may come from.
        distrusted: values that need more trust than `trust` says.
        honoured_by: experiments for which it does something; those that have it in `options` do in any case.
        rivals: options that mean something else; of two, the one of the nearer source counts.
        hidden: left out of help.
        secret: may hold a password, so run.json says only whether it was given, and the plan and messages leave it out.
    """

    name: str
    kind: Kind[T]
    default: T | None
    help: str
    field: str = ""
    short: str = ""
    default_said: str = ""
    simulated: tuple[Any, ...] = ()
    trust: Trust = Trust.ANYWHERE
    distrusted: Callable[[Any], bool] = lambda _value: False
    honoured_by: Honours = declared
    rivals: tuple[str, ...] = ()
    hidden: bool = False
    secret: bool = False

    @property
    def flag(self) -> str:
        """As on the command line."""
        return f"--{self.name}"

    @property
    def variable(self) -> str:
        """Its environment variable; empty where it has none."""
        return "" if self.trust in (Trust.NAMED, Trust.TYPED) else f"CHAOS_{self.name.upper().replace('-', '_')}"

    @property
    def repeatable(self) -> bool:
        """Whether it may be given more than once."""
        return isinstance(self.kind, Many)

    @property
    def is_flag(self) -> bool:
        """Whether it stands without a value."""
        return isinstance(self.kind, Flag)

    def check(self, value: T | None, said: str = "") -> None:
        """Refuse what cannot be.

        Args:
            value: None is its absence.
            said: how it was given, for the message; empty: as it would be typed.

        Raises:
            UsageError: says what it must be.
        """
        if value is None:
            return
        try:
            self.kind.check(value)
        except ValueError as exc:
            raise UsageError(f"{said or self.typed(value)} {exc}") from exc
        except (
            TypeError,
            ArithmeticError,
            LookupError,
            AttributeError,
        ) as exc:  # of a default, or of a check, of one's own
            raise UsageError(f"{said or self.typed(value)} cannot be checked: {type(exc).__name__}: {exc}") from exc

    def typed(self, value: T | None) -> str:
        """As it would be typed."""
        if value is None:
            return self.flag
        if self.secret:
            return f"{self.flag} …"
        if isinstance(self.kind, Flag):
            return self.flag if value else f"--no-{self.name}"
        if isinstance(value, tuple):
            return " ".join(f"{self.flag} {shown(one)}" for one in value)
        try:
            return f"{self.flag} {shown(self.kind.write(value))}"
        except (ValueError, TypeError):
            return f"{self.flag} {shown(value)}"

    def shown_default(self) -> str:
        """The default, for help; empty where there is none to speak of."""
        if self.default_said:
            return self.default_said
        if self.default is None or self.default in ("", (), False) or (self.default == 0 and not self._is_time()):
            return ""
        return self.kind.write(self.default)

    def _is_time(self) -> bool:
        return isinstance(self.kind, Duration)


def option(kind: Kind[Any], default: Any, help: str, *, name: str = "", **more: Any) -> Any:  # noqa: A002 - as typer has it
    """A field of a group that is an option; see `Option` for what may be said of it.

    Args:
        kind: what its values may be.
        default: of the option.
        help: a sentence for people.
        name: of its flag; empty: the field's, without its unit.
        **more: further attributes of `Option`.
    """
    said = {"honoured_by": everyone, "kind": kind, "default": default, "help": help, "name": name, **more}
    return dataclasses.field(default=default, metadata={_META: said})


def options_in(group: type) -> Iterator[Option[Any]]:
    """The options that a group's fields are, in order."""
    for field in dataclasses.fields(group):
        said = field.metadata.get(_META)
        if said is not None:
            unit = f"_{said['kind'].unit}" if said["kind"].unit else ""
            name = said["name"] or field.name.removesuffix(unit).replace("_", "-")
            yield Option(**(said | {"name": name, "field": field.name}))


def same(group: type, field: str, **changes: Any) -> Any:
    """A field of another group that is the same option, but for what is said otherwise here."""
    (said,) = (f.metadata[_META] for f in dataclasses.fields(group) if f.name == field)
    (found,) = (one for one in options_in(group) if one.field == field)
    return option(**(said | {"name": found.name} | changes))


def check_group(group: Any) -> None:
    """Check each option of a group's instance that is not as it would be without a word.

    Raises:
        UsageError: one of them cannot be.
    """
    for one in options_in(type(group)):
        if (value := getattr(group, one.field)) != one.default:
            one.check(value)
