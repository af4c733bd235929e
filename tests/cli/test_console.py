"""Whatever is shown tells the terminal nothing, in whichever form it is handed over."""

from __future__ import annotations

import io

import pytest
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from chaos.cli.console import SteadfastConsole

HOSTILE = "a\x1b]0;owned\x07b\x9b2Jc\u202ed\r"


def table() -> Table:
    found = Table(box=None, show_header=False)
    found.add_row(HOSTILE, Text(HOSTILE))
    return found


@pytest.mark.parametrize("shown", [HOSTILE, Text(HOSTILE), table(), Text.assemble(("x", "bold"), HOSTILE)])
@pytest.mark.parametrize("terminal", [False, True])
def test_nothing_shown_is_obeyed(shown: RenderableType, terminal: bool) -> None:
    out = io.StringIO()
    console = SteadfastConsole(file=out, force_terminal=terminal, color_system=None, width=200)
    console.tell(shown, **({"markup": False} if isinstance(shown, str) else {}))
    assert "owned" in out.getvalue()
    assert not set(out.getvalue()) & set("\x1b\x07\x9b\u202e\r")


def test_its_own_colours_stay() -> None:
    out = io.StringIO()
    SteadfastConsole(file=out, force_terminal=True, color_system="standard").tell(Text("x", style="bold"))
    assert out.getvalue() == "\x1b[1mx\x1b[0m\n"
