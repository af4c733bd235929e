"""Commands that the shell runs itself. What kubesim leaves out is refused by name: nothing is passed over."""

from __future__ import annotations

import contextlib
import re

from kubesim.shell.errors import UnsupportedShellError
from kubesim.shell.job_builtins import JOB_BUILTINS
from kubesim.shell.shell import NOT_FOUND, OPTIONS, SYNTAX, Builtin, Exit, Jump, Return, Shell
from kubesim.shell.streams import Streams


async def _colon(_shell: Shell, _argv: list[str], _streams: Streams) -> int:
    return 0


async def _exit(shell: Shell, argv: list[str], _streams: Streams) -> int:
    shell.status = _number(argv, shell.status)
    raise Exit


async def _return(shell: Shell, argv: list[str], _streams: Streams) -> int:
    shell.status = _number(argv, shell.status)
    raise Return


async def _jump(shell: Shell, argv: list[str], _streams: Streams) -> int:
    shell.status = 0
    raise Jump(max(1, _number(argv, 1)), on=argv[0] == "continue")


async def _export(shell: Shell, argv: list[str], streams: Streams) -> int:
    words = argv[1:]
    if words in ([], ["-p"]):
        for name in sorted(shell.exported & shell.variables.keys()):
            streams.out(f"export {name}='{shell.variables[name]}'\n")
        return 0
    _refuse_options(argv)
    for word in words:
        name, given, value = word.partition("=")
        if given:
            shell.set(name, value)
        shell.exported.add(name)
    return 0


async def _local(shell: Shell, argv: list[str], streams: Streams) -> int:
    _refuse_options(argv)
    if not shell.locals:
        streams.err(f"{shell.name}: local: not in a function\n")
        return 1
    for word in argv[1:]:
        name, given, value = word.partition("=")
        shell.locals[-1].setdefault(name, shell.variables.get(name))
        if given:
            shell.set(name, value)
    return 0


async def _unset(shell: Shell, argv: list[str], _streams: Streams) -> int:
    names = argv[1:]
    functions = names[:1] == ["-f"]
    if names[:1] in (["-f"], ["-v"]):
        names = names[1:]
    for name in names:
        if functions:
            shell.functions.pop(name, None)
        else:
            shell.unset(name)
    return 0


async def _set(shell: Shell, argv: list[str], streams: Streams) -> int:
    words = argv[1:]
    if not words:
        streams.out("".join(f"{name}='{shell.variables[name]}'\n" for name in sorted(shell.variables)))
    while words:
        word = words.pop(0)
        if word in ("--", "-") or word[:1] not in ("-", "+"):
            shell.positional = words if word in ("--", "-") else [word, *words]
            break
        on = word[0] == "-"
        for letter in word[1:]:
            set_option(shell, OPTIONS.get(letter, letter) if letter != "o" else words.pop(0) if words else "", on=on)
    return 0


def set_option(shell: Shell, name: str, *, on: bool) -> None:
    """Set or unset one of the shell's options.

    Raises:
        UnsupportedShellError: kubesim does not follow it.
    """
    if name not in {*OPTIONS.values(), "pipefail"} or (name == "pipefail" and shell.kind == "dash"):
        raise UnsupportedShellError(f"set: the sandbox's shell ({shell.kind}) does not know the option {name!r}")
    (shell.options.add if on else shell.options.discard)(name)


async def _shift(shell: Shell, argv: list[str], streams: Streams) -> int:
    count = _number(argv, 1)
    if count > len(shell.positional):
        if shell.kind == "bash":
            return 1
        streams.err(f"{shell.name}: shift: can't shift that many\n")
        shell.status = SYNTAX
        raise Exit
    shell.positional = shell.positional[count:]
    return 0


async def _read(shell: Shell, argv: list[str], streams: Streams) -> int:
    raw, names = False, []
    for word in argv[1:]:
        if word == "-r":
            raw = True
        elif word.startswith("-"):
            raise UnsupportedShellError(f"read: the sandbox's shell does not know {word}")
        else:
            names.append(word)
    line, newline = await streams.stdin.line()
    while not raw and newline and line.endswith("\\"):
        more, newline = await streams.stdin.line()
        line = line[:-1] + more
    names = names or ["REPLY"]
    separators = shell.value("IFS")
    words = line.split(None if separators is None or separators.isspace() else separators, len(names) - 1)
    words = [line] if separators == "" else words
    words += [""] * (len(names) - len(words))
    for name, word in zip(names, words, strict=False):
        shell.set(name, word.rstrip() if separators is None else word)
    return int(not (line or newline))


async def _eval(shell: Shell, argv: list[str], _streams: Streams) -> int:
    shell.status = 0
    await shell.evaluate(" ".join(argv[1:]))
    return shell.status


async def _source(shell: Shell, argv: list[str], streams: Streams) -> int:
    path = shell.path(argv[1]) if len(argv) > 1 else ""
    text = shell.inside.files.read(path)
    if text is None:
        streams.err(f"{shell.name}: {argv[0]}: {path or 'filename argument required'}: No such file or directory\n")
        if shell.kind != "bash":
            shell.status = SYNTAX
            raise Exit
        return 1
    shell.status = 0
    with contextlib.suppress(Return):
        await shell.evaluate(text)
    return shell.status


async def _exec(shell: Shell, argv: list[str], _streams: Streams) -> int:
    if len(argv) == 1:
        return 0
    _refuse_options(argv)
    shell.traps.leave()
    shell.status = await shell.program(argv[1:], {}, replacing=shell.replaceable)
    raise Exit


async def _command(shell: Shell, argv: list[str], streams: Streams) -> int:
    """`command -v NAMES`, `type NAMES`."""
    words = argv[1:]
    if argv[0] == "command":
        if words[0] not in ("-v", "-V"):
            raise UnsupportedShellError(f"command: the sandbox's shell does not know {words[0]}")
        words = words[1:]
    code = 0
    for name in words:
        if name in shell.builtins or name in shell.functions:
            streams.out(f"{name}\n")
        elif shell.inside.image.has(name):
            streams.out(f"/bin/{name}\n")
        else:
            code = NOT_FOUND
    return code


async def _cd(shell: Shell, argv: list[str], streams: Streams) -> int:
    word = argv[1] if len(argv) > 1 else shell.value("HOME") or "/"
    if word == "-":
        word = shell.value("OLDPWD") or shell.folder
        streams.out(f"{word}\n")
    target = shell.path(word)
    if not shell.inside.files.is_folder(target):
        place = f"cd: {word}" if shell.kind == "bash" else f"cd: can't cd to {word}"
        streams.err(f"{shell.name}: {place}: No such file or directory\n")
        return 1 if shell.kind == "bash" else SYNTAX
    shell.set("OLDPWD", shell.folder)
    shell.set("PWD", target)
    shell.folder = target
    return 0


async def _pwd(shell: Shell, _argv: list[str], streams: Streams) -> int:
    streams.out(f"{shell.folder}\n")
    return 0


async def _umask(shell: Shell, argv: list[str], streams: Streams) -> int:
    """It is kept and told; that files have no modes here is kubesim's limit for all programs."""
    if len(argv) == 1:
        streams.out(f"{shell.umask}\n")
        return 0
    if not re.fullmatch(r"0?[0-7]{1,3}", argv[1]):
        raise UnsupportedShellError(f"umask: the sandbox's shell knows octal masks, not {argv[1]!r}")
    shell.umask = f"{int(argv[1], 8):04o}"
    return 0


async def _ulimit(shell: Shell, argv: list[str], streams: Streams) -> int:
    """Limits are kept and told, as the mask is; none is ever reached here."""
    words = [word for word in argv[1:] if word not in ("-S", "-H")]
    letter = words.pop(0)[1:] if words[:1] and words[0].startswith("-") else "f"
    if letter not in "cdflmnpstuv" or len(letter) != 1 or len(words) > 1:
        raise UnsupportedShellError(f"the sandbox's shell does not know {' '.join(argv)}")
    if words:
        shell.limits[letter] = words[0]
    else:
        streams.out(f"{shell.limits.get(letter, '1048576' if letter == 'n' else 'unlimited')}\n")
    return 0


async def _hash(_shell: Shell, _argv: list[str], _streams: Streams) -> int:
    """Where programs are is never remembered here, so there is nothing to forget."""
    return 0


def _refuse_options(argv: list[str]) -> None:
    option = next((word for word in argv[1:2] if word.startswith("-") and len(word) > 1), "")
    if option:
        raise UnsupportedShellError(f"{argv[0]}: the sandbox's shell does not know {option}")


def _refusal(name: str) -> Builtin:
    async def refuse(_shell: Shell, _argv: list[str], _streams: Streams) -> int:
        raise UnsupportedShellError(f"the sandbox's shell does not know {name}")

    return refuse


def _number(argv: list[str], otherwise: int) -> int:
    return int(argv[1]) % 256 if len(argv) > 1 and argv[1].isdigit() else otherwise


_REFUSED = ("alias", "bg", "fg", "getopts", "readonly", "times", "unalias")
_REFUSED_IN_BASH = ("declare", "disown", "enable", "let", "mapfile", "pushd", "popd", "readarray", "shopt", "suspend",
                    "typeset", "builtin", "caller", "dirs", "complete", "history", "logout")  # fmt: skip

_COMMON: dict[str, Builtin] = {
    ":": _colon,
    ".": _source,
    "cd": _cd,
    "pwd": _pwd,
    "umask": _umask,
    "ulimit": _ulimit,
    "exit": _exit,
    "return": _return,
    "break": _jump,
    "continue": _jump,
    "export": _export,
    "local": _local,
    "unset": _unset,
    "set": _set,
    "shift": _shift,
    "read": _read,
    "eval": _eval,
    "exec": _exec,
    "command": _command,
    "type": _command,
    "hash": _hash,
    **JOB_BUILTINS,
    **{name: _refusal(name) for name in _REFUSED},
}
_OF_BASH = {"source": _source, **{name: _refusal(name) for name in _REFUSED_IN_BASH}}
_OF_ASH = {"source": _source, "let": _refusal("let")}


def builtins_of(kind: str) -> dict[str, Builtin]:
    """Those of ``ash``, ``bash`` or ``dash``."""
    return {**_COMMON, **{"bash": _OF_BASH, "ash": _OF_ASH}.get(kind, {})}
