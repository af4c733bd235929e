"""Templates."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import jinja2

from chaos.report import escaping


def render(template: str, **context: Any) -> str:
    """Fill in a template of this package; every value in it is escaped for its format.

    Args:
        template: its file name in ``templates/``.
        **context: what the template uses; a name that is missing is an error.
    """
    return compiled(template).render(**context)


@cache
def compiled(template: str) -> jinja2.Template:
    """A template of this package; to make code of one takes longer than to fill it in, so that is done once."""
    is_picture = template.endswith(".svg.j2")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("chaos.report", "templates"),
        autoescape=jinja2.select_autoescape(("svg.j2",), default=False),
        finalize=escaping.picture if is_picture else escaping.markdown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {
        "cell": escaping.cell,
        "cells": escaping.cells,
        "code": escaping.fenced,
        "fold": _fold,
    }
    environment.filters |= {"line": escaping.line}
    return environment.get_template(template)


def _fold(title: str, caller: Callable[[], str]) -> str:
    """What is read by those who want to know more; called around a part of a template."""
    return f"<details>\n<summary>{escaping.line(title)}</summary>\n\n{caller().strip()}\n\n</details>\n\n"
