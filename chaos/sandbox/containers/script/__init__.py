"""The shell of simulated containers: POSIX sh as scripts for containers use it, and what bash adds to that."""

from chaos.sandbox.containers.script.errors import ScriptSyntaxError, UnsupportedShellError
from chaos.sandbox.containers.script.parser import parse
from chaos.sandbox.containers.script.shell import Shell

__all__ = ["ScriptSyntaxError", "Shell", "UnsupportedShellError", "parse"]
