"""Imports the files of experiments, which lie anywhere and find what lies beside them."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from zlib import crc32

from chaos.errors import UsageError


def execute(path: Path) -> ModuleType:
    """Run a file anew, as a member of its folder, so that ``from .other import X`` and ``from other import X`` work.

    Raises:
        Exception: whatever the file raises.
    """
    folder = path.resolve().parent
    if path.name == "__init__.py":
        parent = f"{package(folder.parent).__name__}." if _is_package(folder.parent) else "chaos_experiment_"
        return _import(path, f"{parent}{folder.name}", [str(folder)])
    _BESIDE.enter(folder)
    return _import(path, f"{package(folder).__name__}.{path.stem}")


def package(folder: Path) -> ModuleType:
    """A folder as a package. Its name tells it from others, and from whatever else is called experiments."""
    folder = folder.resolve()
    name = f"chaos_experiments_{crc32(str(folder).encode()):08x}"
    known = sys.modules.get(name)
    if known is not None:
        return known
    if _is_package(folder):
        return _import(folder / "__init__.py", name, [str(folder)])
    module = ModuleType(name)
    module.__path__ = [str(folder)]
    sys.modules[name] = module
    return module


def _is_package(folder: Path) -> bool:
    return (folder / "__init__.py").is_file()


def _import(path: Path, name: str, folders: list[str] | None = None) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=folders)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses, typing and relative imports look modules up by name
    spec.loader.exec_module(module)
    return module


class _Beside(MetaPathFinder):
    """Finds what lies beside the experiment that was loaded last, where nothing that is installed has that name."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._found: set[str] = set()

    def enter(self, folder: Path) -> None:
        """Look in this folder from now on, and forget modules of the folder before, which may have the same names."""
        if self not in sys.meta_path:
            sys.meta_path.append(self)
        if folder != self._folder:
            for name in self._found:
                sys.modules.pop(name, None)
            self._found.clear()
        self._folder = folder

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,  # noqa: ARG002 - the protocol's
    ) -> ModuleSpec | None:
        if path is not None or self._folder is None:
            return None
        file = self._folder / f"{fullname}.py"
        if not file.is_file():
            return None
        self._found.add(fullname)
        return importlib.util.spec_from_file_location(fullname, file)


_BESIDE = _Beside()
