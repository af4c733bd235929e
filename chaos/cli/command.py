"""A command: what it takes, and where what it does is written. Made into one of typer's when it is called."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from chaos.cli.complete import words_of
from chaos.cli.help import CONTEXT, markup
from chaos.cli.typed import WordsCommand
from chaos.errors import UsageError
from chaos.options import Option, Settings, options_in, resolve
from chaos.options.argument import Argument, arguments_in
from chaos.options.output import ProfileOptions
from chaos.options.profile import Profile, read_profile
from chaos.options.table import known_options
from chaos.plugins import load

PROFILE_VARIABLE = "CHAOS_PROFILE"


@dataclass(frozen=True)
class Command:
    """A command.

    Attributes:
        does: ``module:function`` that is imported when it is called, so that help and completion need not wait for it.
            It takes an instance of each of `takes`, and returns the exit code.
        takes: groups of options, and `Settings` where it wants to know what was given and what was not.
        profiles: whether its options may come from a profile.
        own: ``module:function`` that finds options of an experiment that a word of the command line names.
    """

    does: str
    takes: tuple[type, ...]
    profiles: bool = True
    own: str = ""

    def groups(self) -> tuple[type, ...]:
        """All groups of its options."""
        found = [group for group in self.takes if group is not Settings]
        return (*found, ProfileOptions) if self.profiles else tuple(found)

    def options(self) -> list[Option[Any]]:
        """All options, each once."""
        found: dict[str, Option[Any]] = {}
        for group in self.groups():
            for one in options_in(group):
                found.setdefault(one.name, one)
        return list(found.values())

    def arguments(self) -> list[Argument]:
        """All positional arguments."""
        return [one for group in self.groups() for one in arguments_in(group)]


def made(name: str, words: list[str]) -> Any:
    """Typer's command of that name, as these words call it."""
    module = load(f"chaos.cli.commands.{name}")
    command: Command = module.command
    own: dict[str, list[Option[Any]]] = {}
    typers = _typers(name, module.__doc__, command, own)
    seen: set[str] = set()
    # One after the other: only with the first experiment's own options known can their values be told from the next
    # experiment's name.
    while command.own and not _is_completing() and (word := _next_of(typers, command, words, seen)):
        seen.add(word)
        if (found := load(command.own)(word, own)) != own:
            own = found
            typers = _typers(name, module.__doc__, command, own)
    return typers


def _is_completing() -> bool:
    """After TAB nothing of the user's is executed."""
    return any(name.startswith("_") and name.endswith("_COMPLETE") for name in os.environ)


def _next_of(typers: Any, command: Command, words: list[str], seen: set[str]) -> str:
    return next((word for word in _named(typers, command, words) if word not in seen), "")


def _typers(name: str, text: str, command: Command, own: Mapping[str, list[Option[Any]]]) -> Any:
    app = typer.Typer(rich_markup_mode=markup(), add_completion=False)
    app.command(name, cls=WordsCommand, help=text, context_settings=CONTEXT)(callback(command, own))
    return typer.main.get_command(app)


def _named(plain: Any, command: Command, words: list[str]) -> list[str]:
    """The positional arguments among the words, as far as that is known without options of one's own."""
    lenient = {"resilient_parsing": True, "ignore_unknown_options": True, "allow_extra_args": True}
    given = plain.make_context(None, list(words), **lenient).params
    found = [given[one.field] for one in command.arguments() if given.get(one.field)]
    return [word for value in found for word in ([value] if isinstance(value, str) else value)]


def callback(command: Command, own: Mapping[str, list[Option[Any]]]) -> Callable[..., None]:
    """What typer calls: a function with a parameter for each argument and option.

    Args:
        command: that is called.
        own: options of experiments of one's own, by the experiment's name.
    """
    options = {one.name: one for one in [*command.options(), *(one for found in own.values() for one in found)]}
    arguments = command.arguments()

    def call(**given: Any) -> None:
        words = {one.field: given.pop(one.field) for one in arguments}
        typed = _typed(options.values(), given)
        settings = _settings(command, options, typed, own)
        try:
            groups = [_group(group, settings, words) for group in command.takes]
            code = load(command.does)(*groups)
        except UsageError as exc:
            raise settings.explained(exc) from exc
        raise typer.Exit(code)

    parameters = [_argument(one) for one in arguments]
    for one in options.values():
        parameters += _parameters(one)
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    call.__annotations__ = {}
    return call


def _argument(one: Argument) -> inspect.Parameter:
    name = one.metavar.strip("[]").removesuffix("...")  # typer itself says that it is optional, or that many follow
    said = typer.Argument(metavar=name, help=one.help, autocompletion=one.complete, show_default=False)
    kind: Any = list[str] if one.many else str
    default = inspect.Parameter.empty if one.required and not one.many else None
    kind = kind if default is inspect.Parameter.empty else kind | None
    return inspect.Parameter(
        one.field, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, said]
    )


def _parameters(one: Option[Any]) -> list[inspect.Parameter]:
    """Typer's parameters of an option: a list each, so that giving it twice is noticed, and ``--no-…`` of a flag."""
    names = [f"--{one.name}", *([one.short] if one.short else [])]
    default = one.shown_default()
    text = f"{one.help} Default: {default}." if default else one.help
    kinds: list[tuple[str, Any, Any]]
    if one.is_flag:
        said = typer.Option(*names, help=text, hidden=one.hidden, show_default=False)
        off = typer.Option(f"--no-{one.name}", help="", hidden=True, show_default=False)
        kinds = [(one.name, bool | None, said), (f"no-{one.name}", bool | None, off)]
    else:
        said = typer.Option(
            *names,
            help=text,
            metavar=one.kind.metavar,
            hidden=one.hidden,
            show_default=False,
            autocompletion=words_of(one.kind),
        )
        kinds = [(one.name, list[str] | None, said)]
    return [
        inspect.Parameter(
            _python_name(name), inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind, info]
        )
        for name, kind, info in kinds
    ]


def _python_name(name: str) -> str:
    return f"option_{name.replace('-', '_')}"


def _typed(options: Iterable[Option[Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    """What stands on the command line, by the option's name.

    Raises:
        UsageError: an option is given twice.
    """
    typed: dict[str, Any] = {}
    for one in options:
        value = given.get(_python_name(one.name))
        if one.is_flag:
            off = given.get(_python_name(f"no-{one.name}"))
            if value and off:
                raise UsageError(f"{one.flag} and --no-{one.name} exclude each other", hint="leave one out")
            if value or off:
                typed[one.name] = bool(value)
        elif value and one.repeatable:
            typed[one.name] = tuple(value)
        elif value:
            if len(set(value)) > 1:
                values = "" if one.secret else f": {', '.join(value)}"
                raise UsageError(f"{one.flag} is given {len(value)} times{values}", hint="say it once")
            typed[one.name] = value[0]
    return typed


def _settings(
    command: Command, options: Mapping[str, Option[Any]], typed: Mapping[str, Any], own: Mapping[str, list[Option[Any]]]
) -> Settings:
    """Of the command line, the environment and the profile that is named."""
    profile = _profile(typed, os.environ) if command.profiles else None
    if profile is None:
        return resolve(options.values(), typed, os.environ)
    settings = resolve(options.values(), typed, os.environ, profile.of(own), profile.describe())
    return replace(settings, dropped=(*settings.dropped, *profile.unread(own)))


def _profile(typed: Mapping[str, Any], environment: Mapping[str, str]) -> Profile | None:
    """The one that is named, if any."""
    variable = environment.get(PROFILE_VARIABLE, "")
    names = typed.get("profile") or ((variable,) if variable else ())
    mine = resolve(options_in(ProfileOptions), {**typed, "profile": names} if names else typed, {})
    chosen = mine.group(ProfileOptions)
    if not chosen.profile:
        return None
    try:
        return read_profile(chosen.profile[0], chosen.config, known_options())
    except UsageError as exc:
        if not typed.get("profile"):
            exc.hint += f"{exc.hint and '; '}{PROFILE_VARIABLE} asks for this profile"
        raise


def _group(group: type, settings: Settings, words: Mapping[str, Any]) -> Any:
    if group is Settings:
        return settings
    mine = {one.field: words[one.field] for one in arguments_in(group) if words[one.field] is not None}
    return settings.group(group, **{key: tuple(v) if isinstance(v, list) else v for key, v in mine.items()})
