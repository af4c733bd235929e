"""Tokens to a script."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from kubesim.shell.errors import ScriptSyntaxError
from kubesim.shell.lexer import Lexer, Token
from kubesim.shell.nodes import (
    Case,
    Chain,
    Command,
    For,
    Function,
    Group,
    If,
    Loop,
    Node,
    Pipeline,
    Redirection,
    Script,
    Simple,
    Text,
    Word,
)

_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=")
_NAME = re.compile(r"[A-Za-z_][\w-]*")
_CLOSING = frozenset({"then", "else", "elif", "fi", "do", "done", "esac", "}"})


def parse(text: str) -> Script:
    """Read a script.

    Raises:
        ScriptSyntaxError: no shell would run it.
        UnsupportedShellError: something that kubesim leaves out.
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self._lexer = Lexer(text, parse)
        self._newlines_behind: list[Token] = []  # since the last command
        self._token = self._lexer.next()

    def whole(self) -> Script:
        script = self._script()
        if self._token.kind != "end":
            raise self._unexpected()
        behind: Literal["nothing", "newline", "more"] = "nothing"
        if self._newlines_behind:
            only = len(self._newlines_behind) == 1 and self._newlines_behind[0].last
            behind = "newline" if only else "more"
        return Script(script.chains, behind)

    # ---- tokens ----

    def _advance(self) -> Token:
        token, self._token = self._token, self._lexer.next()
        if token.kind == "\n":
            self._newlines_behind.append(token)
        elif token.kind not in (";", "&"):
            self._newlines_behind.clear()
        return token

    def _unexpected(self) -> ScriptSyntaxError:
        token = self._token
        what = "end of file" if token.kind == "end" else "newline" if token.kind == "\n" else f'"{token.source}"'
        return ScriptSyntaxError(f"syntax error: unexpected {what}")

    def _reserved(self, *words: str) -> bool:
        """Whether an unquoted word of these stands here."""
        return self._token.kind == "word" and self._token.source in words

    def _expect(self, word: str) -> None:
        if not (self._reserved(word) or self._token.kind == word):
            raise self._unexpected()
        self._advance()

    def _newlines(self) -> None:
        while self._token.kind == "\n":
            self._advance()

    # ---- grammar ----

    def _script(self) -> Script:
        chains: list[Chain] = []
        begins_line = True
        while True:
            while self._token.kind == "\n":
                self._advance()
                begins_line = True
            if self._token.kind in ("end", ")", ";;") or self._reserved(*_CLOSING):
                return Script(tuple(chains))
            links = self._links()
            background = self._token.kind == "&"
            chains.append(Chain(links, begins_line, background))
            begins_line = False
            if self._token.kind in (";", "&"):
                self._advance()
            elif self._token.kind not in ("\n", "end", ")", ";;") and not self._reserved(*_CLOSING):
                raise self._unexpected()

    def _links(self) -> tuple[tuple[str, Pipeline], ...]:
        links = [("", self._pipeline())]
        while self._token.kind in ("&&", "||"):
            operator = self._advance().kind
            self._newlines()
            links.append((operator, self._pipeline()))
        return tuple(links)

    def _pipeline(self) -> Pipeline:
        negated = False
        while self._reserved("!"):
            self._advance()
            negated = not negated
        commands = [self._command()]
        while self._token.kind == "|":
            self._advance()
            self._newlines()
            commands.append(self._command())
        return Pipeline(tuple(commands), negated)

    def _command(self) -> Command:
        source = self._token.source if self._token.kind == "word" else self._token.kind
        compounds: dict[str, Callable[[], Node]] = {
            "if": self._if,
            "while": self._loop,
            "until": self._loop,
            "for": self._for,
            "case": self._case,
            "{": self._group,
            "(": self._group,
        }
        compound = compounds.get(source)
        if compound is None:
            return self._simple()
        node = compound()
        redirections: list[Redirection] = []
        while self._token.redirection is not None:
            redirections.append(self._token.redirection)
            self._advance()
        return Command(node, tuple(redirections))

    def _if(self) -> If:
        branches: list[tuple[Script, Script]] = []
        otherwise = None
        while not branches or self._reserved("elif"):
            self._advance()
            condition = self._filled()
            self._expect("then")
            branches.append((condition, self._filled()))
        if self._reserved("else"):
            self._advance()
            otherwise = self._filled()
        self._expect("fi")
        return If(tuple(branches), otherwise)

    def _filled(self) -> Script:
        script = self._script()
        if not script.chains:
            raise self._unexpected()
        return script

    def _loop(self) -> Loop:
        negated = self._advance().source == "until"
        condition = self._filled()
        return Loop(condition, self._do(), negated)

    def _do(self) -> Script:
        self._newlines()
        self._expect("do")
        body = self._filled()
        self._expect("done")
        return body

    def _for(self) -> For:
        self._advance()
        name = self._name()
        self._newlines()
        words: tuple[Word, ...] | None = None
        if self._reserved("in"):
            self._advance()
            found = []
            while self._token.kind == "word":
                found.append(self._advance().word)
            words = tuple(found)
        if self._token.kind in (";", "\n"):
            self._advance()
        return For(name, words, self._do())

    def _name(self) -> str:
        if self._token.kind != "word" or not _NAME.fullmatch(self._token.source):
            raise self._unexpected()
        return self._advance().source

    def _case(self) -> Case:
        self._advance()
        if self._token.kind != "word":
            raise self._unexpected()
        subject = self._advance().word
        self._newlines()
        self._expect("in")
        self._newlines()
        rows = []
        while not self._reserved("esac"):
            if self._token.kind == "(":
                self._advance()
            patterns = [self._pattern()]
            while self._token.kind == "|":
                self._advance()
                patterns.append(self._pattern())
            self._expect(")")
            body = self._script()
            rows.append((tuple(patterns), body))
            if self._token.kind == ";;":
                self._advance()
            self._newlines()
        self._expect("esac")
        return Case(subject, tuple(rows))

    def _pattern(self) -> Word:
        if self._token.kind != "word":
            raise self._unexpected()
        return self._advance().word

    def _group(self) -> Group:
        subshell = self._advance().kind == "("
        body = self._filled()
        self._expect(")" if subshell else "}")
        return Group(body, subshell)

    def _simple(self) -> Command:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirections: list[Redirection] = []
        line = self._lexer.line
        in_test = False  # between [[ and ]], where && joins no commands
        if self._reserved("function"):
            self._advance()
        while True:
            token = self._token
            if token.redirection is not None:
                redirections.append(token.redirection)
                self._advance()
            elif token.kind == "word":
                if not words and self._reserved(*_CLOSING):
                    raise self._unexpected()
                assignment = None if words else _ASSIGNMENT.match(token.source)
                if assignment:
                    assignments.append((assignment[1], _without_name(token.word, len(assignment[0]))))
                else:
                    words.append(token.word)
                in_test = in_test != (token.source == ("]]" if in_test else "[["))
                source = self._advance().source
                if self._token.kind == "(" and len(words) == 1 and not assignments and _NAME.fullmatch(source):
                    return self._function(source)
            elif in_test and token.kind in ("&&", "||"):
                words.append((Text(self._advance().kind),))
            else:
                break
        if not (assignments or words or redirections):
            raise self._unexpected()
        return Command(Simple(tuple(assignments), tuple(words), line), tuple(redirections))

    def _function(self, name: str) -> Command:
        self._advance()
        self._expect(")")
        self._newlines()
        return Command(Function(name, self._command()))


def _without_name(word: Word, length: int) -> Word:
    """What stands after ``NAME=`` in an assignment."""
    first, *rest = word
    if not isinstance(first, Text):
        raise ScriptSyntaxError("syntax error: bad assignment")
    left = first.text[length:]
    return (Text(left), *rest) if left else tuple(rest)
