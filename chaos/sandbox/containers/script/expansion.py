"""Words to fields: braces, parameters, arithmetic, splitting, quotes."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Awaitable, Callable

from chaos.sandbox.containers.script.errors import ScriptSyntaxError, UnsupportedShellError
from chaos.sandbox.containers.script.nodes import Arithmetic, Parameter, Script, Substitution, Text, Word

_RANGE = re.compile(r"(.*?)\{(-?\d+)\.\.(-?\d+)\}(.*)", re.DOTALL)
_LIST = re.compile(r"(.*?)\{([^{}]*,[^{}]*)\}(.*)", re.DOTALL)
_ARITHMETIC = re.compile(r"[\d\s()+*/%<>=!&|-]*")


class Expansion:
    """Expands words.

    Args:
        value: of a parameter; None where it is not set.
        assign: sets a variable, for ``${name:=word}``.
        output: runs a command substitution.
        positional: the parameters that ``$@`` stands for.
        braces: whether ``{0..2}`` and ``{a,b}`` are expanded: in bash.
    """

    def __init__(
        self,
        value: Callable[[str], str | None],
        assign: Callable[[str, str], None],
        output: Callable[[Script], Awaitable[str]],
        positional: Callable[[], list[str]],
        *,
        braces: bool,
    ) -> None:
        self._value, self._assign, self._output, self._positional = value, assign, output, positional
        self._braces = braces

    async def fields(self, words: tuple[Word, ...]) -> list[str]:
        """All fields of a command line."""
        found: list[str] = []
        for word in words:
            for one in _braced(word) if self._braces else [word]:
                found += await self._split(one)
        return found

    async def text(self, word: Word) -> str:
        """One word without splitting, as in assignments."""
        return "".join([await self._part(part) for part in word])

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
                for i, text in enumerate(self._positional()):
                    if i:
                        fields.append(current or "")
                        current = ""
                    current = (current or "") + text
                continue
            text = await self._part(part)
            if part.quoted or isinstance(part, Text):
                current = (current or "") + text
                continue
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
                return (await self._output(part.script)).rstrip("\n")
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
                return value or ""

    def _arithmetic(self, expression: str) -> int:
        """Whole numbers with C's operators."""
        numbers = re.sub(r"\$?\{?([A-Za-z_]\w*)\}?", lambda m: self._value(m[1]) or "0", expression)
        numbers = re.sub(r"\$(\d|[?#])", lambda m: self._value(m[1]) or "0", numbers)
        if not _ARITHMETIC.fullmatch(numbers) or "**" in numbers:
            raise UnsupportedShellError(f"the sandbox's shell cannot compute $(({expression}))")
        python = numbers.replace("&&", " and ").replace("||", " or ").replace("/", "//")
        python = re.sub(r"!(?!=)", " not ", python)
        python = re.sub(r"\b0+(?=\d)", "", python)
        try:
            return int(eval(python or "0", {"__builtins__": {}}))  # noqa: S307 - digits and operators only, see above
        except (SyntaxError, ZeroDivisionError, TypeError, ValueError, MemoryError, OverflowError) as exc:
            raise ScriptSyntaxError(f"arithmetic syntax error: {expression}") from exc


def _trimmed(value: str, pattern: str, operator: str) -> str:
    """``${name%pattern}`` and its kind: without the shortest (longest, where doubled) end or beginning that matches."""
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


def _braced(word: Word) -> list[Word]:
    """Brace expansion of the unquoted texts of a word."""
    for i, part in enumerate(word):
        if not isinstance(part, Text) or part.quoted:
            continue
        ranged, listed = _RANGE.fullmatch(part.text), _LIST.fullmatch(part.text)
        if ranged:
            first, last = int(ranged[2]), int(ranged[3])
            step = 1 if last >= first else -1
            middles = [str(number) for number in range(first, last + step, step)]
            before, after = ranged[1], ranged[4]
        elif listed:
            middles, before, after = listed[2].split(","), listed[1], listed[3]
        else:
            continue
        return [
            (*word[:i], Text(before + middle), *rest)
            for middle in middles
            for rest in _braced((Text(after), *word[i + 1 :]))
        ]
    return [word]
