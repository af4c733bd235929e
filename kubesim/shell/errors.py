"""Why a script cannot be run."""

from __future__ import annotations


class UnsupportedShellError(ValueError):
    """The script uses more of the shell than kubesim knows; the message says what."""


class ScriptSyntaxError(ValueError):
    """No shell would run it."""
