"""Questions that are asked of several experiments together, such as those of a course."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CourseQuestion:
    """One question of a course.

    Attributes:
        key: by which experiments name it.
        part: of the course that asks it.
        kind: ``reflection``, ``analysis``, ``challenge``, ``troubleshooting`` or ``look-ahead``.
    """

    key: str
    part: str
    kind: str
    text: str
