"""The shell of simulated containers: POSIX sh as scripts for containers use it, and what bash adds to that."""

from kubesim.shell.errors import ScriptSyntaxError, UnsupportedShellError
from kubesim.shell.parser import parse

__all__ = ["ScriptSyntaxError", "UnsupportedShellError", "parse"]
