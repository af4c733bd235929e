"""What is recorded of real API servers: all of the version that the sandbox simulates, of others what differs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from kubesim.release import MINOR
from tests.kubesim.api.mutated.capture import RECORDED
from tests.kubesim.api.recording import ANSWERS, DEFAULTS, answer_of, load, manifest_name

OTHERS = Path(__file__).with_name("other_versions.json")
PARTS = ("mutations", "answers", "defaults")
# What depends on how long ago the server has thrown away old versions, which it does for the first time after minutes.
OF_AGE = ("exact old",)
# Part → case → what the server said.
Said = dict[str, dict[str, Any]]


def minor_of(version: str) -> str:
    """``v1.37.2`` → ``1.37``."""
    return "".join(re.findall(r"v(\d+\.\d+)", version))


def recorded() -> Said:
    """What is recorded of the version that the sandbox simulates."""
    return {
        "mutations": {case: said for case, *said in load(RECORDED)["answers"]},
        "answers": {row["case"]: answer_of(row) for path in ANSWERS for row in load(path)["answers"]},
        "defaults": {manifest_name(row): answer_of(row) for row in load(DEFAULTS)["objects"]},
    }


def others() -> dict[str, Said]:
    """Of each other version on record the cases in which it differs, with what it said."""
    return {minor: row["differs"] for minor, row in _others().items()}


def known() -> tuple[str, ...]:
    """The versions on record."""
    return (MINOR, *_others())


def expected(minor: str) -> Said:
    """What a server of that version said.

    Raises:
        KeyError: none of that version was asked.
    """
    base = recorded()
    if minor == MINOR:
        return base
    return {part: base[part] | others()[minor][part] for part in PARTS}


def keep(server: str, said: Said) -> int:
    """Put on record how a server of another version differs; in how many cases it does."""
    base = recorded()
    differs = {
        part: {
            case: answer
            for case, answer in said[part].items()
            if case not in OF_AGE and shown(part, answer) != shown(part, base[part][case])
        }
        for part in PARTS
    }
    rows = _others() | {minor_of(server): {"server": f"kube-apiserver {server}", "differs": differs}}
    OTHERS.write_text(json.dumps(dict(sorted(rows.items())), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return sum(map(len, differs.values()))


def shown(part: str, answer: Any) -> Any:
    """What must agree of an answer: of a mutation's the status and the reason, the message is there for people."""
    return answer[:2] if part == "mutations" else answer


def _others() -> dict[str, Any]:
    return load(OTHERS) if OTHERS.exists() else {}
