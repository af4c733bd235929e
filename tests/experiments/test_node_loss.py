"""node-loss on the sandbox: how long names outlive a node, what is stuck and what ends it; its checkers can fail."""

import re
from dataclasses import replace
from functools import partial

import pytest

from chaos.analysis.reading import Reading
from chaos.analysis.trials import trials
from chaos.experiment import History, Outcome, Waited, find_experiment
from chaos.model import ClusterEvent
from chaos.model.pace import PACE
from experiments.node_loss import loss
from tests.edited import Edited
from tests.experiments import lab

EXPERIMENT = find_experiment("node-loss")
OPTIONS = {"period_s": 0.1, "connect_period_s": 0.2}
verdicts = partial(lab.verdicts, EXPERIMENT)
said = partial(lab.answer, EXPERIMENT)
OWN = (
    "names-outlive-the-node",
    "stuck-and-never-replaced",
    "deployment-goes-on",
    "other-names-stay",
    "force-makes-two",
    "ends-with-the-node",
)
KEYS = ("names-of-a-lost-node", "stuck-pod", "force-danger", "metrics-to-watch")


def lost(history: History) -> list[str]:
    return [pod.name for fault in history.faults if fault.fault == "cut-node" for pod in fault.targets]


@pytest.fixture
def edited(history: History) -> Edited:
    """A copy that a test may change; seconds count from the cut."""
    return Edited(history)


def at_s(edited: Edited, fault: str) -> float:
    """When a fault's request was sent."""
    return edited.seconds(next(f for f in edited.history.faults if f.fault == fault).sent_ns)


def gone(edited: Edited, pod: str) -> Outcome:
    """How DNS says that a pod's name is gone."""
    return edited.series(f"A {pod}.web", probe="dns").told("NXDOMAIN")


def summary(history: History, name: str) -> str:
    """What one of its own checkers says."""
    return lab.summary(EXPERIMENT, history, name)


def test_a_lost_node_is_no_overload_of_cluster_dns(history: History) -> None:
    assert PACE not in {what for _, what, _ in history.marks}


def test_everything_is_as_the_hypothesis_says(history: History) -> None:
    assert verdicts(history) == dict.fromkeys(OWN, "ok")
    assert len(lost(history)) == 2


def test_the_pods_of_the_lost_node_count_from_the_cut(history: History) -> None:
    cut = next(fault for fault in history.faults if fault.fault == "cut-node")
    mine = [trial for trial in trials(Reading(history)) if trial.fault == cut]
    assert {(trial.cause, trial.cause_ns) for trial in mine} == {("its node was cut off", cut.accepted_ns)}
    assert {trial.cause for trial in trials(Reading(history))} == {"its node was cut off", "its deletion was accepted"}


def test_the_lost_server_is_unknown_and_fails_nothing(history: History) -> None:
    found = summary(history, OWN[0])
    assert found.startswith("The first NXDOMAIN for web-0 and web-2 came at most 5")
    assert "Each of 2 views denied them at most 5" in found
    assert "The node was found not ready at most 5" in found
    assert found.endswith(" answered nothing.")


@pytest.mark.parametrize("status", ["NOERROR", "NXDOMAIN"])
def test_a_server_that_answers_late_because_its_node_is_back_was_silent(edited: Edited, status: str) -> None:
    """A question of just before the node's return is answered by it."""
    before = summary(edited.history, OWN[0])
    lost_view = before.partition("Nothing is known of ")[2].partition(",")[0]
    asked = edited.series(f"A {lost(edited.history)[1]}.web", lost_view)
    joined_s = at_s(edited, "join-node")
    asked.say(asked.told(status), after=joined_s - 0.11, before=joined_s)
    assert summary(edited.history, OWN[0]) == before


def test_a_name_that_was_gone_a_little_before_the_node_was_seen_not_ready_was_not_gone_early(edited: Edited) -> None:
    """The node is asked for now and then: its turn is seen up to a second late."""
    found = loss(Reading(edited.history))
    gone_ns = min(ns for pod in found.pods for ns in found.left_dns(pod).values())
    for more_ns, outcome in ((0, "ok"), (1, "fail")):
        edited.notes(Waited, step="the node is found not ready").say(took_s=(gone_ns + 1_000_000_000 + more_ns) / 1e9)
        assert verdicts(edited.history)["names-outlive-the-node"] == outcome


def test_the_answers_have_this_runs_numbers(history: History) -> None:
    told = said(history, KEYS[0])
    assert "every DNS server that answered gave those of web-0 and web-2 for at least 5" in told
    assert re.search(r"Until then (\d+) of \1 HTTP connections by name failed \(\d+ with TIMEOUT", told)
    assert re.search(r"Since then (\d+) of \1 HTTP connections by name failed .*\d+ with NXDOMAIN", told)
    assert re.search(r"web-2 could not be reached by name for between \d+\.\d\d and \d+\.\d\d s\.", told)
    assert re.search(r"The first connection by name failed at most \d\.\d\d s after the cut\.", told)
    assert "found the node not ready at most 5" in said(history, KEYS[0])
    assert "TIMEOUT (connect)" in said(history, KEYS[0])
    assert "tolerates an unreachable node for 5 s" in said(history, KEYS[1])
    assert said(history, KEYS[1]).startswith("A StatefulSet makes no second pod of a name")
    assert "joined the node again: after its mark for deletion web-0 for at least" in said(history, KEYS[1])
    assert said(history, KEYS[2]).startswith("Because the old pod may still run. Two pods were web-0 for at least ")
    assert "failing connections at one member's address: at most " in said(history, KEYS[3])


def test_lookups_that_went_to_the_lost_server_are_counted_until_the_names_are_gone(edited: Edited) -> None:
    """About half of them, also of pods that are well; what is lost now and then is told beside it."""
    told = re.search(
        r"So (\d+) of (\d+) single queries for other pods' names .* until then\. After the names were gone (\d+) of",
        said(edited.history, KEYS[0]),
    )
    assert told
    unanswered, asked, later = map(int, told.groups())
    assert 0.4 < unanswered / asked < 0.6
    assert later < 10
    assert (
        f"before the names were gone {unanswered} of {asked} single queries for other pods' names got no answer"
        in lab.headline(EXPERIMENT, edited.history)
    )
    lost_view = summary(edited.history, OWN[0]).split()[-3]
    history = edited.without_views(lost_view).history
    assert "single quer" not in said(history, KEYS[0]) + lab.headline(EXPERIMENT, history)


def test_a_name_that_never_leaves_a_view_that_speaks_fails(edited: Edited) -> None:
    asked = edited.series(f"A {lost(edited.history)[0]}.web", "service")
    assert verdicts(asked.say(asked.told("NOERROR")).history)["names-outlive-the-node"] == "fail"


def test_names_that_are_gone_before_the_node_is_found_not_ready_fail(edited: Edited) -> None:
    pod = lost(edited.history)[0]
    history = edited.series(f"A {pod}.web", "service").say(gone(edited, pod), after=0.0).history
    assert verdicts(history)["names-outlive-the-node"] == "fail"
    assert "and the node was found not ready only after 5" in summary(history, "names-outlive-the-node")


def test_a_node_that_was_not_found_not_ready_leaves_its_names_unknown(edited: Edited) -> None:
    history = edited.notes(Waited, step="the node is found not ready").say(reached=False).history
    assert verdicts(history)["names-outlive-the-node"] == "unknown"
    assert not said(history, KEYS[0])


def test_clients_that_still_had_to_wait_are_told_with_the_others(edited: Edited) -> None:
    pod = lost(edited.history)[0]
    clients = edited.series(f"{pod}.web:80", probe="http")
    history = clients.say(Outcome("TIMEOUT", "resolve"), after=57.0, before=57.5).history
    assert "TIMEOUT (resolve)" in said(history, KEYS[0]).partition("Since then")[2]


def test_a_client_that_was_told_first_ends_the_time_in_which_nobody_was(edited: Edited) -> None:
    clients = edited.series(f"{lost(edited.history)[0]}.web:80", probe="http")
    assert "NXDOMAIN" not in said(edited.history, KEYS[0]).partition("Each of the servers")[0]
    denied = replace(clients.told("NXDOMAIN"), phase="resolve")
    history = clients.say(denied, after=38.9, before=39.3).history
    assert re.search(r"web-2 for at least (38\.9|39\.)", said(history, KEYS[0]))
    assert "NXDOMAIN" not in said(history, KEYS[0]).partition("Each of the servers")[0]


def test_the_signs_are_told_in_the_order_in_which_they_were_seen(edited: Edited) -> None:
    told = said(edited.history, "metrics-to-watch")
    assert "its name missing in DNS: at most 5" in told
    order = ["failing connections at one member", "its name missing in DNS", "that stays Terminating"]
    assert order == sorted(order, key=told.index)
    old = next(f for f in edited.history.faults if f.fault == "cut-node").targets[0].address
    clients = edited.series(f"{old}:80", probe="http")
    told = said(clients.say(clients.told("OK"), before=60.0).history, "metrics-to-watch")
    assert min(order, key=told.index) == "its name missing in DNS"


def test_the_headline_speaks_of_replacement_only_where_it_was_judged(edited: Edited) -> None:
    history = edited.history
    told = (
        "No StatefulSet pod of the node was replaced until the run deleted its object by force or joined the node again"
        ": after its mark for deletion web-0 for at least 6."
    )
    assert told in lab.headline(EXPERIMENT, history)
    history.faults.remove(next(f for f in history.faults if f.fault == "force-delete-pod"))
    assert verdicts(history)["stuck-and-never-replaced"] == "fail"
    assert "replaced" not in lab.headline(EXPERIMENT, history)


def test_a_name_on_another_node_that_vanishes_fails(edited: Edited) -> None:
    other = next(f"web-{n}" for n in range(4) if f"web-{n}" not in lost(edited.history))
    denied = gone(edited, lost(edited.history)[0])
    history = edited.series(f"A {other}.web", "service").say(denied, after=10.0).history
    assert verdicts(history)["other-names-stay"] == "fail"


def test_a_name_on_another_node_that_was_not_heard_is_unknown(edited: Edited) -> None:
    other = next(f"web-{n}" for n in range(4) if f"web-{n}" not in lost(edited.history))
    history = edited.series(f"A {other}.web", "service").say(Outcome("TIMEOUT"), after=10.0, before=20.0).history
    assert verdicts(history)["other-names-stay"] == "unknown"


def test_no_other_name_or_no_server_that_answers_says_nothing_of_the_other_names(edited: Edited) -> None:
    gone_too = lost(edited.history)
    alone = Edited(edited.history)
    alone.history.series[:] = [s for s in alone.history.series if s.pod in ("", *gone_too)]
    for history in (alone.history, edited.silent().history):
        assert verdicts(history)["other-names-stay"] == "unknown"
        assert "there was no such name to be asked" in summary(history, "other-names-stay")


def test_a_pod_that_was_replaced_while_its_node_was_away_fails(edited: Edited) -> None:
    history = edited.history
    history.faults.remove(next(f for f in history.faults if f.fault == "force-delete-pod"))  # as if nobody had
    assert verdicts(history)["stuck-and-never-replaced"] == "fail"


@pytest.mark.parametrize("until", ["never", "the node's return"])
def test_a_pod_that_was_not_seen_to_be_marked_while_its_node_was_away_is_unknown(edited: Edited, until: str) -> None:
    until_ns = 1 << 62 if until == "never" else edited.ns(at_s(edited, "join-node"))
    stuck = lost(edited.history)[1]
    edited.without_events(
        lambda e: e.name == stuck and "deletionTimestamp" in e.object["metadata"] and e.at_ns < until_ns
    )
    assert verdicts(edited.history)["stuck-and-never-replaced"] == "unknown"
    assert f"{stuck} was never seen to be marked" in summary(edited.history, "stuck-and-never-replaced")


@pytest.mark.parametrize("what", ["was not made", "was made and never Ready"])
def test_a_deployment_that_stands_still_fails(edited: Edited, what: str) -> None:
    cut_ns, before = edited.ns(0.0), {event.name for event in edited.history.events if event.at_ns < edited.ns(0.0)}

    def hidden(event: ClusterEvent) -> bool:
        if not event.name.startswith("web-stateless-") or event.at_ns < cut_ns or event.name in before:
            return False
        return what == "was not made" or any(
            c["type"] == "Ready" and c["status"] == "True" for c in event.object["status"].get("conditions", ())
        )

    assert verdicts(edited.without_events(hidden).history)["deployment-goes-on"] == "fail"


def test_an_old_pod_that_nobody_heard_again_is_unknown(edited: Edited) -> None:
    old = edited.notes("forced").read("old_address")
    history = edited.series(f"{old}:80", probe="http").forget().history
    assert verdicts(history)["force-makes-two"] == "unknown"
    assert said(history, "force-danger").startswith(
        "Because the old pod may still run. Whether the old web-0 did was not"
    )


@pytest.mark.parametrize(
    "answer", [Outcome("OK", "response", ("web-1",)), Outcome("ECONNREFUSED", "connect", ("web-0",))]
)
def test_an_old_address_at_which_somebody_else_answers_is_no_old_pod(edited: Edited, answer: Outcome) -> None:
    assert edited.notes("forced").read("pod") == "web-0"
    by_address = edited.series(f"{edited.notes('forced').read('old_address')}:80", probe="http")
    history = by_address.replace(lambda outcome: outcome.status == "OK", answer).history
    assert verdicts(history)["force-makes-two"] == "unknown"


def test_an_old_pod_that_answered_before_its_successor_was_there_is_no_second_one(edited: Edited) -> None:
    old, joined_s = edited.notes("forced").read("old_address"), at_s(edited, "join-node")
    by_address = edited.series(f"{old}:80", probe="http")
    history = by_address.say(Outcome("TIMEOUT", "connect"), after=joined_s).history
    assert verdicts(history)["force-makes-two"] == "unknown"


@pytest.mark.parametrize("what", ["nothing of it", "that its successor was Ready"])
def test_a_stuck_pod_that_does_not_come_back_fails(edited: Edited, what: str) -> None:
    joined_ns = edited.ns(at_s(edited, "join-node"))
    names, old = lost(edited.history), {e.uid for e in edited.history.events if e.at_ns < joined_ns}
    edited.without_events(
        lambda e: e.kind == "Pod" and e.name in names and e.at_ns > joined_ns and (what[0] == "n" or e.uid not in old)
    )
    assert verdicts(edited.history)["ends-with-the-node"] == "fail"


def test_an_end_that_was_not_right_fails_and_one_that_was_only_not_heard_is_unknown(edited: Edited) -> None:
    after = edited.notes("steady-state", phase="after")
    for unheard, outcome in (([], "fail"), (["A web-0.web"], "unknown")):
        history = after.say(reached=False, missing=["A web-0.web"], unheard=unheard).history
        assert verdicts(history)["ends-with-the-node"] == outcome


def test_an_end_that_was_not_looked_at_is_unknown(edited: Edited) -> None:
    """That all was right before says nothing of it."""
    history = edited.notes("steady-state", phase="after").drop().history
    assert verdicts(history)["ends-with-the-node"] == "unknown"


def test_when_the_node_counted_as_ready_is_told_where_it_did(edited: Edited) -> None:
    told = "The node itself was Ready at most 10."
    assert told in summary(edited.history, "ends-with-the-node")
    history = edited.notes(Waited, step="the node is Ready again").say(reached=False).history
    assert "counted as Ready" not in summary(history, "ends-with-the-node")


def test_a_run_that_cut_nothing_off_says_so(edited: Edited) -> None:
    history = edited.history
    history.faults, history.marks = [], []
    assert set(verdicts(history).values()) == {"unknown"}
    assert [said(history, key) for key in KEYS] == [""] * len(KEYS)


def returned(edited: Edited) -> tuple[str, str, str]:
    """The DNS server that was lost, the pod that was deleted by force, and its old address."""
    found, forced = loss(Reading(edited.history)), edited.notes("forced")
    return found.silent[0], forced.read("pod"), forced.read("old_address")


def test_a_lost_server_that_is_back_with_the_old_address_is_told(edited: Edited) -> None:
    """It is one of several: what the cluster DNS address gave is told beside it."""
    view, pod, address = returned(edited)
    back_s = at_s(edited, "join-node") + 1.0
    good = edited.series(f"{address}:80", probe="http").told("OK")
    asked = edited.series(f"A {pod}.web", view)
    asked.say(Outcome("NOERROR", values=(address,), ttl=5), after=back_s, before=back_s + 2.0)
    edited.series(f"{address}:80", probe="http").say(good, after=back_s, before=back_s + 2.0)
    told = said(edited.history, KEYS[0]).partition(f"After the node's return {view} gave the old address of {pod} in ")[
        2
    ]
    lasted = r"\d+ answers, for at least 1\.[5-9]\d s\. The new web-0 was Ready before that, and the old one answered"
    assert re.match(lasted, told)
    assert re.search(r"Through the cluster DNS address 0 of \d+ answers gave it since the return\.", told)
    right = Outcome("NOERROR", values=("10.9.9.9",), ttl=5)
    history = asked.say(right, after=back_s - 1.0).history
    assert f"old address of {pod}" not in said(history, KEYS[0])


def test_a_lost_server_that_is_back_and_keeps_a_denial_of_the_reverse_name_is_told(edited: Edited) -> None:
    view, pod, _ = returned(edited)
    ready = [s for s in trials(Reading(edited.history)) if s.target.name == pod and s.life.new_address]
    back_s = at_s(edited, "join-node") + 2.0
    asked = edited.series(f"PTR {ready[-1].life.new_address}", view)
    asked.say(Outcome("NOERROR", values=("a.b",), ttl=5))
    assert "denied the reverse name" not in said(edited.history, KEYS[0])
    history = asked.say(Outcome("NXDOMAIN", ttl=5), after=back_s, before=back_s + 4.0).history
    assert f"{view} denied the reverse name of the new {pod} for at least" in said(history, KEYS[0])


def test_the_outage_that_a_forced_deletion_ends_has_an_upper_bound(edited: Edited) -> None:
    pod = returned(edited)[1]
    told = re.search(
        rf"{pod} could not be reached by name for between (\S+) and (\S+) s", said(edited.history, KEYS[0])
    )
    assert told
    assert at_s(edited, "force-delete-pod") - 3 < float(told[1]) < float(told[2]) < at_s(edited, "force-delete-pod") + 5
    clients = edited.series(f"{pod}.web:80", probe="http")
    history = clients.say(Outcome("NXDOMAIN", "resolve"), after=at_s(edited, "force-delete-pod")).history
    assert f"{pod} could not be reached by name for at least" in said(history, KEYS[0])


def test_names_that_fail_for_pods_that_are_well_pick_no_member(edited: Edited) -> None:
    assert "A failing name alone does not pick the lost member" in said(edited.history, "metrics-to-watch")
    for other in loss(Reading(edited.history)).others:
        clients = edited.series(f"{other}.web:80", probe="http")
        clients.replace(lambda outcome: outcome.status != "OK", clients.told("OK"))
    assert "A failing name" not in said(edited.history, "metrics-to-watch")
