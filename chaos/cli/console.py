"""Where everything is shown: a console that nothing shown can trick, and documents for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from chaos.visible import visible


class SteadfastConsole(Console):
    """A console whose streams never raise (`chaos.cli.streams`): what is told about goes on without readers.

    Nothing that is shown, in whatever it stands, can tell the terminal what to do.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        """As rich does, with text made fit; what rich itself tells the terminal is no text."""
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control else Segment(visible(text), style)

    def tell(self, *what: RenderableType, **options: Any) -> None:
        """Print, without colours that rich would guess."""
        self.print(*(visible(one) if isinstance(one, str) else one for one in what), highlight=False, **options)

    def tell_line(self, text: str) -> None:
        """One line as it is, whatever it holds and however wide the terminal is."""
        self.tell(visible(text, line=True), markup=False, soft_wrap=True)


def print_json(document: object) -> None:
    """A document on stdout."""
    print(json.dumps(document, indent=2), flush=True)
