"""What is shown: a run's progress on stderr, its result on stdout; coloured at a terminal, plain lines elsewhere."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from pathlib import Path

import typer
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from chaos.analysis.statements import Statements
from chaos.cli.console import SteadfastConsole
from chaos.cli.states import object_state, pod_state
from chaos.errors import InterruptedRunError
from chaos.model import ClusterEvent, Ending, RunOutcome, Verdict, VerdictOutcome
from chaos.model.figure import plain
from chaos.report.as_text import as_text
from chaos.visible import visible

# Pod events are printed so much later: printing takes milliseconds, in which no probe runs, and right after an event
# is when DNS records change.
_LATER_S = 0.3
_STYLE = {VerdictOutcome.OK: "green", VerdictOutcome.FAIL: "bold red", VerdictOutcome.UNKNOWN: "yellow"}
_RESULT_STYLE = {
    RunOutcome.NOT_UNDONE: "bold red",
    RunOutcome.INTERRUPTED: "bold yellow",
    RunOutcome.FAILED: "bold red",
    RunOutcome.ABORTED: "bold yellow",
    RunOutcome.INCONCLUSIVE: "bold yellow",
    RunOutcome.HELD: "bold green",
}


class Telling(Enum):
    """How much is told of a run."""

    QUIET = "quiet"
    NORMAL = "normal"
    VERBOSE = "verbose"

    @classmethod
    def of(cls, quiet: bool, verbose: bool) -> Telling:
        """As the options say."""
        return cls.QUIET if quiet else cls.VERBOSE if verbose else cls.NORMAL


def confirmed(question: str) -> bool:
    """Ask at the terminal; Enter alone means no.

    Raises:
        InterruptedRunError: Ctrl-C, or the end of the input.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # an event loop would keep it from the prompt
    try:
        return typer.confirm(visible(question, line=True), default=False, err=True)
    except typer.Abort as exc:
        raise InterruptedRunError("interrupted at the question; it was taken for a no") from exc
    finally:
        signal.signal(signal.SIGINT, before)


def tell_rows(console: SteadfastConsole, rows: Iterable[tuple[str, str]]) -> None:
    """Rows of (what, details): a table at a terminal, a line each elsewhere."""
    if not console.is_terminal:
        for what, details in rows:
            console.tell(f"{what}: {details}", markup=False, soft_wrap=True)
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for what, details in rows:
        table.add_row(what, escape(visible(details)))
    console.tell(table)


class TerminalProgress:
    """Prints each step with the run's time. Satisfies `chaos.engine.progress.Progress`.

    Args:
        console: writes to stderr.
        now_s: the run's clock in seconds.
        telling: how much is printed; quiet: nothing.
    """

    def __init__(
        self, console: SteadfastConsole, now_s: Callable[[], float], telling: Telling = Telling.NORMAL
    ) -> None:
        self._console = console
        self._now_s = now_s
        self._telling = telling
        self._states: dict[str, str] = {}
        self._waiting: list[tuple[float, str]] = []

    def plan(self, lines: list[tuple[str, str]]) -> None:
        if self._telling is Telling.QUIET:
            return
        tell_rows(self._console, lines)

    def step(self, text: str) -> None:
        self._line(self._now_s(), text, "bold")

    def warning(self, text: str) -> None:
        self._line(self._now_s(), f"note: {text}", "yellow")

    def event(self, at_s: float, event: ClusterEvent) -> None:
        if self._telling is Telling.QUIET or (event.kind != "Pod" and self._telling is not Telling.VERBOSE):
            return
        state = pod_state(event) if event.kind == "Pod" else ""
        if self._telling is Telling.VERBOSE:
            state = ": ".join(filter(None, [object_state(event), state if state != "gone" else ""]))
        if self._states.get(event.uid) != state:
            self._states[event.uid] = state
            if not self._waiting:
                asyncio.get_running_loop().call_later(_LATER_S, self._tell_waiting)
            self._waiting.append((at_s, f"  {event.kind[:1].lower()}{event.kind[1:]} {event.name}: {state}"))

    def _tell_waiting(self) -> None:
        waiting, self._waiting = self._waiting, []
        for at_s, text in waiting:
            self._print(at_s, text, "dim")

    def _line(self, at_s: float, text: str, style: str) -> None:
        self._tell_waiting()
        self._print(at_s, text, style)

    def _print(self, at_s: float, text: str, style: str) -> None:
        if self._telling is Telling.QUIET:
            return
        self._console.tell(f"[dim]{at_s:9.3f} s[/]  [{style}]{escape(text)}[/]", soft_wrap=True)


def run_time() -> Callable[[], float]:
    """Seconds since now, by the running loop's clock."""
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    return lambda: loop.time() - start_s


def print_result(ending: Ending, where: Path) -> None:
    """The result line and the report's path on stdout, each a line of its own whatever the terminal's width."""
    line = Text(ending.line)
    line.stylize(_RESULT_STYLE[ending.outcome], 0, len(ending.outcome.word))
    out = SteadfastConsole()
    out.tell(line, soft_wrap=True)
    out.tell(Text(str(where)), soft_wrap=True)


def print_short(ending: Ending, said: Statements, where: Path, telling: Telling = Telling.NORMAL) -> None:
    """What a run found, on stdout: the result first and last, between them what is most worth knowing of it."""
    out = SteadfastConsole()
    whole = not out.is_terminal  # lines that grep can search
    print_result(ending, where)
    if telling is Telling.QUIET:
        return
    if said.headline:
        out.tell(f"\n{plain(said.headline)}", style="bold", markup=False, soft_wrap=whole)
    if said.recommendation:
        out.tell(f"\nRecommendation: {plain(said.recommendation)}", markup=False, soft_wrap=whole)
    print_checks(said.verdicts, every=telling is Telling.VERBOSE)
    out.tell()
    print_result(ending, where)


def print_full(ending: Ending, report: str, where: Path) -> None:
    """The report itself on stdout, as text; the result first and last."""
    print_result(ending, where)
    text = as_text(report).removeprefix(ending.line)
    SteadfastConsole().tell(text, markup=False, soft_wrap=True)
    print_result(ending, where)


def print_problem(console: SteadfastConsole, what: str, error: object) -> None:
    """An error at the end of a run; its text may hold anything."""
    console.tell(Text.assemble((what, "bold red"), f": {visible(str(error))}"), soft_wrap=True)


def print_checks(verdicts: Sequence[Verdict], *, every: bool) -> None:
    """The verdicts on stdout, and which of them they are: all, or those that are not ok, if any."""
    listed = [one for one in verdicts if every or one.outcome is not VerdictOutcome.OK]
    if not listed:
        return
    total = f"{len(verdicts)} check{'' if len(verdicts) == 1 else 's'}"
    head = total if every else f"{len(listed)} of {total} {'is' if len(listed) == 1 else 'are'} not ok"
    SteadfastConsole().tell(f"\n{head}:", markup=False)
    _print_verdicts(listed)


def _print_verdicts(verdicts: Iterable[Verdict]) -> None:
    """One line a verdict."""
    console = SteadfastConsole()
    if not console.is_terminal:  # whole lines, for grep
        for verdict in verdicts:
            line = f"{verdict.outcome.value:8}{verdict.checker}: {verdict.summary}"
            console.tell(line, markup=False, soft_wrap=True)
        return
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 2))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for verdict in verdicts:
        style = _STYLE[verdict.outcome]
        table.add_row(f"[{style}]{verdict.outcome.value}[/]", verdict.checker, escape(visible(verdict.summary)))
    console.tell(table)
