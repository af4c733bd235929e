"""sh, ash and bash: `sh -c LINE`, `sh FILE`, or a script on the standard input."""

from __future__ import annotations

import re

from kubesim.containers.call import Call
from kubesim.shell import ScriptSyntaxError, UnsupportedShellError, parse
from kubesim.shell.builtins import builtins_of, set_option
from kubesim.shell.shell import OPTIONS, Shell

_NOT_FOUND, _SYNTAX, _NO_SCRIPT = 127, 2, 127


async def sh(call: Call) -> int:
    """Run a script to its end; what kubesim cannot follow ends with 127, and standard error says why."""
    words = list(call.argv[1:])
    options, named = _options(words)
    if "c" in options:
        if not words:
            call.err(f"{call.name}: -c requires an argument\n")
            return _SYNTAX
        name, text, arguments = (words[1] if len(words) > 1 else call.name), words[0], tuple(words[2:])
    elif words:
        name, arguments = words[0], tuple(words[1:])
        found = call.inside.files.read(call.path(name))
        if found is None:
            form = f"{name}: No such file or directory" if call.name == "bash" else f"can't open '{name}'"
            call.err(f"{call.name}: {form}{'' if call.name == 'bash' else ': No such file or directory'}\n")
            return _NO_SCRIPT
        text = found
    else:
        name, text, arguments = call.name, await call.stdin.read(), ()
    kind = call.inside.image.shell(call.name)
    shell = Shell(call, name, arguments, builtins_of(kind))
    try:
        for option in [*(OPTIONS.get(letter, letter) for letter in options if letter not in "cils"), *named]:
            set_option(shell, option, on=True)
        return await shell.run(parse(text), as_argument="c" in options)
    except ScriptSyntaxError as exc:
        call.err(f"{name}: {exc}\n")
        return _SYNTAX
    except UnsupportedShellError as exc:
        call.err(f"{name}: {exc}\n")
        return _NOT_FOUND
    except RecursionError:
        call.err(f"{name}: nested too deeply\n")
        return _SYNTAX


def _options(words: list[str]) -> tuple[str, list[str]]:
    """Take the options before the script: their letters, and the long names behind ``-o``."""
    letters, named = "", []
    while words and re.fullmatch(r"-[a-zA-Z]+|--", words[0]):
        word = words.pop(0)
        if word == "--":
            break
        letters += word[1:].replace("o", "")
        if "o" in word and words:
            named.append(words.pop(0))
    return letters, named
