"""timeline.svg."""

from chaos.report.timeline.picture import is_drawn, timeline_svg

__all__ = ["is_drawn", "timeline_svg"]
