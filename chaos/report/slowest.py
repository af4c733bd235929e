"""Which replacements a report shows: never without the slowest one."""

from __future__ import annotations

from chaos.analysis.stages import Timeline


def back_ns(line: Timeline) -> int | None:
    """When DNS gave the new address in every view; where it was not asked, the first right answer to a client."""
    return line.at("dns-back" if asked_dns(line) else "http")


def asked_dns(line: Timeline) -> bool:
    """Whether a DNS server was asked for the pod's name."""
    return any(boundary.key == "dns-back" for boundary in line.boundaries)


def slowest(lines: list[Timeline]) -> Timeline:
    """Of at least one; not recovered counts as slowest."""
    return max(lines, key=_slowness)


def shown(lines: list[Timeline], most: int) -> list[Timeline]:
    """The first ones, and the slowest, in their order."""
    first = lines[:most]
    if lines and slowest(lines) not in first:
        return [*first[:-1], slowest(lines)]
    return first


def _slowness(line: Timeline) -> tuple[bool, int, int]:
    back = back_ns(line)
    return back is None, 0 if back is None else back - line.trial.cause_ns, -line.trial.number
