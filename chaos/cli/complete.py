"""What the shell offers after TAB; reads folders only, since it must be quick."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from chaos.options.kinds import Choice, Kind
from chaos.shipped import shipped_files

KINDS_OF_NEW = ("experiment", "fault")
MANIFEST_KINDS = ("namespace", "rbac", "cronjob", "networkpolicy", "all")


def experiment_names(incomplete: str) -> list[str]:
    """Shipped experiments that begin so."""
    return [name for name in shipped_files() if name.startswith(incomplete)]


def run_folders(incomplete: str) -> list[str]:
    """Runs below ./reports that begin so."""
    return sorted(str(p.parent) for p in Path("reports").glob("*/*/run.json") if str(p.parent).startswith(incomplete))


def manifest_kinds(incomplete: str) -> list[str]:
    """Kinds of manifests that begin so."""
    return [kind for kind in MANIFEST_KINDS if kind.startswith(incomplete)]


def kinds_of_new(incomplete: str) -> list[str]:
    """What `chaos new` writes that begins so."""
    return [kind for kind in KINDS_OF_NEW if kind.startswith(incomplete)]


def words_of(kind: Kind[Any]) -> Callable[[str], list[str]] | None:
    """What offers the values of an option of that kind; None where they are too many to name."""
    if not isinstance(kind, Choice):
        return None
    words = kind.words

    def begun(incomplete: str) -> list[str]:
        return [word for word in words if word.startswith(incomplete)]

    return begun
