"""The entry point. Nothing heavy is imported before a command needs it: `--help` must not wait for pandas."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from chaos import __version__
from chaos.cli import early
from chaos.cli.commands import NAMES, PARTS
from chaos.cli.help import CONTEXT, markup
from chaos.cli.streams import Streams
from chaos.cli.typed import AsTyped
from chaos.errors import ChaosError, InconclusiveError, InterruptedRunError, UsageError
from chaos.nearest import meant
from chaos.plugins import load
from chaos.visible import visible, visible_traceback

_HELP = """
Measures what happens to the network identity of StatefulSet pods when things fail.

It deletes a pod and watches, every few milliseconds, when the pod's DNS names go away and come back, what clients see
meanwhile, and where the time goes. Start without a cluster: chaos run identity-persistence --sandbox

Then with one; from a laptop too, which it asks for nothing but a context: chaos run identity-persistence --context NAME
"""
_EPILOG = (
    "Exit codes: 0 the hypothesis held; 1 it did not; 2 usage; 3 the cluster cannot be reached or used; "
    "4 inconclusive; 5 something could not be undone; 130 interrupted and undone."
)


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)


class Commands(AsTyped, TyperGroup):
    """The commands, each made when it is called; for help and completion their first lines are enough."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - click's signature
        return list(NAMES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - click's signature
        return _stand_in(cmd_name) if cmd_name in NAMES else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in NAMES and not ctx.resilient_parsing:
            hint = meant(args[0], NAMES) or f"known: {', '.join(NAMES)}"
            raise UsageError(f"chaos has no command {args[0]!r}", hint=hint)
        name, command, rest = super().resolve_command(ctx, args)
        if name and rest and rest[0] in PARTS.get(name, ()):
            part, rest = rest[0], rest[1:]
            return f"{name} {part}", load("chaos.cli.command:made")(f"{name}_{part}", rest), rest
        return name, load("chaos.cli.command:made")(name, rest) if command else None, rest


def _stand_in(name: str) -> Any:
    """A command that knows its first line only, which is read without importing it."""
    path = Path(__file__).parent / "commands" / f"{name}.py"
    with path.open(encoding="utf-8") as file:
        first = file.readline().strip().removeprefix('"""').removesuffix('"""')
    return TyperCommand(name, help=first, short_help=first, rich_markup_mode=markup())


def _show_version(asked: bool) -> None:
    if asked:
        print(f"chaos-identity {__version__}")
        raise typer.Exit


def _application() -> typer.Typer:
    app = typer.Typer(
        name="chaos",
        cls=Commands,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=markup(),
        context_settings=CONTEXT,
        help=_HELP,
        epilog=_EPILOG,
    )

    @app.callback()
    def chaos(
        version: bool = typer.Option(
            False, "--version", help="Show the version.", is_eager=True, callback=_show_version
        ),
    ) -> None:
        pass

    return app


def main() -> None:
    """What `python -m chaos` and the scripts call."""
    try:
        streams = Streams()
    except ChaosError as exc:
        sys.exit(_told(exc))
    code = _exit_code()
    failure = streams.failure()
    if failure is not None:
        # What a command found weighs more than that it could not say so; only a 0 would say that all went well.
        code = code or failure.exit_code
        _told(failure)
    early.finish_with(code)
    sys.exit(code)


def _exit_code() -> int:
    """Run the command that was asked for."""
    try:
        with _click_errors():
            return _application()(prog_name=_called(), standalone_mode=False) or 0
    except SystemExit as exc:
        if exc.code is None or isinstance(exc.code, int):
            return exc.code or 0
        return _told(InconclusiveError(str(exc.code)))
    except ChaosError as exc:
        return _told(exc)
    except (KeyboardInterrupt, typer.Abort):
        return InterruptedRunError.exit_code
    except Exception as exc:  # noqa: BLE001 - whatever it is, exit code 1 must not come of it
        return _unforeseen(exc)


def _unforeseen(exc: Exception) -> int:
    """What no part of the tool has foreseen: a disk that is full or read-only, else a defect."""
    if isinstance(exc, OSError) and exc.errno in _NO_ROOM:
        return _told(
            InconclusiveError(f"{exc.filename or 'a file'} could not be written: {exc.strerror}", hint="make room")
        )
    print(visible(f"chaos: a defect of this tool: {type(exc).__name__}: {exc}"), file=sys.stderr)
    print("  please report it; CHAOS_DEBUG=1 shows where", file=sys.stderr)
    if os.environ.get("CHAOS_DEBUG"):
        print(visible_traceback(exc), file=sys.stderr)
    return InconclusiveError.exit_code


def _called() -> str:
    """The script's name, which completion and usage go by; with `python -m chaos` that of the first script."""
    name = Path(sys.argv[0]).name
    return "chaos" if name == "__main__.py" else name


@contextmanager
def _click_errors() -> Iterator[None]:
    """What click finds wrong with a command line is told as everything else is: a line, however wide the terminal."""
    try:
        yield
    except Exception as exc:
        said = getattr(exc, "format_message", None)  # click's errors; typer has them under a private name
        if said is None:
            raise
        context = getattr(exc, "ctx", None)
        if type(exc).__name__ == "NoArgsIsHelpError":
            print(said())
            raise SystemExit(UsageError.exit_code) from exc
        path = context.command_path if context is not None else " ".join(["chaos", *_command_typed()])
        wrong = getattr(exc, "option_name", "")
        if wrong and hasattr(exc, "possibilities"):
            hint = meant(wrong, _options_of(context)) or f"{path} --help shows what there is"
            raise UsageError(f"{path} has no option {wrong}", hint=hint) from exc
        raise UsageError(said().removesuffix("."), hint=f"{path} --help shows what there is") from exc


def _options_of(context: Any) -> list[str]:
    """Long names of options that help shows; what takes a flag back is hidden."""
    shown = [one for one in context.command.params if not getattr(one, "hidden", False)] if context is not None else []
    return [name for one in shown for name in one.opts if name.startswith("--")]


def _command_typed() -> list[str]:
    """The command's name, where the command line begins with one."""
    return [word for word in sys.argv[1:2] if word in NAMES]


def _told(error: ChaosError) -> int:
    """Print an error; returns its exit code."""
    print(f"chaos: {visible(str(error))}", file=sys.stderr)
    return error.exit_code
