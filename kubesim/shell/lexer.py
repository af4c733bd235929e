"""Characters to tokens: words with their quotes and expansions, operators, redirections."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from kubesim.shell.errors import ScriptSyntaxError, UnsupportedShellError
from kubesim.shell.nodes import (
    Arithmetic,
    Parameter,
    Part,
    Redirection,
    Script,
    Substitution,
    Text,
    Word,
)

_OPERATORS = ("&&", "||", ";;", ";", "|", "&", "(", ")", "\n")
_REDIRECTION = re.compile(r"(\d*)(<<<|<<-?|>>|>&|<&|>\||&>|[<>])")
_NAME = re.compile(r"[A-Za-z_]\w*|\d|[?#@*$!-]")
_BRACED = re.compile(r"(#)?([A-Za-z_]\w*|\d+|[?#@*$!-])(:?[-=+?]|%%?|##?|/)?")


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is ``word``, ``redirection``, ``end``, or the operator itself; `last`: nothing stands behind it."""

    kind: str
    word: Word = ()
    redirection: Redirection | None = None
    source: str = ""
    last: bool = False


class Lexer:
    """Gives tokens one by one.

    Args:
        parse: makes a script of the text of a command substitution.
    """

    def __init__(self, text: str, parse: Callable[[str], Script]) -> None:
        self._text = text.replace("\\\n", "")
        self._at = 0
        self._parse = parse
        self._documents: list[tuple[str, bool, bool]] = []
        self._bodies: list[Word] = []

    @property
    def line(self) -> int:
        """Of the end of the last token, from 1."""
        return self._text.count("\n", 0, self._at) + 1

    def next(self) -> Token:
        """The next one."""
        text = self._text
        while self._at < len(text) and text[self._at] in " \t":
            self._at += 1
        if self._at < len(text) and text[self._at] == "#":
            while self._at < len(text) and text[self._at] != "\n":
                self._at += 1
        if self._at >= len(text):
            return Token("end")
        redirection = _REDIRECTION.match(text, self._at)
        if redirection:
            return self._redirection(redirection)
        for operator in _OPERATORS:
            if text.startswith(operator, self._at):
                self._at += len(operator)
                return Token(operator, source=operator, last=self._at >= len(text))
        begin = self._at
        word = self._word(" \t\n;&|()<>")
        return Token("word", word=word, source=text[begin : self._at])

    def _redirection(self, match: re.Match[str]) -> Token:
        fd_text, operator = match[1], match[2]
        self._at = match.end()
        while self._text[self._at : self._at + 1] in (" ", "\t"):
            self._at += 1
        if operator in ("<<", "<<-"):
            target: Word = self._here_document(strip=operator == "<<-")
            operator = "<<"
        else:
            target = self._word(" \t\n;&|()<>")
            if not target:
                raise ScriptSyntaxError("syntax error: unexpected redirection")
        operator = {">|": ">", "<&": "<&"}.get(operator, operator)
        fd = int(fd_text) if fd_text else 0 if operator.startswith("<") else 1
        return Token("redirection", redirection=Redirection(fd, operator, target))

    def _here_document(self, *, strip: bool) -> Word:
        """The body begins on the next line; it is cut out of the text at once."""
        match = re.compile(r"(['\"]?)([\w.-]+)\1").match(self._text, self._at)
        if match is None:
            raise ScriptSyntaxError("syntax error: a here-document without a delimiter")
        self._at = match.end()
        begin = self._text.find("\n", self._at) + 1
        lines: list[str] = []
        at = begin
        while begin and at < len(self._text):
            end = self._text.find("\n", at)
            end = len(self._text) if end < 0 else end
            line = self._text[at:end]
            line = line.lstrip("\t") if strip else line
            at = min(end + 1, len(self._text))
            if line == match[2]:
                break
            lines.append(line)
        if begin:
            self._text = self._text[:begin] + self._text[at:]
        body = "".join(f"{line}\n" for line in lines)
        return (Text(body, quoted=True),) if match[1] else self._quoted_text(body)

    def _quoted_text(self, text: str) -> Word:
        """A text in which expansions happen as between double quotes."""
        inner = Lexer(text, self._parse)
        return tuple(inner._double_quoted(""))

    # ---- words ----

    def _word(self, ends: str) -> Word:
        parts: list[Part] = []
        plain = ""

        def flush() -> None:
            nonlocal plain
            if plain:
                parts.append(Text(plain))
                plain = ""

        text = self._text
        while self._at < len(text) and text[self._at] not in ends:
            char = text[self._at]
            if char == "\\":
                flush()
                parts.append(Text(text[self._at + 1 : self._at + 2], quoted=True))
                self._at += 2
            elif char == "'":
                flush()
                end = text.find("'", self._at + 1)
                if end < 0:
                    raise ScriptSyntaxError("syntax error: unterminated quoted string")
                parts.append(Text(text[self._at + 1 : end], quoted=True))
                self._at = end + 1
            elif char == '"':
                flush()
                self._at += 1
                parts += self._double_quoted('"') or [Text("", quoted=True)]
            elif char in "$`":
                flush()
                parts.append(self._expansion(quoted=False))
            else:
                plain += char
                self._at += 1
        flush()
        return tuple(parts)

    def _double_quoted(self, end: str) -> list[Part]:
        parts: list[Part] = []
        plain = ""
        text = self._text
        while True:
            if self._at >= len(text):
                if end:
                    raise ScriptSyntaxError("syntax error: unterminated quoted string")
                break
            char = text[self._at]
            if char == end:
                self._at += 1
                break
            if char == "\\" and text[self._at + 1 : self._at + 2] in ("$", "`", '"', "\\"):
                plain += text[self._at + 1]
                self._at += 2
            elif char in "$`":
                if plain:
                    parts.append(Text(plain, quoted=True))
                    plain = ""
                parts.append(self._expansion(quoted=True))
            else:
                plain += char
                self._at += 1
        return [*parts, Text(plain, quoted=True)] if plain else parts

    def _expansion(self, *, quoted: bool) -> Part:
        text = self._text
        if text[self._at] == "`":
            end = text.find("`", self._at + 1)
            if end < 0:
                raise ScriptSyntaxError("syntax error: unterminated `")
            inner = text[self._at + 1 : end].replace("\\`", "`")
            self._at = end + 1
            return Substitution(self._parse(inner), quoted)
        if text.startswith("$((", self._at):
            end = self._matching(self._at + 1)
            expression = text[self._at + 3 : end - 1]
            self._at = end + 1
            return Arithmetic(expression, quoted)
        if text.startswith("$(", self._at):
            end = self._matching(self._at + 1)
            inner = text[self._at + 2 : end]
            self._at = end + 1
            return Substitution(self._parse(inner), quoted)
        if text.startswith("${", self._at):
            return self._braced(quoted=quoted)
        name = _NAME.match(text, self._at + 1)
        if name is None:
            self._at += 1
            return Text("$", quoted)
        self._at = name.end()
        return Parameter(name[0], quoted=quoted)

    def _braced(self, *, quoted: bool) -> Part:
        match = _BRACED.match(self._text, self._at + 2)
        if match is None:
            raise UnsupportedShellError(f"the sandbox's shell does not know {self._text[self._at : self._at + 12]!r}")
        self._at = match.end()
        if match[3] == "/":
            raise UnsupportedShellError("the sandbox's shell does not know ${name/pattern/text}")
        operator = match[3] or ("length" if match[1] else "")
        word = self._word("}")
        if self._text[self._at : self._at + 1] != "}" or (word and not match[3]):
            raise ScriptSyntaxError("syntax error: bad substitution")
        self._at += 1
        return Parameter(match[2], operator, word, quoted)

    def _matching(self, opening: int) -> int:
        """Where the parenthesis that opens there is closed."""
        depth, at, quote = 0, opening, ""
        while at < len(self._text):
            char = self._text[at]
            if quote:
                quote = "" if char == quote else quote
            elif char == "\\":
                at += 1
            elif char in "'\"":
                quote = char
            elif char == "(":
                depth += 1
            elif char == ")":
                depth -= 1
                if not depth:
                    return at
            at += 1
        raise ScriptSyntaxError("syntax error: missing )")
