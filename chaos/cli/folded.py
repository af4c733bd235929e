"""Sentences on stdout: at a terminal folded to its width under where they begin; elsewhere whole lines, for grep."""

from __future__ import annotations

import shutil
import sys
import textwrap

_LEAST = 30  # columns that sentences need to be read with ease


def print_under(head: str, text: str) -> None:
    """A sentence behind a head. Where the terminal leaves hardly room beside that, it is folded below it."""
    if not sys.stdout.isatty():
        print(f"{head}{text}")
        return
    width = shutil.get_terminal_size().columns - 1
    if width - len(head) >= _LEAST:
        print(_folded(text, width, head, " " * len(head)))
    else:
        print(head.rstrip())
        print(_folded(text, width, "    ", "    "))


def _folded(text: str, width: int, first: str, others: str) -> str:
    """No word is cut: one that is too long, such as a path, is the terminal's to wrap."""
    return textwrap.fill(
        text,
        width,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
