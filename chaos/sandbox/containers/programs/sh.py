"""sh, ash and bash: `sh -c LINE`, `sh FILE`, or a script on the standard input."""

from __future__ import annotations

import re

from chaos.sandbox.containers.programs.call import Call
from chaos.sandbox.containers.script import ScriptSyntaxError, Shell, UnsupportedShellError, parse

_NOT_FOUND, _SYNTAX, _NO_SCRIPT = 127, 2, 127


async def sh(call: Call) -> int:
    """Run a script to its end; what the sandbox cannot follow ends with 127, and standard error says why."""
    words = list(call.argv[1:])
    options = ""
    while words and re.fullmatch(r"[-+][a-z]+|--|-o", words[0]):
        options += words.pop(0)
    if "c" in options:
        if not words:
            call.err(f"{call.name}: -c requires an argument\n")
            return _SYNTAX
        name, text, arguments = (words[1] if len(words) > 1 else call.name), words[0], tuple(words[2:])
    elif words:
        name, arguments = words[0], tuple(words[1:])
        found = call.inside.files.read(name)
        if found is None:
            form = f"{name}: No such file or directory" if call.name == "bash" else f"can't open '{name}'"
            call.err(f"{call.name}: {form}{'' if call.name == 'bash' else ': No such file or directory'}\n")
            return _NO_SCRIPT
        text = found
    else:
        name, text, arguments = call.name, await call.stdin.read(), ()
    prefix = "set -e\n" if "e" in options else ""
    try:
        return await Shell(call, name, arguments).run(parse(prefix + text))
    except ScriptSyntaxError as exc:
        call.err(f"{name}: {exc}\n")
        return _SYNTAX
    except UnsupportedShellError as exc:
        call.err(f"{name}: {exc}\n")
        return _NOT_FOUND
    except RecursionError:
        call.err(f"{name}: nested too deeply\n")
        return _SYNTAX
