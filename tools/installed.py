"""What is installed, what the tool itself needs of it, and what a lock names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions
from pathlib import Path

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
OURS = "chaos-identity"
EXTRAS = ("metrics",)
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)(?: *; *([^\\]+?))?(?: *\\)?$", re.MULTILINE)


def installed(folder: Path | None = None) -> dict[str, Distribution]:
    """Every distribution by its name, of this environment or of a folder of packages."""
    found = distributions() if folder is None else distributions(path=[str(folder)])
    return {canonicalize_name(one.metadata["Name"]): one for one in found}


def needed(all_of: dict[str, Distribution], extras: Iterable[str] = ()) -> set[str]:
    """Names of what the tool needs to run, itself among them."""
    seen: set[tuple[str, str]] = set()
    left = [(OURS, extra) for extra in ("", *extras)]
    while left:
        name, extra = left.pop()
        if (name, extra) in seen or name not in all_of:
            continue
        seen.add((name, extra))
        left += [(needs, more) for needs, mores in requirements(all_of[name], extra) for more in ("", *mores)]
    return {name for name, _ in seen}


def requirements(one: Distribution, extra: str = "") -> list[tuple[str, set[str]]]:
    """What a distribution needs here: names, with the extras of each."""
    read = (Requirement(text) for text in one.requires or ())
    return [
        (canonicalize_name(needs.name), needs.extras)
        for needs in read
        if needs.marker is None or needs.marker.evaluate({"extra": extra})
    ]


def locked(path: Path, *, here: bool = False) -> set[tuple[str, str]]:
    """Names and versions that a lock has.

    Args:
        path: of the lock.
        here: only those that this Python on this machine gets.
    """
    rows = _PINNED.findall(path.read_text(encoding="utf-8"))
    return {
        (canonicalize_name(name), version) for name, version, marker in rows if not (here and marker) or _holds(marker)
    }


def _holds(marker: str) -> bool:
    return Marker(marker).evaluate()
