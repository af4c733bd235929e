"""Looks at the licences of what the tool needs to run; fails with the names of those that are not allowed.

Allowed ones stand in pyproject.toml, `[tool.chaos.licences]`.

python -m tools.licences
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import Distribution
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.utils import canonicalize_name

from tools.installed import EXTRAS, OURS, ROOT, installed, needed

# What packages wrote before there were expressions. "BSD License" is not here: there are several.
_BY_CLASSIFIER = {
    "Apache Software License": "Apache-2.0",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_BY_TEXT = {"Apache 2.0": "Apache-2.0", "3-Clause BSD License": "BSD-3-Clause", "ISC License": "ISC"}
_WORDS = re.compile(r"[^\s()]+(?:\s+WITH\s+[^\s()]+)?")


def settings() -> dict[str, Any]:
    """Of pyproject.toml."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found: dict[str, Any] = document["tool"]["chaos"]["licences"]
    return found


def licence_of(one: Distribution, known: Mapping[str, str]) -> str:
    """An SPDX expression; empty where its metadata tell none.

    Args:
        one: that is installed.
        known: of those whose metadata do not tell, by name.
    """
    meta = one.metadata
    said = [meta["License-Expression"] or "", known.get(canonicalize_name(meta["Name"]), "")]
    said += [_BY_TEXT.get(meta["License"] or "", ""), meta["License"] or ""]
    classifiers = [
        row.rpartition(" :: ")[2] for row in meta.get_all("Classifier") or () if row.startswith("License ::")
    ]
    said += [_BY_CLASSIFIER.get(row, "") for row in classifiers]
    for text in filter(None, said):
        try:
            return canonicalize_license_expression(text)
        except InvalidLicenseExpression:
            continue
    return ""


def is_allowed(expression: str, allowed: Iterable[str]) -> bool:
    """Whether somebody may choose so that all that then counts is allowed."""
    names = set(allowed)

    def value(match: re.Match[str]) -> str:
        word = match[0]
        return word.lower() if word in ("AND", "OR") else str(word in names)

    return bool(expression) and bool(eval(_WORDS.sub(value, expression)))  # True, False, and, or, brackets


def problems(found: Iterable[Distribution], allowed: Iterable[str], known: Mapping[str, str]) -> list[str]:
    """What is not allowed, a line each."""
    names = list(allowed)
    told = []
    for one in sorted(found, key=lambda one: one.metadata["Name"].lower()):
        expression = licence_of(one, known)
        if not is_allowed(expression, names):
            said = expression or f"no licence that is known (it says {_said(one)!r})"
            told.append(f"{one.metadata['Name']} {one.version}: {said}")
    return told


def _said(one: Distribution) -> str:
    rows = [one.metadata["License"] or "", *(one.metadata.get_all("Classifier") or ())]
    return "; ".join(row[:80] for row in rows if row and (row == rows[0] or row.startswith("License ::")))


def main() -> int:
    """Exit code 0 where all are allowed, else 1."""
    here, wanted = installed(), settings()
    names = needed(here, EXTRAS) - {OURS}
    told = problems([here[name] for name in names], wanted["allowed"], wanted["known"])
    for line in told:
        print(f"not allowed: {line}")
    if told:
        print("allowed licences, and those that metadata do not tell: [tool.chaos.licences] in pyproject.toml")
        return 1
    print(f"licences: {len(names)} packages that the tool needs, all allowed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
