"""The simulated CoreDNS against what a real one (1.14.6, kubeadm's Corefile) answered to the same questions."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rrset
import pytest

from kubesim.dns import CoreDNS
from tests.kubesim.dns.dns_lab import dns_lab
from tests.kubesim.dns.questions import questions

_HERE = Path(__file__).parent
_REAL: dict[str, dict[str, str | None]] = json.loads((_HERE / "real_answers.json").read_text())
_QUESTIONS = questions()


@pytest.fixture(scope="module")
def server() -> Iterator[CoreDNS]:
    with dns_lab() as lab:
        lab.add((_HERE / "cluster.yaml").read_text())
        yield lab.replica()


def _records(section: list[dns.rrset.RRset]) -> list[str]:
    """Records as text; without the serial of a SOA, which is the time of the last change."""
    rows = []
    for line in "\n".join(rrset.to_text() for rrset in section).splitlines():
        words = line.split()
        if words[3] == "SOA":
            words[6] = "SERIAL"
        rows.append(" ".join(words))
    return sorted(rows)


def _comparable(data: bytes | None) -> dict[str, Any] | None:
    """Everything of a message but the order of its records; where it is truncated, their number."""
    if data is None:
        return None
    message = dns.message.from_wire(data)
    sections = [_records(s) for s in (message.answer, message.authority, message.additional)]
    return {
        "bytes": len(data),
        "header": data[:12].hex(),
        "question": [q.to_text() for q in message.question],
        "sections": [len(s) for s in sections] if message.flags & dns.flags.TC else sections,
        "edns": (message.edns, message.payload, message.ednsflags, [o.to_text() for o in message.options]),
    }


def test_every_question_has_a_recorded_answer() -> None:
    assert _REAL.keys() == _QUESTIONS.keys()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
@pytest.mark.parametrize("name", _QUESTIONS)
def test_it_answers_as_the_real_one_did(server: CoreDNS, name: str, transport: str) -> None:
    real = _REAL[name][transport]
    simulated = server.answer(_QUESTIONS[name], tcp=transport == "tcp")
    assert _comparable(simulated) == _comparable(None if real is None else bytes.fromhex(real))
