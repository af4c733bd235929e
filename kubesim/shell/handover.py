"""Which command of a script takes the shell's place, and so becomes PID 1 where the shell was.

`sh -c` need not outlive its last command, and some shells see that. What each does was tried, form by form:
`tests/kubesim/containers/first_process` has the table.

- busybox ash (ash.c: EV_EXIT, from `evalstring` down): whatever it comes to last, also inside of `{ }`, `( )`, `if` and
  `case`; not in loops and functions, not where the whole construct is redirected, not where a newline ends the text.
- bash (`optimize_connection_fork` in builtins/evalstring.c, `should_suppress_fork`): a simple command without
  redirections that is the last of the text, alone on its line or behind one `;`, `&&` or `||`.
- dash as Debian has it (0.5.12-2): never. Upstream's dash does as ash does since 0.5.11.

After a trap was set none of them does it. A script in a file, or from the standard input, never is: only `-c`.
"""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.shell.nodes import Case, Chain, Command, Group, If, Pipeline, Script, Simple


def successors(script: Script, shell: str) -> tuple[Simple, ...]:
    """The commands of a `-c` script that take the shell's place when it comes to them (`exec` does in any case).

    Args:
        script: the whole text.
        shell: ``ash``, ``bash`` or ``dash``.
    """
    if not script.chains:
        return ()
    if shell == "ash" and script.behind == "nothing":
        return tuple(_of_ash(script))
    if shell == "bash" and script.behind != "more":
        return tuple(_of_bash(script))
    return ()


def _of_ash(script: Script) -> Iterator[Simple]:
    last = script.chains[-1]
    if last.background:
        return
    pipeline = last.links[-1][1]
    if len(pipeline.commands) == 1 and not pipeline.negated:
        yield from _within(pipeline.commands[0])


def _within(command: Command) -> Iterator[Simple]:
    match command.node:
        case Simple() as simple:
            yield simple
        case Group(body, subshell) if subshell or not command.redirections:
            yield from _of_ash(body)
        case If(branches, otherwise) if not command.redirections:
            for _, body in branches:
                yield from _of_ash(body)
            if otherwise is not None:
                yield from _of_ash(otherwise)
        case Case(_, rows) if not command.redirections:
            for _, body in rows:
                if body.chains:
                    yield from _of_ash(body)


def _of_bash(script: Script) -> Iterator[Simple]:
    last = script.chains[-1]
    if last.background or (not last.begins_line and (len(last.links) > 1 or _before(script).background)):
        return
    simple = _plain(last.links[-1][1])
    if simple is not None:
        yield simple


def _before(script: Script) -> Chain:
    return script.chains[-2]


def _plain(pipeline: Pipeline) -> Simple | None:
    command = pipeline.commands[0]
    if len(pipeline.commands) > 1 or pipeline.negated or command.redirections or not isinstance(command.node, Simple):
        return None
    return command.node
