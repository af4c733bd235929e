"""The kinds of objects that a new API server knows: each module of this folder is one, and says all about it.

A module has one `KIND = Kind(...)`; see `kind.py` for what can be said. To add a kind, add a file: nothing lists them.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from kubesim.kinds.kind import Kind

_ABOUT_ALL = "kind"  # the one module that is no kind


def load() -> tuple[Kind, ...]:
    """The kinds of this folder, by group and plural.

    Raises:
        AttributeError: a module has no KIND.
    """
    found = [import_module(f"{__name__}.{module.name}").KIND for module in iter_modules(__path__)
             if module.name != _ABOUT_ALL]  # fmt: skip
    return tuple(sorted(found, key=lambda kind: (kind.resource.group, kind.resource.plural)))


KINDS = load()
BY_KIND = {kind.resource.kind: kind for kind in KINDS}
RESOURCES = tuple(kind.resource for kind in KINDS)
