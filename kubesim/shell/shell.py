"""Runs a script."""
# ruff: noqa: SLF001 - subshells are of the same class

from __future__ import annotations

import asyncio
import copy
import fnmatch
import posixpath
from collections.abc import Awaitable, Callable
from dataclasses import replace

from kubesim.containers.call import Call
from kubesim.containers.input import BrokenPipe, Input
from kubesim.containers.inside import Inside
from kubesim.containers.processes import ForkError
from kubesim.containers.signals import Signal
from kubesim.shell.errors import ScriptSyntaxError, UnsupportedShellError
from kubesim.shell.expansion import Expansion, Source
from kubesim.shell.handover import successors
from kubesim.shell.jobs import Jobs
from kubesim.shell.nodes import (
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
from kubesim.shell.parser import parse
from kubesim.shell.streams import Streams
from kubesim.shell.traps import Traps

NOT_FOUND, SYNTAX, CANNOT_FORK = 127, 2, 2
_DEEPEST = 50
_FORK_STEPS, _PROGRAM_STEPS = 10, 2  # what they cost the machine that simulates them, in simple commands
_TEST = (Text("[["),)
_EXEC = (Text("exec"),)
# Commands that shells have built in: no process of their own.
_WITHOUT_PROCESS = frozenset({"[", "[[", "echo", "false", "printf", "test", "true"})


# Those before which assignments last (POSIX, special built-in utilities).
_SPECIAL = frozenset({":", ".", "break", "continue", "eval", "exec", "exit", "export", "return", "set", "shift", "trap",
                      "unset"})  # fmt: skip


class Exit(Exception):  # noqa: N818 - not an error
    """`exit`, or the end that `set -e` brings."""


class Return(Exception):  # noqa: N818 - not an error
    """`return` of a function."""


class Jump(Exception):  # noqa: N818 - not an error
    """`break` and `continue`."""

    def __init__(self, levels: int, *, on: bool) -> None:
        super().__init__()
        self.levels, self.on = levels, on


Builtin = Callable[["Shell", list[str], Streams], Awaitable[int]]


class Shell:
    """One shell process, or a subshell; builtins (`kubesim.shell.builtins`) change what it has.

    Args:
        call: with its environment and streams.
        name: as it calls itself in messages: ``sh``, or the script's path.
        arguments: ``$1`` and so on.
        builtins: by name.
    """

    def __init__(self, call: Call, name: str, arguments: tuple[str, ...], builtins: dict[str, Builtin]) -> None:
        self.call = call
        self.inside: Inside = call.inside
        self.name = name
        self.kind = call.inside.image.shell(call.name)
        self.builtins = builtins
        self._place = {"bash": "line {}: ", "dash": "{}: "}.get(self.kind, "" if name == call.name else "line {}: ")
        self._line = 1
        self.streams = Streams(call.stdin, call.out, call.err)
        self.exported = set(call.environment)
        self.variables = dict(call.environment)
        self.locals: list[dict[str, str | None]] = []  # of each function that runs: what its local variables hide
        self.functions: dict[str, Command] = {}
        self.positional = list(arguments)
        self.status = 0
        self.options: set[str] = set()  # of `set`, by long name
        self.folder = call.folder
        self.umask = "0022"
        self.limits: dict[str, str] = {}  # of `ulimit`, by letter
        self.jobs = Jobs()
        self.traps = Traps(call.inside.processes, call.pid, self.kind)
        self._pid = call.pid  # also what `$$` is in subshells
        self._tested = 0  # how many conditions it is in, where set -e ends nothing
        self._held_bytes = 0
        self._inline = False  # a subshell in its parent's process
        self._successors: frozenset[int] = frozenset()
        self.replaceable = True  # whether `exec` of the present command takes this process over
        self._expansion = self._make_expansion()

    def _make_expansion(self) -> Expansion:
        bash = self.kind == "bash"
        source = Source(self.value, self.set, self._missing, self._output, lambda: self.positional)
        return Expansion(source, self.inside.bounds, braces=bash)

    def fork(self, pid: int | None = None) -> Shell:
        """A subshell, which keeps what it changes to itself; without a `pid` it shares this one's process."""
        self.inside.bounds.count(_FORK_STEPS)
        child = copy.copy(self)
        child.exported, child.variables = set(self.exported), dict(self.variables)
        child.functions, child.positional = dict(self.functions), list(self.positional)
        child.limits = dict(self.limits)
        child.locals, child.options = [dict(row) for row in self.locals], set(self.options)
        child.jobs = Jobs()
        child.jobs.last_pid = self.jobs.last_pid
        child._held_bytes = 0
        child._inline = pid is None
        if pid is not None:
            child.call = replace(self.call, pid=pid)
        child.traps = self.traps.fork(child.call.pid)
        child._expansion = child._make_expansion()
        return child

    async def run(self, script: Script, *, as_argument: bool = False) -> int:
        """Run it to its end; the exit code.

        Args:
            script: the whole of it.
            as_argument: whether it is `-c`'s, where the last command may take the shell's place.

        Raises:
            UnsupportedShellError: it came to something that kubesim does not know.
        """
        if as_argument:
            self._successors = frozenset(map(id, successors(script, self.kind)))
        return await self.alone(lambda: self._script(script))

    async def alone(self, work: Callable[[], Awaitable[None]]) -> int:
        """Do something as a process or subshell does it: an end of it ends nothing else; then the exit trap."""
        try:
            await self._guarded(work)
            at_exit = self.traps.at_exit()
            if at_exit:
                await self._guarded(lambda: self._keeping_status(at_exit))
        finally:
            self.inside.bounds.hold(-self._held_bytes)
        return self.status

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except (Exit, Return):
            pass
        except Jump:
            self.status = 0
        except BrokenPipe:
            self.status = Signal.PIPE.exit_code
        except ForkError:
            self.streams.err(f"{self.name}: can't fork: Resource temporarily unavailable\n")
            self.status = CANNOT_FORK
        except ScriptSyntaxError as exc:
            self.streams.err(f"{self.name}: {exc}\n")
            self.status = SYNTAX

    # ---- structure ----

    async def _script(self, script: Script) -> None:
        for chain in script.chains:
            if chain.background:
                self._background(chain)
            else:
                await self._chain(chain)

    async def evaluate(self, text: str) -> None:
        """Run a text in this shell, as `eval` does."""
        await self._script(parse(text))

    def _background(self, chain: Chain) -> None:
        running = self.inside.processes.enter(self.call.name)
        child = self.fork(running.pid)
        child.streams = replace(self.streams, stdin=Input())
        pipeline = chain.links[0][1]
        if len(chain.links) == 1 and len(pipeline.commands) == 1 and isinstance(pipeline.commands[0].node, Simple):
            child._successors = frozenset({id(pipeline.commands[0].node)})  # the job's process is the command's

        async def work() -> int:
            try:
                return await child.alone(lambda: child._chain(chain))
            except UnsupportedShellError as exc:
                child.streams.err(f"{self.name}: {exc}\n")
                return NOT_FOUND

        self.jobs.start(self.inside, running, work)
        self.status = 0

    async def _chain(self, chain: Chain) -> None:
        last = len(chain.links) - 1
        judged = False
        for i, (operator, pipeline) in enumerate(chain.links):
            if operator and (self.status == 0) != (operator == "&&"):
                continue
            judged = i == last and not pipeline.negated
            self._tested += not judged
            try:
                await self._pipeline(pipeline)
            finally:
                self._tested -= not judged
        if self.status and judged and not self._tested and "errexit" in self.options:
            raise Exit

    async def _pipeline(self, pipeline: Pipeline) -> None:
        if len(pipeline.commands) > 1:
            await self._joined(pipeline.commands)
        else:
            await self._command(pipeline.commands[0])
        if pipeline.negated:
            self.status = int(not self.status)

    async def _joined(self, commands: tuple[Command, ...]) -> None:
        """Side by side, each reading what the one before it writes."""
        hold = self.inside.bounds.hold
        pipes = [Input(closed=False, hold=hold) for _ in commands[1:]]
        ends = [self.streams.stdin, *pipes]
        sinks = [*(pipe.feed for pipe in pipes), self.streams.out]

        async def stage(i: int) -> int:
            child = self.fork()
            room = pipes[i].room if i < len(pipes) else self.streams.room
            child.streams = replace(self.streams, stdin=ends[i], out=sinks[i], room=room)
            try:
                return await child.alone(lambda: child._command(commands[i]))
            finally:
                if i:
                    pipes[i - 1].abandon()
                if i < len(pipes):
                    pipes[i].close()

        stages = [asyncio.ensure_future(stage(i)) for i in range(len(commands))]
        try:
            codes = await asyncio.gather(*stages)
        finally:
            for task in stages:
                task.cancel()
            self.traps.attach()
        failed = [code for code in codes if code]
        self.status = failed[-1] if failed and "pipefail" in self.options else codes[-1]

    async def _apart(self, command: Command) -> None:
        """In a subshell: what it sets and whether it exits is its own affair."""
        child = self.fork()
        try:
            self.status = await child.alone(lambda: child._command(command))
        finally:
            self.traps.attach()

    async def _command(self, command: Command) -> None:
        before = self.streams
        keep = isinstance(command.node, Simple) and command.node.words == (_EXEC,)
        try:
            for redirection in command.redirections:
                target = await self._expansion.text(redirection.target)
                self.streams = self.streams.redirected(
                    redirection.fd, redirection.operator, target, self.inside.files, self.folder
                )
            await self._node(command)
        except FileNotFoundError as exc:
            before.err(f"{self.name}: can't open {exc}: no such file\n")
            self.status = 1
        finally:
            if not keep:
                self.streams = before

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
                self.functions[function.name] = function.body
                self.status = 0

    async def _condition(self, script: Script) -> bool:
        self._tested += 1
        try:
            await self._script(script)
        finally:
            self._tested -= 1
        return self.status == 0

    async def _if(self, choice: If) -> None:
        for condition, body in choice.branches:
            if await self._condition(condition):
                await self._script(body)
                return
        if choice.otherwise is None:
            self.status = 0
        else:  # which still sees how the condition ended
            await self._script(choice.otherwise)

    async def _loop(self, loop: Loop) -> None:
        status = 0
        while await self._condition(loop.condition) != loop.negated:
            if not await self._round(loop.body):
                break
            status = self.status
        self.status = status

    async def _for(self, loop: For) -> None:
        values = self.positional if loop.words is None else await self._expansion.fields(loop.words)
        self.status = 0
        for value in list(values):
            self.set(loop.name, value)
            if not await self._round(loop.body):
                break

    async def _round(self, body: Script) -> bool:
        """Run a loop's body once; whether the loop goes on."""
        try:
            await self._script(body)
        except Jump as jump:
            if jump.levels > 1:
                jump.levels -= 1
                raise
            return jump.on
        return True

    async def _case(self, case: Case) -> None:
        subject = await self._expansion.text(case.subject)
        self.status = 0
        for patterns, body in case.rows:
            for pattern in patterns:
                if fnmatch.fnmatchcase(subject, await self._expansion.pattern(pattern)):
                    await self._script(body)
                    return

    # ---- commands ----

    async def _simple(self, simple: Simple) -> None:
        self._line = simple.line
        await self.inside.bounds.step()
        self.status = 0 if not simple.words else self.status
        if simple.words and simple.words[0] == _TEST:  # nothing is split there
            argv = [await self._expansion.text(word) for word in simple.words]
        else:
            argv = await self._expansion.fields(simple.words)
        values = {name: await self._expansion.text(word) for name, word in simple.assignments}
        if "xtrace" in self.options:
            self.streams.err("+ " + " ".join([*(f"{k}={v}" for k, v in values.items()), *argv]) + "\n")
        if not argv:
            for name, value in values.items():
                self.set(name, value)
            if "allexport" in self.options:
                self.exported.update(values)
        else:
            last = id(simple) in self._successors and self.traps.hand_over
            self.replaceable = last or not self._inline
            self.status = await self.execute(argv, values, replacing=last)
        if self.streams.room is not None:
            await self.streams.room()
        await self.run_traps()

    async def run_traps(self) -> None:
        """Run what signals are to be answered with, now that no command is in the foreground."""
        while self.traps.due:
            await self._keeping_status(self.traps.next())

    async def _keeping_status(self, trap: str) -> None:
        """A trap's script: unless it exits itself, the status is as before."""
        status = self.status
        await self.evaluate(trap)
        self.status = status

    async def execute(self, argv: list[str], values: dict[str, str], *, replacing: bool = False) -> int:
        """Run a function, a builtin or a program; the exit code."""
        name = argv[0]
        if name in self.functions:
            return await self._function(self.functions[name], argv[1:])
        if name == "command" and not (argv[1:] and argv[1].startswith("-")):
            return await self._without_functions(argv[1:], values, replacing=replacing)
        if name in self.builtins:
            return await self._builtin(argv, values)
        return await self.program(argv, values, replacing=replacing)

    async def _builtin(self, argv: list[str], values: dict[str, str]) -> int:
        before = {name: self.variables.get(name) for name in values}
        for name, value in values.items():
            self.set(name, value)
        code = await self.builtins[argv[0]](self, argv, self.streams)
        if argv[0] not in _SPECIAL:
            self._restore(before)
        return code

    def _restore(self, values: dict[str, str | None]) -> None:
        for name, value in values.items():
            if value is None:
                self.unset(name)
            else:
                self.set(name, value)

    async def _without_functions(self, argv: list[str], values: dict[str, str], *, replacing: bool) -> int:
        if not argv:
            return 0
        if argv[0] in self.builtins:
            return await self._builtin(argv, values)
        return await self.program(argv, values, replacing=replacing)

    async def program(self, argv: list[str], values: dict[str, str], *, replacing: bool = False) -> int:
        """Run a program, in a process of its own or in this shell's place."""
        self.inside.bounds.count(_PROGRAM_STEPS)
        streams = self.streams
        environment = {key: self.variables[key] for key in self.variables if key in self.exported} | values
        call = replace(
            self.call,
            argv=tuple(argv),
            environment=environment,
            stdin=streams.stdin,
            out=streams.out,
            err=streams.err,
            folder=self.folder,
            room=streams.room,
        )
        name = argv[0].rpartition("/")[2]
        start = self.inside.image.programs.get("[" if name == "[[" and self.kind == "bash" else name)
        if start is not None and (name != "[[" or self.kind == "bash"):
            if name in _WITHOUT_PROCESS:
                return await start(call)
            return await self._as_process(start, call, replacing=replacing)
        if self.inside.image.serves(name) and call.serve is not None:
            return await self._as_process(call.serve, call, replacing=replacing)
        found = "command not found" if self.kind == "bash" else "not found"
        streams.err(f"{self.name}: {self._place.format(self._line)}{argv[0]}: {found}\n")
        return NOT_FOUND

    async def _as_process(self, start: Callable[[Call], Awaitable[int]], call: Call, *, replacing: bool) -> int:
        processes = self.inside.processes
        if replacing:
            processes.rename(call.pid, call.name)
            self.traps.attach()
            return await start(call)
        running = processes.enter(call.name)
        try:
            code = await running.live(lambda: start(replace(call, pid=running.pid)))
        finally:
            processes.leave(running.pid)
        return code

    async def _function(self, body: Command, arguments: list[str]) -> int:
        if len(self.locals) >= _DEEPEST:
            raise UnsupportedShellError(f"the sandbox's shell calls functions at most {_DEEPEST} deep")
        positional, self.positional = self.positional, arguments
        self.locals.append({})
        try:
            await self._command(body)
        except Return:
            pass
        finally:
            self.positional = positional
            self._restore(self.locals.pop())
        return self.status

    def path(self, word: str) -> str:
        """A path as it is without the working directory."""
        return posixpath.normpath(posixpath.join(self.folder, word))

    # ---- variables ----

    def value(self, name: str) -> str | None:
        """Of a variable, or of ``$1``, ``$?`` and their kind; None where it is not set."""
        if name.isdigit() and name != "0":
            return self.positional[int(name) - 1] if int(name) <= len(self.positional) else None
        if name in self.variables:
            return self.variables[name]
        special = _SPECIAL_PARAMETERS.get(name)
        return None if special is None else special(self)

    def _missing(self, name: str) -> None:
        """A variable without a value is used as it is."""
        if "nounset" in self.options:
            raise ScriptSyntaxError(f"{name}: {'unbound variable' if self.kind == 'bash' else 'parameter not set'}")

    def set(self, name: str, value: str) -> None:
        """Set a variable."""
        more = len(value) - len(self.variables.get(name, ""))
        self.inside.bounds.hold(more)
        self._held_bytes += more
        self.variables[name] = value

    def unset(self, name: str) -> None:
        """Forget a variable."""
        if name in self.variables:
            self.set(name, "")
            del self.variables[name]
            self.exported.discard(name)

    async def _output(self, script: Script) -> str:
        said: list[str] = []
        bounds = self.inside.bounds
        size_bytes = 0

        def keep(text: str) -> None:
            nonlocal size_bytes
            bounds.hold(len(text))
            size_bytes += len(text)
            said.append(text)

        before = self.streams
        self.streams = replace(before, out=keep)
        try:
            await self._apart(_only(script))
        finally:
            self.streams = before
            bounds.hold(-size_bytes)
        return "".join(said)


# `set`'s letters that kubesim follows; the others are refused by name.
OPTIONS = {"a": "allexport", "e": "errexit", "u": "nounset", "x": "xtrace"}


def _only(script: Script) -> Command:
    return Command(Group(script, subshell=False))


_SPECIAL_PARAMETERS: dict[str, Callable[[Shell], str]] = {
    "?": lambda shell: str(shell.status),
    "#": lambda shell: str(len(shell.positional)),
    "$": lambda shell: str(shell._pid),
    "!": lambda shell: str(shell.jobs.last_pid or ""),
    "@": lambda shell: " ".join(shell.positional),
    "*": lambda shell: " ".join(shell.positional),
    "0": lambda shell: shell.name,
    "-": lambda shell: "".join(letter for letter, long in OPTIONS.items() if long in shell.options),
    "PWD": lambda shell: shell.folder,
}
