"""Runs a script."""

from __future__ import annotations

import asyncio
import fnmatch
from collections.abc import Awaitable, Callable
from dataclasses import replace

from chaos.sandbox.containers.inside import Inside
from chaos.sandbox.containers.programs.call import Call, Serve
from chaos.sandbox.containers.programs.input import Input
from chaos.sandbox.containers.script.errors import ScriptSyntaxError, UnsupportedShellError
from chaos.sandbox.containers.script.expansion import Expansion
from chaos.sandbox.containers.script.nodes import (
    Case,
    Chain,
    Command,
    For,
    Function,
    Group,
    If,
    Loop,
    Pipeline,
    Script,
    Simple,
    Text,
)
from chaos.sandbox.containers.script.parser import parse
from chaos.sandbox.containers.script.streams import Streams

_NOT_FOUND, _SYNTAX = 127, 2
# A loop that waits for nothing must not stop the clock: each round costs something, as it does really.
_ROUND_S = 0.001
_DEEPEST = 50
_TEST = (Text("[["),)


class _Exit(Exception):  # noqa: N818 - not an error
    """`exit`, or the end that `set -e` brings."""


class _Return(Exception):  # noqa: N818 - not an error
    """`return` of a function."""


class _Jump(Exception):  # noqa: N818 - not an error
    """`break` and `continue`."""

    def __init__(self, levels: int, *, on: bool) -> None:
        super().__init__()
        self.levels, self.on = levels, on


class Shell:
    """One shell process.

    Args:
        call: with its environment and streams.
        name: as it calls itself in messages: ``sh``, or the script's path.
        arguments: ``$1`` and so on.
    """

    def __init__(self, call: Call, name: str, arguments: tuple[str, ...] = ()) -> None:
        self._call = call
        self._inside: Inside = call.inside
        self._name = name
        kind = call.name if call.name in ("ash", "bash") else call.inside.image.sh
        self._bash = kind == "bash"
        self._place = {"bash": "line {}: ", "dash": "{}: "}.get(kind, "" if name == call.name else "line {}: ")
        self._line = 1
        self._streams = Streams(call.stdin, call.out, call.err)
        self._exported = set(call.environment)
        self._variables = dict(call.environment)
        self._functions: dict[str, Command] = {}
        self._positional = list(arguments)
        self._status = 0
        self._stop_on_error = False  # set -e
        self._tested = 0  # how many conditions it is in, where set -e ends nothing
        self._depth = 0
        self._expansion = Expansion(self._value, self._set, self._output, lambda: self._positional, braces=self._bash)
        self._builtins: dict[str, Callable[[list[str], Streams], Awaitable[int]]] = {
            ":": self._colon,
            "cd": self._colon,
            "umask": self._colon,
            "trap": self._colon,
            "wait": self._colon,
            "exit": self._exit,
            "return": self._return,
            "break": self._jump,
            "continue": self._jump,
            "export": self._export,
            "local": self._export,
            "unset": self._unset,
            "set": self._set_options,
            "shift": self._shift,
            "read": self._read,
            "eval": self._eval,
            "exec": self._exec,
            "command": self._command_builtin,
            "type": self._command_builtin,
        }

    async def run(self, script: Script) -> int:
        """Run it to its end; the exit code.

        Raises:
            UnsupportedShellError: it came to something that the sandbox does not know.
        """
        try:
            await self._script(script)
        except (_Exit, _Return):
            pass
        except _Jump:
            self._status = 0
        except ScriptSyntaxError as exc:
            self._streams.err(f"{self._name}: {exc}\n")
            self._status = _SYNTAX
        return self._status

    # ---- structure ----

    async def _script(self, script: Script) -> None:
        for chain in script.chains:
            await self._chain(chain)

    async def _chain(self, chain: Chain) -> None:
        last = len(chain.links) - 1
        judged = False
        for i, (operator, pipeline) in enumerate(chain.links):
            if operator and (self._status == 0) != (operator == "&&"):
                continue
            judged = i == last and not pipeline.negated
            self._tested += not judged
            try:
                await self._pipeline(pipeline)
            finally:
                self._tested -= not judged
        if self._stop_on_error and self._status and judged and not self._tested:
            raise _Exit

    async def _pipeline(self, pipeline: Pipeline) -> None:
        before = self._streams
        try:
            for command in pipeline.commands[:-1]:
                passed: list[str] = []
                self._streams = replace(self._streams, out=passed.append)
                await self._apart(command)
                self._streams = replace(before, stdin=Input("".join(passed)))
            if len(pipeline.commands) > 1:
                await self._apart(pipeline.commands[-1])
            else:
                await self._command(pipeline.commands[0])
        finally:
            self._streams = before
        if pipeline.negated:
            self._status = int(not self._status)

    async def _apart(self, command: Command) -> None:
        """In a subshell: what it sets and whether it exits is its own affair."""
        variables, positional = dict(self._variables), list(self._positional)
        try:
            await self._command(command)
        except (_Exit, _Return):
            pass
        finally:
            self._variables, self._positional = variables, positional

    async def _command(self, command: Command) -> None:
        before = self._streams
        try:
            for redirection in command.redirections:
                target = await self._expansion.text(redirection.target)
                self._streams = self._streams.redirected(
                    redirection.fd, redirection.operator, target, self._inside.files
                )
            await self._node(command)
        except FileNotFoundError as exc:
            before.err(f"{self._name}: can't open {exc}: no such file\n")
            self._status = 1
        finally:
            self._streams = before

    async def _node(self, command: Command) -> None:
        match command.node:
            case Simple() as simple:
                await self._simple(simple)
            case Group() as group:
                await (self._apart(_only(group.body)) if group.subshell else self._script(group.body))
            case If() as choice:
                await self._if(choice)
            case Loop() as loop:
                await self._loop(loop)
            case For() as loop:
                await self._for(loop)
            case Case() as case:
                await self._case(case)
            case Function() as function:
                self._functions[function.name] = function.body
                self._status = 0

    async def _condition(self, script: Script) -> bool:
        self._tested += 1
        try:
            await self._script(script)
        finally:
            self._tested -= 1
        return self._status == 0

    async def _if(self, choice: If) -> None:
        for condition, body in choice.branches:
            if await self._condition(condition):
                await self._script(body)
                return
        if choice.otherwise is None:
            self._status = 0
        else:  # which still sees how the condition ended
            await self._script(choice.otherwise)

    async def _loop(self, loop: Loop) -> None:
        status = 0
        while await self._condition(loop.condition) != loop.negated:
            await asyncio.sleep(_ROUND_S)
            if not await self._round(loop.body):
                break
            status = self._status
        self._status = status

    async def _for(self, loop: For) -> None:
        values = self._positional if loop.words is None else await self._expansion.fields(loop.words)
        self._status = 0
        for value in list(values):
            self._set(loop.name, value)
            if not await self._round(loop.body):
                break

    async def _round(self, body: Script) -> bool:
        """Run a loop's body once; whether the loop goes on."""
        try:
            await self._script(body)
        except _Jump as jump:
            if jump.levels > 1:
                jump.levels -= 1
                raise
            return jump.on
        return True

    async def _case(self, case: Case) -> None:
        subject = await self._expansion.text(case.subject)
        self._status = 0
        for patterns, body in case.rows:
            for pattern in patterns:
                if fnmatch.fnmatchcase(subject, await self._expansion.pattern(pattern)):
                    await self._script(body)
                    return

    # ---- commands ----

    async def _simple(self, simple: Simple) -> None:
        self._line = simple.line
        self._status = 0 if not simple.words else self._status
        if simple.words and simple.words[0] == _TEST:  # nothing is split there
            argv = [await self._expansion.text(word) for word in simple.words]
        else:
            argv = await self._expansion.fields(simple.words)
        values = {name: await self._expansion.text(word) for name, word in simple.assignments}
        if not argv:
            for name, value in values.items():
                self._set(name, value)
            return
        self._status = await self._run(argv, values)

    async def _run(self, argv: list[str], values: dict[str, str]) -> int:
        name = argv[0]
        if name in self._functions:
            return await self._function(self._functions[name], argv[1:])
        if name in self._builtins:
            return await self._builtins[name](argv, self._streams)
        return await self._program(argv, values)

    async def _program(self, argv: list[str], values: dict[str, str], *, replacing: bool = False) -> int:
        streams = self._streams
        environment = {key: self._variables[key] for key in self._variables if key in self._exported} | values
        call = replace(
            self._call,
            argv=tuple(argv),
            environment=environment,
            stdin=streams.stdin,
            out=streams.out,
            err=streams.err,
            serve=self._serve_as(replacing=replacing),
        )
        name = argv[0].rpartition("/")[2]
        program = self._inside.programs.get("[" if name == "[[" and self._bash else name)
        if program is not None and (name != "[[" or self._bash):
            return await program(call)
        served = call.serve(call, replacing) if call.serve else None
        if served is not None:
            return await served
        found = "command not found" if self._bash else "not found"
        streams.err(f"{self._name}: {self._place.format(self._line)}{argv[0]}: {found}\n")
        return _NOT_FOUND

    def _serve_as(self, *, replacing: bool) -> Serve | None:
        """A server has this shell before it, unless the shell is replaced by what starts it."""
        serve = self._call.serve
        return serve if serve is None else lambda call, replaces: serve(call, replaces and replacing)

    async def _function(self, body: Command, arguments: list[str]) -> int:
        if self._depth >= _DEEPEST:
            raise UnsupportedShellError("a function calls itself too deeply")
        positional, self._positional = self._positional, arguments
        self._depth += 1
        try:
            await self._command(body)
        except _Return:
            pass
        finally:
            self._positional = positional
            self._depth -= 1
        return self._status

    # ---- variables ----

    def _value(self, name: str) -> str | None:
        if name.isdigit() and name != "0":
            return self._positional[int(name) - 1] if int(name) <= len(self._positional) else None
        everything = " ".join(self._positional)
        special = {
            "?": str(self._status),
            "#": str(len(self._positional)),
            "$": "1",
            "@": everything,
            "*": everything,
            "0": self._name,
        }
        return special.get(name, self._variables.get(name))

    def _set(self, name: str, value: str) -> None:
        self._variables[name] = value

    async def _output(self, script: Script) -> str:
        said: list[str] = []
        before = self._streams
        self._streams = replace(before, out=said.append)
        try:
            await self._apart(_only(script))
        finally:
            self._streams = before
        return "".join(said)

    # ---- builtins ----

    async def _colon(self, _argv: list[str], _streams: Streams) -> int:
        return 0

    async def _exit(self, argv: list[str], _streams: Streams) -> int:
        self._status = _number(argv, self._status)
        raise _Exit

    async def _return(self, argv: list[str], _streams: Streams) -> int:
        self._status = _number(argv, self._status)
        raise _Return

    async def _jump(self, argv: list[str], _streams: Streams) -> int:
        self._status = 0
        raise _Jump(max(1, _number(argv, 1)), on=argv[0] == "continue")

    async def _export(self, argv: list[str], _streams: Streams) -> int:
        for word in argv[1:]:
            name, given, value = word.partition("=")
            if given:
                self._set(name, value)
            if argv[0] == "export":
                self._exported.add(name)
        return 0

    async def _unset(self, argv: list[str], _streams: Streams) -> int:
        for name in argv[1:]:
            self._variables.pop(name, None)
        return 0

    async def _set_options(self, argv: list[str], _streams: Streams) -> int:
        for i, word in enumerate(argv[1:], 1):
            if word == "--":
                self._positional = argv[i + 1 :]
                break
            if word[:1] in "+-" and "e" in word and word[1:] != "o":
                self._stop_on_error = word[0] == "-"
        return 0

    async def _shift(self, argv: list[str], _streams: Streams) -> int:
        self._positional = self._positional[_number(argv, 1) :]
        return 0

    async def _read(self, argv: list[str], streams: Streams) -> int:
        line, newline = await streams.stdin.line()
        names = [word for word in argv[1:] if not word.startswith("-")] or ["REPLY"]
        words = line.split(None, len(names) - 1)
        for i, name in enumerate(names):
            self._set(name, words[i] if i < len(words) else "")
        return int(not (line or newline))

    async def _eval(self, argv: list[str], _streams: Streams) -> int:
        await self._script(parse(" ".join(argv[1:])))
        return self._status

    async def _exec(self, argv: list[str], _streams: Streams) -> int:
        if len(argv) > 1:
            self._status = await self._program(argv[1:], {}, replacing=True)
            raise _Exit
        return 0

    async def _command_builtin(self, argv: list[str], streams: Streams) -> int:
        """`command -v NAME`, `type NAME`, `command NAME …`."""
        words = [word for word in argv[1:] if not word.startswith("-")]
        if argv[0] == "command" and argv[1:2] not in (["-v"], ["-V"]):
            return await self._run(words, {}) if words else 0
        code = 0
        for name in words:
            known = name in self._inside.programs or name in self._inside.image.programs
            if name in self._builtins or name in self._functions:
                streams.out(f"{name}\n")
            elif known:
                streams.out(f"/bin/{name}\n")
            else:
                code = _NOT_FOUND
        return code


def _only(script: Script) -> Command:
    return Command(Group(script, subshell=False))


def _number(argv: list[str], otherwise: int) -> int:
    return int(argv[1]) % 256 if len(argv) > 1 and argv[1].isdigit() else otherwise
