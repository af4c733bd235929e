"""Packages that nobody installed."""

from __future__ import annotations

from importlib.metadata import Distribution, PathDistribution
from pathlib import Path


def made_up(folder: Path, name: str, *lines: str) -> Distribution:
    """One with these lines of metadata."""
    home = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    home.mkdir()
    (home / "METADATA").write_text("\n".join(("Metadata-Version: 2.4", f"Name: {name}", "Version: 1.0", *lines, "")))
    return PathDistribution(home)
