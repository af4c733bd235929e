"""What the shell offers after TAB; reads folders only, since it must be quick."""

from __future__ import annotations

from pathlib import Path


def experiment_names(incomplete: str) -> list[str]:
    """Shipped experiments that begin so."""
    package = Path(__file__).parent.parent
    folders = (package / "_experiments", package.parent / "experiments")
    names = (p.stem.replace("_", "-") for f in folders if f.is_dir() for p in f.glob("*.py"))
    return sorted(n for n in names if n.startswith(incomplete))


def run_folders(incomplete: str) -> list[str]:
    """Runs below ./reports that begin so."""
    return sorted(str(p.parent) for p in Path("reports").glob("*/*/run.json") if str(p.parent).startswith(incomplete))
