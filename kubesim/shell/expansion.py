"""Words to fields: braces, parameters, arithmetic, splitting, quotes."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from kubesim.containers.bounds import Bounds
from kubesim.shell.arithmetic import Arithmetic as Computation
from kubesim.shell.errors import ScriptSyntaxError
from kubesim.shell.nodes import Arithmetic, Parameter, Script, Substitution, Text, Word

_RANGE = re.compile(r"(.*?)\{(-?\d+)\.\.(-?\d+)\}(.*)", re.DOTALL)
_LIST = re.compile(r"(.*?)\{([^{}]*,[^{}]*)\}(.*)", re.DOTALL)
_LENGTH = re.compile(r"\$\{#(\w+)\}")
_REFERENCE = re.compile(r"\$\{(\w+|[?#@*$!-])\}|\$([A-Za-z_]\w*|\d|[?#$!])")
# Longest text whose pattern is looked for in all places: it takes the square of this.
_LONGEST_TRIMMED = 20_000


@dataclass(frozen=True, slots=True)
class Source:
    """What words are expanded from.

    Attributes:
        value: of a parameter; None where it is not set.
        assign: sets a variable, for ``${name:=word}``.
        missing: is told that one without a value is used as it is.
        output: runs a command substitution.
        positional: the parameters that ``$@`` stands for.
    """

    value: Callable[[str], str | None]
    assign: Callable[[str, str], None]
    missing: Callable[[str], None]
    output: Callable[[Script], Awaitable[str]]
    positional: Callable[[], list[str]]


class Expansion:
    """Expands words.

    Args:
        source: of values.
        bounds: of the container.
        braces: whether ``{0..2}`` and ``{a,b}`` are expanded: in bash.
    """

    def __init__(self, source: Source, bounds: Bounds, *, braces: bool) -> None:
        self._source = source
        self._value, self._assign = source.value, source.assign
        self._bounds, self._braces = bounds, braces

    async def fields(self, words: tuple[Word, ...]) -> list[str]:
        """All fields of a command line."""
        found: list[str] = []
        for word in words:
            for one in self._braced(word) if self._braces else [word]:
                found += await self._split(one)
        return found

    async def text(self, word: Word) -> str:
        """One word without splitting, as in assignments."""
        return self._joined([await self._part(part) for part in word])

    def _joined(self, pieces: list[str]) -> str:
        if len(pieces) > 1:
            self._bounds.check(sum(map(len, pieces)))
        return "".join(pieces)

    async def pattern(self, word: Word) -> str:
        """A pattern of fnmatch, in which quoted characters stand for themselves."""
        pieces = []
        for part in word:
            text = await self._part(part)
            pieces.append(re.sub(r"([*?\[])", r"[\1]", text) if part.quoted else text)
        return "".join(pieces)

    async def _split(self, word: Word) -> list[str]:
        fields: list[str] = []
        current: str | None = None
        for part in word:
            if isinstance(part, Parameter) and part.name == "@" and part.quoted and not part.operator:
                for i, text in enumerate(self._source.positional()):
                    if i:
                        fields.append(current or "")
                        current = ""
                    current = (current or "") + text
                continue
            text = await self._part(part)
            self._bounds.check(len(text) + len(current or ""))
            if part.quoted or isinstance(part, Text):
                current = (current or "") + text
                continue
            self._bounds.check(0, items=len(text) // 2 + len(fields))
            pieces = text.split()
            if text[:1].isspace() and current is not None:
                fields.append(current)
                current = None
            for i, piece in enumerate(pieces):
                if i:
                    fields.append(current or "")
                    current = None
                current = (current or "") + piece
            if text[-1:].isspace() and pieces and current is not None:
                fields.append(current)
                current = None
        return fields if current is None else [*fields, current]

    async def _part(self, part: Text | Parameter | Substitution | Arithmetic) -> str:
        match part:
            case Text():
                return part.text
            case Parameter():
                return await self._parameter(part)
            case Substitution():
                return (await self._source.output(part.script)).rstrip("\n")
            case Arithmetic():
                return str(self._arithmetic(part.expression))

    async def _parameter(self, part: Parameter) -> str:
        value = self._value(part.name)
        operator = part.operator
        if operator == "length":
            return str(len(value or ""))
        if operator in ("%", "%%", "#", "##"):
            return _trimmed(value or "", await self.pattern(part.word), operator)
        missing = value is None or (operator.startswith(":") and not value)
        match operator[-1:]:
            case "-" | "=" if missing:
                text = await self.text(part.word)
                if operator[-1] == "=":
                    self._assign(part.name, text)
                return text
            case "+":
                return "" if missing else await self.text(part.word)
            case "?" if missing:
                raise ScriptSyntaxError(f"{part.name}: {await self.text(part.word) or 'parameter not set'}")
            case _:
                if value is None:
                    self._source.missing(part.name)
                return value or ""

    def _arithmetic(self, expression: str) -> int:
        expression = _LENGTH.sub(lambda m: str(len(self._value(m[1]) or "")), expression)
        expression = _REFERENCE.sub(lambda m: self._value(m[1] or m[2]) or "0", expression)
        return Computation(expression, self._value, self._assign).result()

    def _braced(self, word: Word) -> list[Word]:
        """Brace expansion of the unquoted texts of a word."""
        for i, part in enumerate(word):
            if not isinstance(part, Text) or part.quoted:
                continue
            ranged, listed = _RANGE.fullmatch(part.text), _LIST.fullmatch(part.text)
            if ranged:
                first, last = int(ranged[2]), int(ranged[3])
                self._bounds.check(0, items=abs(last - first))
                step = 1 if last >= first else -1
                middles = [str(number) for number in range(first, last + step, step)]
                before, after = ranged[1], ranged[4]
            elif listed:
                middles, before, after = listed[2].split(","), listed[1], listed[3]
            else:
                continue
            rests = self._braced((Text(after), *word[i + 1 :]))
            self._bounds.check(0, items=len(middles) * len(rests))
            return [(*word[:i], Text(before + middle), *rest) for middle in middles for rest in rests]
        return [word]


def _trimmed(value: str, pattern: str, operator: str) -> str:
    """``${name%pattern}`` and its kind: without the shortest (longest, where doubled) end or beginning that matches."""
    if len(value) > _LONGEST_TRIMMED:
        raise ScriptSyntaxError(f"the sandbox's shell trims texts of at most {_LONGEST_TRIMMED} characters")
    longest = len(operator) > 1
    cuts = range(len(value) + 1)
    if operator.startswith("%"):
        for at in cuts if longest else reversed(cuts):
            if fnmatch.fnmatchcase(value[at:], pattern):
                return value[:at]
    else:
        for at in reversed(cuts) if longest else cuts:
            if fnmatch.fnmatchcase(value[:at], pattern):
                return value[at:]
    return value
