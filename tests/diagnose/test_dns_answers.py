"""What cluster DNS answers is compared with what the API says; each case is a view of its own, without a cluster."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from chaos.diagnose import Diagnosis, Severity, diagnose
from chaos.diagnose.checks import CHECKS
from chaos.diagnose.measure import questions
from chaos.diagnose.measured import DnsServer, Measured
from chaos.model import Outcome
from chaos.probes import DnsView
from tests.diagnose.looking import checks, live, only, service, stateful_set

POD = "web-0.web.default.svc.cluster.local"
SERVICE = "web.default.svc.cluster.local"
RIGHT = {POD: "10.244.1.5", SERVICE: "10.244.1.5"}


def slices(*, ready: bool = True, hostname: str = "web-0") -> str:
    """The EndpointSlice of one pod."""
    endpoint = {"addresses": ["10.244.1.5"], "hostname": hostname, "conditions": {"ready": ready}}
    meta = {"name": "web-x", "labels": {"kubernetes.io/service-name": "web"}}
    body = {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": meta, "endpoints": [endpoint]}
    return "---\n" + json.dumps(body) + "\n"


def outcome(said: str) -> Outcome:
    return Outcome("NOERROR", values=(said,)) if said[0].isdigit() else Outcome(said)


def asked(*servers: dict[str, str], endpoints: str | None = None, **figures: Any) -> Diagnosis:
    """A diagnosis where each server gives these answers."""
    views = [DnsView(f"coredns-{i}", f"10.244.0.{i}") for i in range(len(servers))]
    answers = {
        name: {view.name: outcome(said[name]) for view, said in zip(views, servers, strict=True)} for name in servers[0]
    }
    measured = Measured(tuple(DnsServer(view, (0.001,) * 5, ()) for view in views), answers, **figures)
    view = live(service(), stateful_set(), slices() if endpoints is None else endpoints, measured=measured)
    return diagnose(view)


def test_servers_that_agree_with_the_api_are_no_finding() -> None:
    assert "record" not in checks(asked(RIGHT, RIGHT))


def test_a_name_that_ends_with_svc_alone_is_asked_for_where_its_reader_is() -> None:
    """It was put into no namespace at all, which is no name, and ended the whole command."""
    env = "env: [{name: PEER, value: 'http://web-0.web.svc:80'}]"
    assert set(questions(live(service(), stateful_set(env)))) >= {POD, SERVICE}
    assert not [name for name in questions(live(service(), stateful_set(env))) if ".." in name]


def test_a_server_that_gives_an_old_address_is_named() -> None:
    found = only(asked(RIGHT, {**RIGHT, POD: "10.244.9.9"}), "record")
    assert (found.severity, found.object.name, found.what) == (
        Severity.ERROR,
        POD,
        "1 of 2 DNS servers contradict the API",
    )
    assert found.evidence == ("EndpointSlices and Service say: 10.244.1.5", "coredns-1 says: 10.244.9.9")
    assert found.concerns == ("web",)


def test_a_name_that_should_exist_and_does_not_is_found() -> None:
    assert only(asked({**RIGHT, POD: "NXDOMAIN"}), "record").evidence[1] == "coredns-0 says: NXDOMAIN"


def test_a_name_that_should_not_exist_and_does_is_found() -> None:
    """The only endpoint is not ready, and a server still gives its address."""
    found = asked(RIGHT, endpoints=slices(ready=False))
    assert {f.object.name for f in found.findings if f.check == "record"} == {POD, SERVICE}


def test_no_answer_contradicts_nothing() -> None:
    assert "record" not in checks(asked({POD: "TIMEOUT", SERVICE: "SERVFAIL"}))


def test_names_that_were_left_out_are_said_not_to_be_checked() -> None:
    found = asked(RIGHT, left_out=7)
    assert [row.why for row in found.not_checked if row.check == "record"] == ["7 names were not asked for: too many"]


def test_a_server_that_loses_queries_and_one_that_is_silent() -> None:
    lossy = DnsServer(DnsView("coredns-0", "10.244.0.1"), (0.001,) * 4, ("TIMEOUT",))
    silent = DnsServer(DnsView("coredns-1", "10.244.0.2"), (), ("TIMEOUT", "TIMEOUT"))
    found = diagnose(live(service(), stateful_set(), measured=Measured((lossy, silent), {})))
    rows = {f.object.name: f for f in found.findings if f.check == "cluster-dns" and f.object.kind == "DNS server"}
    assert rows["coredns-0 (10.244.0.1)"].severity is Severity.WARNING
    assert "4 of 5 queries answered" in rows["coredns-0 (10.244.0.1)"].evidence[0]
    assert rows["coredns-1 (10.244.0.2)"].severity is Severity.ERROR


def test_a_server_is_slow_when_its_median_says_so_and_not_for_one_late_answer() -> None:
    slow = DnsServer(DnsView("coredns-0", "10.244.0.1"), (0.09, 0.15, 0.2, 0.2, 0.3), ())
    once = DnsServer(DnsView("coredns-1", "10.244.0.2"), (0.001, 0.001, 0.001, 0.001, 0.9), ())
    found = diagnose(live(service(), stateful_set(), measured=Measured((slow, once), {})))
    rows = [f for f in found.findings if f.check == "cluster-dns" and f.object.kind == "DNS server"]
    assert [(f.object.name, f.what) for f in rows] == [("coredns-0 (10.244.0.1)", "it is slow: more than 100 ms")]
    assert "round trip 200.0 ms (median; 90.0 to 300.0)" in rows[0].evidence[0]


def test_what_may_not_be_read_is_said_and_the_checks_that_need_it_are_not_made() -> None:
    view = live(stateful_set(), unread={"Service": "the API server answered 403 Forbidden"})
    found = diagnose(view)
    assert "governing-service" not in found.checked
    assert "governing-service" not in checks(found)
    assert {"governing-service", "service-selector", "port"} <= {r.check for r in found.not_checked if "403" in r.why}


def test_a_check_that_breaks_is_not_checked_and_the_others_are_made() -> None:
    def breaks(_view: object) -> list[Any]:
        raise KeyError("x")

    found = diagnose(live(service(), stateful_set()), (replace(CHECKS[1], look=breaks), CHECKS[2]))
    assert found.checked == (CHECKS[2].key,)
    assert [row.why for row in found.not_checked if "defect" in row.why] == ["a defect of this tool: KeyError: 'x'"]


def test_what_may_not_be_read_is_no_clean_bill() -> None:
    found = diagnose(live(stateful_set(), unread={"Service": "the API server answered 403 Forbidden"}))
    assert found.is_blind
    assert not diagnose(live(stateful_set())).is_blind
