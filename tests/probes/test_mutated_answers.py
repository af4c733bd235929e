"""Mutated answers, put to a prober: none raises, and none counts for more than it establishes (docs/measured.md)."""

from __future__ import annotations

import dns.message
import dns.rdatatype
import pytest

from benchmarks.dns_mutations.attack import attack
from benchmarks.dns_mutations.mutations import MUTATIONS
from benchmarks.dns_mutations.oracle import Fact, fact
from benchmarks.dns_mutations.right import right_answers
from chaos.model import Outcome
from chaos.probes import answer as answers
from chaos.probes.reading import AnswerContent

_ANSWERS = 4000


def test_no_mutated_answer_raises_or_counts_for_what_it_is_not() -> None:
    result = attack(_ANSWERS, seed=20261126)
    assert (result.raised, result.wrong, result.missed) == (0, 0, 0), result.shown
    # All of them were judged, and what was left right, or nearly, counted.
    assert result.counted.total() == _ANSWERS
    assert result.counted["right"] >= _ANSWERS // len(MUTATIONS)
    assert result.counted["another"] > 0


def test_an_attack_sees_a_reader_that_raises_and_one_that_takes_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    strict = answers.DnsQuestion._parse

    def lenient(question: answers.DnsQuestion, data: bytes) -> AnswerContent:
        """Takes what answers another question for a denial, and does not look how long it is."""
        try:
            return strict(question, data)
        except answers.StrayAnswerError:
            return Outcome("NXDOMAIN", ttl=data[60]), ""

    monkeypatch.setattr(answers.DnsQuestion, "_parse", lenient)
    result = attack(500, seed=1)
    assert result.raised > 0
    assert result.wrong > 0
    assert result.shown


def test_the_oracle_takes_every_right_answer_for_what_it_is() -> None:
    for right in right_answers():
        found = fact(right.wire, 0, right.name, right.rtype)
        message = dns.message.from_wire(right.wire)
        asked_for = [rr for rr in right.sections[0] if rr.rtype == dns.rdatatype.from_text(right.rtype)]
        kinds = {0: "NOERROR" if asked_for else "NODATA", 3: "NXDOMAIN"}
        assert isinstance(found, Fact)
        assert (found.status, len(found.records)) == (kinds[int(message.rcode())], len(asked_for))
