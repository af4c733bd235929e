"""When a run asked cluster DNS less often than planned, why, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaos.analysis.reading import Reading
from chaos.analysis.trials import NS_PER_S
from chaos.model.pace import PACE


def asked_less(reading: Reading) -> Iterator[str]:
    """A sentence for each time."""
    began: list[tuple[int, dict[str, Any]]] = []  # the changes of the time that is not over yet
    for at_ns, what, details in reading.marks:
        if what != PACE:
            continue
        if details["factor"] > 1:
            began.append((at_ns, details))
        elif began:
            yield _sentence(began, f"to {at_ns / NS_PER_S:.3f} s")
            began = []
    if began:
        yield _sentence(began, "to the end")


def how_bad(details: dict[str, Any]) -> str:
    """What was heard of all views, by the details of a change."""
    lost = f"{details['lost_share']:.1%} of the questions at all views were not answered in time"
    if not details["took_ns"]:
        return lost
    return f"{lost}, and half of the answers took more than {details['took_ns'] / 1e6:.1f} ms"


def _sentence(changes: list[tuple[int, dict[str, Any]]], until: str) -> str:
    (from_ns, why), (_, most) = changes[0], max(changes, key=lambda change: change[1]["factor"])
    before = ""
    if why["usual_took_ns"]:
        usual = f"{why['usual_lost_share']:.1%} and {why['usual_took_ns'] / 1e6:.1f} ms"
        before = f"; {usual} is usual here"
    return (
        f"From {from_ns / NS_PER_S:.3f} s {until} records were asked for up to {most['factor']} times less often than "
        f"planned, every {most['dns_period_s'] * 1000:.1f} ms at each view, since cluster DNS was overloaded: "
        f"{how_bad(why)}{before}. Intervals of that time are about as wide as that period."
    )
