"""The shell of simulated containers: POSIX sh as scripts for containers use it, and what bash adds to that."""

from chaos.sandbox.containers.script.errors import ScriptSyntaxError, UnsupportedShellError
from chaos.sandbox.containers.script.parser import parse

__all__ = ["ScriptSyntaxError", "UnsupportedShellError", "parse"]
