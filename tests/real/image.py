"""An image of this checkout, written without Docker: the python image of realk8s and the installed packages on top."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

from packaging.requirements import Requirement

IMAGE = "images.test/chaos-identity:test"
REPOSITORY = Path(__file__).parents[2]
REALK8S = REPOSITORY.parent / "shared" / "realk8s"
ROOT = Path(os.environ.get("REALK8S_CACHE", Path.home() / ".cache" / "realk8s")) / "debian.root.tar"
_PACKAGES = "opt/chaos"
_DISTRIBUTION = "chaos-identity"


def load_image(folder: Path) -> str:
    """Put the image on every node; returns its name."""
    images = _realk8s_images()
    rows = [("dir", "opt", "", 0o755), ("dir", _PACKAGES, "", 0o755)]
    folders: set[str] = set()
    for name, path in sorted(_files().items()):
        for parent in reversed(Path(name).parents):
            where = f"{_PACKAGES}/{parent}"
            if str(parent) != "." and where not in folders:
                folders.add(where)
                rows.append(("dir", where, "", 0o755))
        rows.append(("file", f"{_PACKAGES}/{name}", str(path), 0o644))
    settings = {
        "Env": ["PATH=/usr/local/bin:/usr/bin:/bin", f"PYTHONPATH=/{_PACKAGES}", "PYTHONDONTWRITEBYTECODE=1"],
        "Entrypoint": ["python3", "-m", "chaos"],
    }
    extra = images.layer([("link", "usr/local/bin/python3", "/usr/bin/python3", 0o777)])
    archive = folder / "chaos.tar"
    images.archive(archive, [([IMAGE], [ROOT, extra, images.layer(rows)], settings)])
    subprocess.run([str(REALK8S / "realk8s"), "load", str(archive)], check=True, capture_output=True, timeout=300)
    return IMAGE


def _realk8s_images() -> ModuleType:
    spec = importlib.util.spec_from_file_location("realk8s_images", REALK8S / "images.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _files() -> dict[str, Path]:
    """Name below the packages' folder → file: this checkout, and what it needs to run, as installed here."""
    found: dict[str, Path] = {}
    for top in ("chaos", "kubesim", "experiments"):
        for path in (REPOSITORY / top).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                found[path.relative_to(REPOSITORY).as_posix()] = path
    for distribution in _runtime_distributions():
        for file in distribution.files or []:
            path = Path(str(distribution.locate_file(file)))
            if ".." not in file.parts and path.suffix != ".pyc" and "tests" not in file.parts and path.is_file():
                found[file.as_posix()] = path
    return found


def _runtime_distributions() -> list[importlib.metadata.Distribution]:
    """The closure of the project's dependencies, without groups and extras."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting = [*(importlib.metadata.distribution(_DISTRIBUTION).requires or [])]
    while waiting:
        requirement = Requirement(waiting.pop())
        wanted = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if not wanted or requirement.name in found:
            continue
        distribution = found[requirement.name] = importlib.metadata.distribution(requirement.name)
        waiting += distribution.requires or []
    return list(found.values())
