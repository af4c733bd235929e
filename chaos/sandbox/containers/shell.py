"""The part of `sh -c` that manifests for demonstrations use."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

_SUBSTITUTION = re.compile(r"'[^']*'|\$\(hostname\)|`hostname`|\$\{(\w+)\}|\$(\w+)")
_OPERATORS = {"&&", ";", "||"}
_REDIRECTIONS = {">", ">>"}


class UnsupportedShellError(ValueError):
    """The line uses more of the shell than the sandbox knows."""


@dataclass(slots=True)
class Outcome:
    """What a line comes down to.

    Attributes:
        argv: the program that goes on running; empty where the line ends by itself.
        replaced: the shell has become that program (`exec`).
        files: path → text written on the way.
        code: exit code where the line ends by itself.
    """

    argv: list[str]
    replaced: bool = False
    files: dict[str, str] = field(default_factory=dict)
    code: int = 0


def run_line(line: str, variables: dict[str, str]) -> Outcome:
    """Follow a line up to its first program that goes on running.

    Raises:
        UnsupportedShellError: pipes, subshells, functions, …; the message names the line.
    """
    if re.match(r"\s*while\s+(true|:)\s*;", line):
        return Outcome(["sleep", "infinity"])
    outcome = Outcome([])
    skip_until_or = False
    for operator, words in _statements(line, variables):
        if operator == ";":
            skip_until_or = False
        elif operator in ("&&", "||"):
            skip_until_or = (outcome.code != 0) == (operator == "&&")
        if skip_until_or or not words:
            continue
        if _builtin(words, outcome):
            return outcome
    return outcome


def _builtin(words: list[str], outcome: Outcome) -> bool:
    """Run a command that ends at once; True where the line ends here, with a program or with `exit`."""
    name = words[0]
    if name == "echo":
        _write(words[1:], outcome)
    elif name in ("true", ":", "set", "cd", "export", "mkdir"):
        outcome.code = 0
    elif name == "false":
        outcome.code = 1
    elif name == "exit":
        outcome.code = int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
        return True
    else:
        outcome.replaced = name == "exec"
        outcome.argv = words[1:] if outcome.replaced else words
        return True
    return False


def _write(words: list[str], outcome: Outcome) -> None:
    for i, word in enumerate(words):
        if word in _REDIRECTIONS and i + 1 < len(words):
            text = " ".join(words[:i]) + "\n"
            path = words[i + 1]
            outcome.files[path] = (outcome.files.get(path, "") if word == ">>" else "") + text
            break
    outcome.code = 0


def _statements(line: str, variables: dict[str, str]) -> list[tuple[str, list[str]]]:
    """Operator before, and words, of each simple command."""
    lexer = shlex.shlex(_substitute(line, variables), posix=True, punctuation_chars="();<>|&")
    lexer.commenters = ""
    statements: list[tuple[str, list[str]]] = [(";", [])]
    try:
        tokens = list(lexer)
    except ValueError as exc:
        raise UnsupportedShellError(f"the sandbox's shell cannot read {line!r}: {exc}") from exc
    for token in tokens:
        if token in _OPERATORS:
            statements.append((token, []))
        elif token in ("|", "&", "(", ")", "<", "<<"):
            raise UnsupportedShellError(f"the sandbox's shell does not know {token!r} in {line!r}")
        else:
            statements[-1][1].append(token)
    return statements


def _substitute(line: str, variables: dict[str, str]) -> str:
    """Command substitution of `hostname`, and variables, outside single quotes."""

    def replace(match: re.Match[str]) -> str:
        text = match[0]
        if text.startswith("'"):
            return text
        if "hostname" in text and match[1] is None and match[2] is None:
            return variables.get("HOSTNAME", "")
        return variables.get(match[1] or match[2], "")

    return _SUBSTITUTION.sub(replace, line.replace("\n", ";"))
