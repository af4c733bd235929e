"""timeline.svg."""

from chaos.report.timeline.picture import timeline_svg

__all__ = ["timeline_svg"]
