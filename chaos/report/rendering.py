"""Templates."""

from __future__ import annotations

from typing import Any

import jinja2


def render(template: str, **context: Any) -> str:
    """Fill in a template of this package.

    SVG is escaped; Markdown is not, its template escapes where it must.

    Args:
        template: its file name in ``templates/``.
        **context: what the template uses; a name that is missing is an error.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("chaos.report", "templates"),
        autoescape=jinja2.select_autoescape(("svg.j2",), default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(**context)
