"""What can be said of an image and of a script without running either."""

from __future__ import annotations

from kubesim.containers.reference import Reference, parse_reference
from kubesim.images import find_mirrored_image
from kubesim.shell import ScriptSyntaxError, UnsupportedShellError, parse
from kubesim.shell.handover import successors

__all__ = ["Reference", "hands_over", "parse_reference", "shell_of"]


def shell_of(image: str, program: str) -> str:
    """Which shell a program such as ``sh`` is in an image: ``ash``, ``bash``, ``dash``; empty where it is not known.

    A registry may have any image of Docker Hub's: its mirror is the same image.
    """
    known = find_mirrored_image(image)
    return "" if known is None else known.shell(program)


def hands_over(script: str, shell: str) -> bool:
    """Whether the last command of ``SHELL -c SCRIPT`` takes the shell's place as the first process of a container.

    False too where the script cannot be read.
    """
    try:
        return bool(successors(parse(script), shell))
    except (ScriptSyntaxError, UnsupportedShellError, RecursionError):
        return False
