"""scale-cycle on the sandbox: what goes, what comes back, what stays; its checkers can fail."""

import copy
from array import array
from dataclasses import replace
from functools import partial

from chaos.experiment import History, find_experiment
from chaos.model.series import Samples
from tests.experiments import lab

EXPERIMENT = find_experiment("scale-cycle")
OPTIONS = {"period_s": 0.05}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
OWN = ("order-is-kept", "names-go-and-come-back", "gone-stays-gone", "volumes-are-kept")


def test_everything_is_as_the_hypothesis_says(edited: History) -> None:
    assert verdicts(edited) == dict.fromkeys(OWN, "ok")
    assert "one by one in a fixed order" in said(edited, "scaling-challenges")
    assert "data-web-2 and data-web-1 stayed bound" in said(edited, "backup-differs")


def test_a_claim_with_another_volume_fails_and_nothing_is_said_about_backups(edited: History) -> None:
    for _, what, details in edited.marks:
        if what == "claim" and details["phase"] == "after" and details["claim"] == "data-web-1":
            details["volume"] = "another"
    assert verdicts(edited)["volumes-are-kept"] == "fail"
    assert said(edited, "backup-differs") == ""
    assert "keeps the volumes" not in said(edited, "scaling-challenges")


def test_a_claim_that_was_made_again_for_the_same_volume_is_not_kept(edited: History) -> None:
    """Its name and its volume's name are the same; the claim is another one."""
    for _, what, details in edited.marks:
        if what == "claim" and details["phase"] == "after" and details["claim"] == "data-web-1":
            details["uid"] = "another"
    assert verdicts(edited)["volumes-are-kept"] == "fail"


def of_web_2(history: History) -> tuple[Samples, list[int], int]:
    """One server's samples, where they are NXDOMAIN while the pod was away, and the outcome with its old address."""
    series = next(s for s in history.series if s.record == "A web-2.web" and s.view != "service")
    samples, (down, up) = history.samples[series.id], history.faults
    absent = [
        n
        for n, sent in enumerate(samples.sent_ns)
        if down.sent_ns < sent < up.sent_ns - 2_000_000_000
        and history.outcomes[samples.outcome[n]].status == "NXDOMAIN"
    ]
    return samples, absent, samples.outcome[0]


def test_an_old_address_after_nxdomain_fails_and_is_counted(edited: History) -> None:
    assert "0 still gave the old address." in said(edited, "scaling-challenges")
    samples, absent, old = of_web_2(edited)
    samples.outcome[absent[3]] = old
    assert verdicts(edited)["gone-stays-gone"] == "fail"
    assert "1 still gave the old address, the last " in said(edited, "scaling-challenges")


def test_a_server_that_never_said_gone_is_no_verdict(edited: History) -> None:
    for series in edited.series:
        if series.record == "A web-2.web":
            samples = edited.samples[series.id]
            samples.outcome[:] = array(samples.outcome.typecode, [samples.outcome[0]] * len(samples))
    assert verdicts(edited)["gone-stays-gone"] == "unknown"


def test_a_pod_that_went_before_its_turn_fails(edited: History) -> None:
    pods = [e for e in edited.events if e.kind == "Pod"]
    first = next(e for e in pods if e.name == "web-2" and "deletionTimestamp" in e.object["metadata"])
    going = copy.deepcopy(next(e for e in pods if e.name == "web-1" and e.at_ns < first.at_ns))
    going.object["metadata"]["deletionTimestamp"] = "now"
    edited.events.insert(edited.events.index(first), replace(going, at_ns=first.at_ns))
    assert verdicts(edited)["order-is-kept"] == "fail"


def test_a_name_that_does_not_come_back_fails(edited: History) -> None:
    series = next(s for s in edited.series if s.record == "A web-1.web" and s.view == "service")
    gone = next(p for p, o in enumerate(edited.outcomes) if o.status == "NXDOMAIN")
    columns = edited.samples[series.id]
    up = edited.faults[1].sent_ns
    for position, sent_ns in enumerate(columns.sent_ns):
        if sent_ns > up:
            columns.outcome[position] = gone
    assert verdicts(edited)["names-go-and-come-back"] == "fail"


def test_a_run_that_scaled_nothing_says_so(edited: History) -> None:
    edited.faults, edited.marks = [], []
    assert set(verdicts(edited).values()) == {"unknown"}
    assert said(edited, "scaling-challenges") == said(edited, "backup-differs") == ""
