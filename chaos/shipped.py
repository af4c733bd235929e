"""Where the experiments that ship with the tool lie; none is executed."""

from __future__ import annotations

from pathlib import Path

# Beside the experiments, and none.
NO_EXPERIMENTS = ("shared", "manifests")


def shipped_folder() -> Path:
    """Inside the package in a wheel, beside it in a checkout."""
    package = Path(__file__).parent
    installed = package / "_experiments"
    return installed if installed.is_dir() else package.parent / "experiments"


def shipped_files() -> dict[str, Path]:
    """By the experiment's name; of a folder its ``__init__.py``."""
    folder = shipped_folder()
    named = {path.stem: path for path in folder.glob("*.py")}
    named |= {path.parent.name: path for path in folder.glob("*/__init__.py")}
    kept = (name for name in sorted(named) if not name.startswith("_") and name not in NO_EXPERIMENTS)
    return {name.replace("_", "-"): named[name] for name in kept}
