"""Findings that somebody knows of and lives with, each for a reason that he gives."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from chaos.diagnose.checks import CHECKS
from chaos.diagnose.diagnosis import Diagnosis, Ignored
from chaos.diagnose.diagnostic import Diagnostic, Reference, Severity
from chaos.diagnose.snapshot import Item, Snapshot
from chaos.diagnose.values import mapping, text
from chaos.errors import UsageError
from chaos.nearest import meant

ANNOTATION = "chaos-identity.io/ignore"
_KEY = "ignore"
_KNOWN = frozenset(check.key for check in CHECKS)
_KEYS = ("check", "object", "namespace", "reason")
_LARGEST = 65_536  # bytes


@dataclass(frozen=True, slots=True)
class Ignore:
    """What is to be ignored.

    Attributes:
        check: the key of the check.
        object: ``Kind/name``; a name may have ``*``.
        namespace: of the object; empty: any.
        said_in: where that stands.
    """

    check: str
    object: str
    namespace: str
    reason: str
    said_in: Reference

    def matches(self, finding: Diagnostic) -> bool:
        """Whether it is about a finding."""
        seen = finding.object
        same_place = self.namespace in ("", seen.namespace)
        return self.check == finding.check and same_place and fnmatchcase(f"{seen.kind}/{seen.name}", self.object)


def read_ignores(path: Path) -> tuple[Ignore, ...]:
    """The ignores of a file: a list ``[[ignore]]`` with check, object, reason and, if need be, namespace.

    Raises:
        UsageError: it cannot be read, or one of them has no reason; says which.
    """
    hint = 'each [[ignore]] has check = "…", object = "Kind/name" and reason = "…"'
    try:
        with path.open("rb") as file:
            document = tomllib.loads(file.read(_LARGEST).decode())
    except OSError as exc:
        raise UsageError(f"{path} cannot be read: {exc.strerror}") from exc
    except (ValueError, RecursionError) as exc:
        raise UsageError(f"{path} is no TOML: {exc}", hint=hint) from exc
    rows = document.get(_KEY)
    if not isinstance(rows, list) or document.keys() - {_KEY}:
        raise UsageError(f"{path} has no list [[ignore]], or something else beside it", hint=hint)
    return tuple(_ignore(row, f"number {number} in {path}", str(path)) for number, row in enumerate(rows, 1))


def _ignore(row: Any, where: str, file: str) -> Ignore:
    if not isinstance(row, dict) or not all(isinstance(value, str) for value in row.values()):
        raise UsageError(f"{where} is no ignore", hint="its values are texts")
    strange = row.keys() - set(_KEYS)
    if strange:
        raise UsageError(f"{where} has {min(strange)!r}, which is nothing", hint=f"there is {', '.join(_KEYS)}")
    if not row.get("reason", "").strip():
        raise UsageError(f"{where} has no reason", hint="say why it can be ignored, for who reads it in a year")
    if row.get("check") not in _KNOWN:
        raise UsageError(f"{where}: {_unknown(row.get('check', ''))}", hint="findings have it in brackets at their end")
    if "/" not in row.get("object", ""):
        raise UsageError(f"{where} names no object", hint='write object = "StatefulSet/web"')
    return Ignore(
        row["check"], row["object"], row.get("namespace", ""), row["reason"], Reference("ignore", "", "", file)
    )


def ignoring(found: Diagnosis, snapshot: Snapshot, of_file: Sequence[Ignore] = ()) -> Diagnosis:
    """The same without what is ignored by a file or by the objects' annotations.

    An ignore that can be none, or that matches nothing, is a finding itself.
    """
    wrong: list[Diagnostic] = []
    rules = list(of_file)
    for item in snapshot.items:
        for rule in _annotated(item):
            (wrong if isinstance(rule, Diagnostic) else rules).append(rule)  # type: ignore[attr-defined]
    kept, ignored, used = [], [], set[int]()
    for finding in found.findings:
        matching = [i for i, rule in enumerate(rules) if rule.matches(finding)]
        used.update(matching)
        if matching:
            ignored.append(Ignored(finding, rules[matching[0]].reason, rules[matching[0]].said_in))
        else:
            kept.append(finding)
    for i, rule in enumerate(rules):
        if i not in used and rule.check in found.checked:
            what = f"it ignores {rule.check} of {rule.object}, and nothing of the kind is found"
            wrong.append(Diagnostic(_KEY, Severity.NOTE, rule.said_in, what, (), "take the ignore away"))
    wrong.sort(key=lambda finding: finding.severity is Severity.NOTE)
    errors = [finding for finding in wrong if finding.severity is Severity.ERROR]
    return replace(found, findings=(*errors, *kept, *wrong[len(errors) :]), ignored=tuple(ignored))


def _annotated(item: Item) -> Iterator[Ignore | Diagnostic]:
    """``check: reason``, several apart by line ends or semicolons."""
    said = text(mapping(item.object, "metadata", "annotations").get(ANNOTATION))
    at = item.reference("metadata", "annotations", ANNOTATION)
    for entry in said.replace(";", "\n").splitlines():
        check, _, reason = (part.strip() for part in entry.partition(":"))
        if not check:
            continue
        wrong = _unknown(check) if check not in _KNOWN else "" if reason else f"it ignores {check} without a reason"
        if wrong:
            what = f"its annotation {ANNOTATION} does nothing: {wrong}"
            yield Diagnostic(
                _KEY, Severity.ERROR, at, what, (entry.strip(),), 'write "check: reason", several apart by ;'
            )
        else:
            yield Ignore(check, f"{item.kind}/{item.name}", item.namespace, reason, at)


def _unknown(check: str) -> str:
    likest = meant(check, _KNOWN)
    return f"there is no check {check!r}" + (f"; {likest}" if likest else "")
