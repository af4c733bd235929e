"""What a script is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Text:
    """Characters that stand for themselves; quoted ones are neither split nor expanded."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Parameter:
    """``$name``, or ``${name:-word}`` and its kind."""

    name: str
    operator: str = ""
    word: Word = ()
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Substitution:
    """``$(script)``."""

    script: Script
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """``$((expression))``."""

    expression: str
    quoted: bool = False


Part = Text | Parameter | Substitution | Arithmetic
Word = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Redirection:
    """``2>file``: operator is one of ``< > >> >& << <<<``; for ``<<`` the word is the text itself."""

    fd: int
    operator: str
    target: Word


@dataclass(frozen=True, slots=True)
class Simple:
    """Assignments, then a program and its arguments."""

    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    line: int


@dataclass(frozen=True, slots=True)
class If:
    """Branches of (condition, body), and what is done otherwise."""

    branches: tuple[tuple[Script, Script], ...]
    otherwise: Script | None


@dataclass(frozen=True, slots=True)
class Loop:
    """``while``, or ``until`` where it is negated."""

    condition: Script
    body: Script
    negated: bool


@dataclass(frozen=True, slots=True)
class For:
    """Over words; None: over the positional parameters."""

    name: str
    words: tuple[Word, ...] | None
    body: Script


@dataclass(frozen=True, slots=True)
class Case:
    """Rows of (patterns, body)."""

    subject: Word
    rows: tuple[tuple[tuple[Word, ...], Script], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """``{ … }``, or ``( … )``, which keeps its variables to itself."""

    body: Script
    subshell: bool


@dataclass(frozen=True, slots=True)
class Function:
    """A definition."""

    name: str
    body: Command


Node = Simple | If | Loop | For | Case | Group | Function


@dataclass(frozen=True, slots=True)
class Command:
    """Any of the above with its redirections."""

    node: Node
    redirections: tuple[Redirection, ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Commands joined by ``|``."""

    commands: tuple[Command, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """Pipelines joined by ``&&`` and ``||``: each with the operator before it.

    Attributes:
        begins_line: whether a line began with it; otherwise it stands behind a ``;`` or ``&``.
        background: whether an ``&`` ends it.
    """

    links: tuple[tuple[str, Pipeline], ...]
    begins_line: bool = True
    background: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """Chains, one after the other.

    Attributes:
        behind: what stands behind the last command of a whole text: nothing, or one newline, or more.
    """

    chains: tuple[Chain, ...]
    behind: Literal["nothing", "newline", "more"] = "more"
