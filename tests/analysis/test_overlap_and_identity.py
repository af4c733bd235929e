"""Two pods under one identity, and which parts of an identity came back."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chaos.analysis.identity import Facet, identities
from chaos.analysis.overlap import old_served, overlaps
from chaos.analysis.reading import Reading
from chaos.analysis.trials import trials
from chaos.model import ClusterEvent, Outcome, PodIdentity
from tests.edited import Edited
from tests.histories import FORCED, Builder, Story, ns, pod, pod_replacement, steps


def test_a_forced_deletion_has_a_certain_overlap_no_longer_than_the_truth() -> None:
    (found,) = overlaps(Reading(pod_replacement(FORCED)))
    true_ns = ns(FORCED.old_stops_s - FORCED.ready_s)
    assert 0 < found.at_least_ns <= true_ns
    assert found.at_most_ns is not None
    assert true_ns <= found.at_most_ns


def test_a_client_that_the_method_lets_ask_at_the_old_address_tells_of_it_too() -> None:
    history = pod_replacement(FORCED)
    known = overlaps(Reading(history))[0]
    history.series = [replace(s, probe="http", pod="") if s.probe == "address" else s for s in history.series]
    assert overlaps(Reading(history))[0] == known
    assert old_served(Reading(history), known.trial) is not None


def test_an_overlap_that_outlasts_its_trial_is_measured_to_its_end() -> None:
    """The trial ends when everything is right again; the old container does not care."""
    history = pod_replacement(FORCED)
    whole = overlaps(Reading(history))[0].at_least_ns
    fault = history.faults[0]
    history.faults[0] = replace(fault, ended_ns=fault.sent_ns + ns(1.6))
    assert overlaps(Reading(history))[0].at_least_ns == whole


def test_containers_seen_ended_before_the_object_went_exclude_an_overlap() -> None:
    (found,) = overlaps(Reading(pod_replacement()))
    assert (found.at_least_ns, found.at_most_ns) == (0, 0)
    assert "watch" in found.proof


def test_without_that_evidence_an_overlap_is_neither_shown_nor_excluded() -> None:
    history = pod_replacement(replace(Story(), old_failed_s=None))
    history.revisions = []
    (found,) = overlaps(Reading(history))
    assert found.at_least_ns == 0
    assert found.at_most_ns != 0


def test_a_pod_that_was_placed_after_the_old_one_had_stopped_cannot_have_served_with_it() -> None:
    """Its address is asked for the first time when it serves already: only its creation bounds when it began."""
    (found,) = overlaps(Reading(pod_replacement(replace(Story(), old_failed_s=None))))
    assert (found.at_least_ns, found.at_most_ns) == (0, 0)
    assert "put on its node" in found.proof


def test_an_unprobed_old_address_says_nothing() -> None:
    history = pod_replacement(FORCED)
    history.series = [s for s in history.series if s.probe != "address"]
    history.outcomes = [replace(o, address="") for o in history.outcomes]
    (found,) = overlaps(Reading(history))
    assert "not probed" in found.unknown


def test_another_pod_under_this_name_is_named() -> None:
    history = pod_replacement()
    series = next(s for s in history.series if s.probe == "http")
    build = Builder()
    build.history = history
    build._ids = {outcome: position for position, outcome in enumerate(history.outcomes)}
    build.add(series, 34.6, 34.65, Outcome("OK", "response", ("web-2",), address="10.244.1.41"))
    (found,) = overlaps(Reading(history))
    assert found.impostors == (("web-2", 1),)


def test_a_replaced_pod_keeps_everything_but_uid_and_address() -> None:
    (identity,) = identities(Reading(pod_replacement()))
    assert [f.name for f in identity.facets if f.kept] == [
        "name",
        "new UID",
        "ordinal",
        "hostname",
        "subdomain",
        "A record",
        "SRV entry",
        "reverse record",
    ]
    assert not identity.broken
    assert not identity.unmeasured
    assert identity.facet("volume claims").applies is False


def test_a_changed_subdomain_is_a_broken_facet() -> None:
    history = pod_replacement()
    history.events = [
        replace(e, object={**e.object, "spec": {**e.object["spec"], "subdomain": "nope"}})
        if e.uid == "uid-1-new"
        else e
        for e in history.events
    ]
    (identity,) = identities(Reading(history))
    assert [f.name for f in identity.broken] == ["subdomain"]
    assert identity.facet("subdomain").note == "web became nope"


def test_other_claims_are_a_broken_facet() -> None:
    history = pod_replacement()
    new = pod("web-0", "uid-1-new", "10.244.1.41", ready=True, claims=("data-web-7",))
    history.events = [replace(e, object=new) if e.uid == "uid-1-new" else e for e in history.events]
    history.faults = [replace(f, targets=(replace(f.targets[0], claims=("data-web-0",)),)) for f in history.faults]
    (identity,) = identities(Reading(history))
    assert [f.name for f in identity.broken] == ["volume claims"]


def test_a_record_that_was_not_asked_for_is_unmeasured_not_kept() -> None:
    history = pod_replacement()
    history.series = [s for s in history.series if not s.record.startswith("PTR")]
    (identity,) = identities(Reading(history))
    assert [f.name for f in identity.unmeasured] == ["reverse record"]


def test_answers_that_do_not_say_who_gave_them_prove_nothing_about_an_overlap() -> None:
    """With a page that names nobody, the old address's first answer must not pass for its first failure."""
    history = pod_replacement(replace(FORCED, old_failed_s=None))
    history.outcomes = [replace(o, values=()) if o.phase == "response" else o for o in history.outcomes]
    (found,) = overlaps(Reading(history))
    assert found.unknown
    assert not found.proof


def test_where_the_successor_has_the_old_address_nobody_can_tell_when_the_old_pod_stopped() -> None:
    """The new pod's answers were taken for the old one's, which "never stopped"."""
    build = Builder()
    build.fault(1, PodIdentity("web-1", "old", "10.0.0.1", "node-1", "web-1", "1"), 10.0, 10.001, 20.0)
    build.event(0.5, "Pod", pod("web-1", "old", "10.0.0.1", ready=True), "ADDED", initial=True)
    build.event(11.0, "Pod", pod("web-1", "old", "10.0.0.1", phase="Failed"), "DELETED")
    build.event(13.0, "Pod", pod("web-1", "new", "10.0.0.1", ready=True), "ADDED")
    series = build.series("address", "10.0.0.1:80", "", "web-1", name="10.0.0.1", period_s=0.1)
    ok, refused = Outcome("OK", "response", ("web-1",), address="10.0.0.1"), Outcome("ECONNREFUSED", "connect")
    build.sample(series, 9.0, 20.0, steps(ok, (10.5, refused), (13.0, ok)))
    history = build.done()
    assert old_served(Reading(history), trials(Reading(history))[0]) is None


def test_a_record_that_was_wrong_when_it_was_last_asked_before_the_limit_has_not_failed() -> None:
    """Every 5 s is too seldom for a limit of 0.3 s, though the trial ended after it."""
    build = Builder(parameters={"within_s": 3.0})
    build.fault(1, PodIdentity("web-1", "old", "10.0.0.1", "node-1", "web-1", "1"), 10.0, 10.001, 14.0)
    build.event(0.5, "Pod", pod("web-1", "old", "10.0.0.1", ready=True), "ADDED", initial=True)
    build.event(11.0, "Pod", pod("web-1", "old", "10.0.0.1", phase="Failed"), "DELETED")
    build.event(11.1, "Pod", pod("web-1", "new", "10.0.0.2", ready=True), "ADDED")
    own = build.series("dns", "A web-1.web", "coredns-a", "web-1", period_s=5.0)
    build.add(own, 7.5, 7.51, Outcome("NOERROR", values=("10.0.0.1",)))
    build.add(own, 12.5, 12.51, Outcome("NXDOMAIN"))
    (before,) = identities(Reading(build.done()))
    assert (before.facet("A record").kept, before.facet("A record").applies) == (None, True)
    build.add(own, 13.5, 13.51, Outcome("NXDOMAIN"))  # after the limit
    (after,) = identities(Reading(build.done()))
    assert after.facet("A record").kept is False


def claim(at_s: float, uid: str, volume: str, type_: str = "MODIFIED") -> ClusterEvent:
    """An event of the claim data-web-0; times as in `pod_replacement`."""
    obj = {"metadata": {"name": "data-web-0", "uid": uid}, "spec": {"volumeName": volume}}
    return ClusterEvent(ns(at_s), type_, "PersistentVolumeClaim", "default", "data-web-0", uid, obj)


def with_claims(*events: ClusterEvent) -> Facet:
    """The facet of a replaced pod that has the claim data-web-0 before and after."""
    history = pod_replacement()
    new = pod("web-0", "uid-1-new", "10.244.1.41", ready=True, claims=("data-web-0",))
    history.events = [replace(e, object=new) if e.uid == "uid-1-new" else e for e in history.events]
    history.events += events
    history.faults = [replace(f, targets=(replace(f.targets[0], claims=("data-web-0",)),)) for f in history.faults]
    (identity,) = identities(Reading(history))
    return identity.facet("volume claims")


@pytest.mark.parametrize(
    ("events", "kept", "note"),
    [
        ([claim(0, "u1", "pv1")], True, "data-web-0"),
        ([claim(0, "u1", "pv1"), claim(9, "u1", "pv1", "DELETED"), claim(9, "u2", "pv2")], False, "u1 became u2"),
        ([claim(0, "u1", "pv1"), claim(9, "u1", "pv2")], False, "pv1 became pv2"),
        ([claim(0, "u1", ""), claim(9, "u1", "pv1")], None, "was not seen"),
        ([claim(0, "u1", "pv1"), claim(9, "u1", "pv1", "DELETED")], None, "was not seen"),
        ([], None, "was not seen"),
    ],
)
def test_a_claim_is_the_same_by_its_uid_and_volume_not_by_its_name(
    events: list[ClusterEvent], kept: bool | None, note: str
) -> None:
    facet = with_claims(*events)
    assert facet.kept is kept
    assert note in facet.note


def test_a_pod_behind_a_cut_was_not_seen_to_stop() -> None:
    """It is silent since nobody reaches its node; the same silence after a deletion is its end."""
    edited = Edited(pod_replacement())
    (trial,) = trials(Reading(edited.history))
    silent = edited.series(f"{trial.target.address}:80", probe="address").say(Outcome("TIMEOUT", "connect"), after=0.5)
    deleted = old_served(Reading(silent.history), trial)
    assert deleted is not None
    assert deleted.before_ns is not None
    fault = replace(trial.fault, fault="cut-node", parameters={"node": trial.target.node})
    silent.history.faults[:] = [fault]
    cut = old_served(Reading(silent.history), replace(trial, fault=fault))
    assert cut is not None
    assert cut.before_ns is None
