"""node-loss on the sandbox: how long names outlive a node, what is stuck and what ends it; its checkers can fail."""

import re
from functools import partial
from typing import Any

from chaos.analysis.reading import Reading
from chaos.experiment import History, find_experiment
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


def summary(history: History, name: str) -> str:
    """What one of its own checkers says."""
    return next(one.summary for one in lab.own_verdicts(EXPERIMENT, history) if one.checker == name)


def drop_pods(history: History, wanted: Any) -> None:
    """Forget events of pods."""
    history.events = [e for e in history.events if e.kind != "Pod" or not wanted(e)]


def test_everything_is_as_the_hypothesis_says(edited: History) -> None:
    assert verdicts(edited) == dict.fromkeys(OWN, "ok")
    assert len(lost(edited)) == 2


def test_the_lost_server_is_unknown_and_fails_nothing(edited: History) -> None:
    found = summary(edited, OWN[0])
    assert found.startswith("No view denied the names of web-0 and web-2 for 5")
    assert "then each of 2 did. The node was found not ready after 5" in found
    assert ". Nothing is known of coredns-" in found


def test_a_server_that_answers_late_because_its_node_is_back_was_silent(edited: History) -> None:
    join = next(f for f in edited.faults if f.fault == "join-node")
    lost_view = summary(edited, OWN[0]).partition("Nothing is known of ")[2].partition(",")[0]
    series = next(s for s in edited.series if s.record == f"A {lost(edited)[0]}.web" and s.view == lost_view)
    columns = edited.samples[series.id]
    there = next(p for p, o in enumerate(edited.outcomes) if o.status == "NOERROR")
    late = max(p for p, sent_ns in enumerate(columns.sent_ns) if sent_ns < join.sent_ns)
    columns.outcome[late] = there
    assert columns.received_ns[late] > join.sent_ns
    assert verdicts(edited)["names-outlive-the-node"] == "ok"


def test_the_answers_have_this_runs_numbers(edited: History) -> None:
    assert "web-0.web was denied by no DNS server that could be heard" in said(edited, KEYS[0])
    assert re.search(
        r"and (clients at least knew at once|of the connections by it): \d+ were NXDOMAIN", said(edited, KEYS[0])
    )
    assert "TIMEOUT (connect)" in said(edited, KEYS[0])
    assert "tolerates an unreachable node for 5 s" in said(edited, KEYS[1])
    assert "Two members with one name existed" in said(edited, KEYS[2])
    assert "failing connections to one member by its own name: 1." in said(edited, KEYS[3])


def test_a_name_that_never_leaves_a_view_that_speaks_fails(edited: History) -> None:
    series = next(s for s in edited.series if s.record == f"A {lost(edited)[0]}.web" and s.view == "service")
    columns = edited.samples[series.id]
    for position in range(len(columns)):
        columns.outcome[position] = columns.outcome[0]
    assert verdicts(edited)["names-outlive-the-node"] == "fail"


def test_names_that_are_gone_before_the_node_is_found_not_ready_fail(edited: History) -> None:
    gone = next(p for p, o in enumerate(edited.outcomes) if o.status == "NXDOMAIN")
    series = next(s for s in edited.series if s.record == f"A {lost(edited)[0]}.web" and s.view == "service")
    columns = edited.samples[series.id]
    cut = next(f for f in edited.faults if f.fault == "cut-node")
    for position, sent_ns in enumerate(columns.sent_ns):
        if sent_ns > (cut.accepted_ns or 0):
            columns.outcome[position] = gone
    assert verdicts(edited)["names-outlive-the-node"] == "fail"
    assert "and the node was found not ready only after 5" in summary(edited, "names-outlive-the-node")


def test_a_node_that_was_not_found_not_ready_leaves_its_names_unknown(edited: History) -> None:
    for details in lab.facts_of(edited, "waited", step="the node is found not ready"):
        details["reached"] = False
    assert verdicts(edited)["names-outlive-the-node"] == "unknown"
    assert not said(edited, KEYS[0])


def test_clients_that_still_had_to_wait_did_not_know_at_once(edited: History) -> None:
    silent = next(p for p, o in enumerate(edited.outcomes) if (o.status, o.phase) == ("TIMEOUT", "resolve"))
    series = next(
        s for s in edited.series if s.probe == "http" and s.pod == lost(edited)[0] and s.record.startswith("web-")
    )
    columns = edited.samples[series.id]
    gone = [position for position, o in enumerate(columns.outcome) if edited.outcomes[o].status == "NXDOMAIN"]
    columns.outcome[gone[len(gone) // 2]] = silent
    assert "at once" not in said(edited, KEYS[0])
    assert "of the connections by it:" in said(edited, KEYS[0])


def test_a_client_that_was_told_first_ends_the_time_in_which_nobody_was(edited: History) -> None:
    assert "NXDOMAIN" not in said(edited, KEYS[0]).partition(" each of these servers said")[0]
    gone = next(p for p, o in enumerate(edited.outcomes) if (o.status, o.phase) == ("NXDOMAIN", "resolve"))
    series = next(s for s in edited.series if s.probe == "http" and s.record.startswith(f"{lost(edited)[0]}.web"))
    columns = edited.samples[series.id]
    cut = next(f for f in edited.faults if f.fault == "cut-node")
    told = next(p for p, at in enumerate(columns.received_ns) if at > (cut.accepted_ns or 0) + 40_000_000_000)
    columns.outcome[told] = gone
    assert said(edited, KEYS[0]).startswith("For 40.")
    assert "NXDOMAIN" not in said(edited, KEYS[0]).partition(" each of these servers said")[0]


def test_the_signs_are_told_in_the_order_in_which_they_were_seen(edited: History) -> None:
    told = said(edited, "metrics-to-watch")
    assert "its name missing in DNS: 5" in told
    order = ["failing connections to one member", "its name missing in DNS", "that stays Terminating"]
    assert order == sorted(order, key=told.index)
    fine = next(p for p, o in enumerate(edited.outcomes) if o.status == "OK")
    for series in edited.series:
        if series.probe == "http" and series.pod == lost(edited)[0]:
            columns = edited.samples[series.id]
            cut = next(f for f in edited.faults if f.fault == "cut-node")
            for position, sent_ns in enumerate(columns.sent_ns):
                if sent_ns < cut.sent_ns + 60_000_000_000:
                    columns.outcome[position] = fine
    told = said(edited, "metrics-to-watch")
    assert min(order, key=told.index) == "its name missing in DNS"


def test_the_headline_speaks_of_replacement_only_where_it_was_judged(edited: History) -> None:
    headline = EXPERIMENT.headline or str
    assert "no pod was replaced before it was deleted by force or the node was joined again" in headline(
        Reading(edited)
    )
    edited.faults.remove(next(f for f in edited.faults if f.fault == "force-delete-pod"))
    assert verdicts(edited)["stuck-and-never-replaced"] == "fail"
    assert headline(Reading(edited)).endswith(" after it was cut off.")


def test_a_name_on_another_node_that_vanishes_fails(edited: History) -> None:
    gone = next(p for p, o in enumerate(edited.outcomes) if o.status == "NXDOMAIN")
    other = next(f"web-{n}" for n in range(4) if f"web-{n}" not in lost(edited))
    series = next(s for s in edited.series if s.record == f"A {other}.web" and s.view == "service")
    columns = edited.samples[series.id]
    cut = next(f for f in edited.faults if f.fault == "cut-node")
    for position, sent_ns in enumerate(columns.sent_ns):
        if sent_ns > cut.sent_ns + 10_000_000_000:
            columns.outcome[position] = gone
    assert verdicts(edited)["other-names-stay"] == "fail"


def test_a_pod_that_was_replaced_while_its_node_was_away_fails(edited: History) -> None:
    forced = next(f for f in edited.faults if f.fault == "force-delete-pod")
    edited.faults.remove(forced)  # as if nobody had deleted it
    assert verdicts(edited)["stuck-and-never-replaced"] == "fail"


def test_a_deployment_that_stands_still_fails(edited: History) -> None:
    cut = next(f for f in edited.faults if f.fault == "cut-node")
    drop_pods(edited, lambda e: e.name.startswith("web-stateless-") and e.at_ns > cut.sent_ns)
    assert verdicts(edited)["deployment-goes-on"] == "fail"


def test_an_old_pod_that_nobody_heard_again_is_unknown(edited: History) -> None:
    old = next(details["old_address"] for _, what, details in edited.marks if what == "forced")
    series = next(s for s in edited.series if s.probe == "http" and s.name == old)
    edited.samples[series.id] = type(edited.samples[series.id])()
    assert verdicts(edited)["force-makes-two"] == "unknown"
    assert "was not seen here" in said(edited, "force-danger")


def test_a_stuck_pod_that_does_not_come_back_fails(edited: History) -> None:
    join = next(f for f in edited.faults if f.fault == "join-node")
    drop_pods(edited, lambda e: e.name in lost(edited) and e.at_ns > join.sent_ns)
    assert verdicts(edited)["ends-with-the-node"] == "fail"


def test_a_run_that_cut_nothing_off_says_so(edited: History) -> None:
    edited.faults, edited.marks = [], []
    assert set(verdicts(edited).values()) == {"unknown"}
    assert [said(edited, key) for key in KEYS] == [""] * len(KEYS)
