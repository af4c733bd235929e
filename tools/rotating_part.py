"""Prints the names of every Nth experiment, other ones each day, so that CI sees all of them within N days.

python tools/rotating_part.py 6
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from chaos.experiment import load_experiments


def part(names: list[str], parts: int, day: int) -> list[str]:
    """Those whose turn it is."""
    return names[day % parts :: parts]


if __name__ == "__main__":
    today = datetime.now(UTC).timetuple().tm_yday
    print(*part([e.name for e in load_experiments()], int(sys.argv[1]), today))
