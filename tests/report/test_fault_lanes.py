"""The picture shows what was done to the cluster, also where no pod was to be replaced."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

from chaos.analysis.reading import Reading
from chaos.model import FaultWindow, History, PodIdentity
from chaos.report.timeline import is_drawn, timeline_svg
from chaos.report.timeline.actions import actions
from tests.histories import NXDOMAIN, Builder, a, ns, pod, pod_replacement, steps

SVG = "{http://www.w3.org/2000/svg}"
GATED = PodIdentity("gated-0", "uid", "10.244.1.3", "node-1")


def fault(name: str, sent_s: float, ended_s: float | None, *targets: PodIdentity, **more: object) -> FaultWindow:
    """One that replaces nobody, accepted 0.1 s after its request."""
    ended_ns = None if ended_s is None else ns(ended_s)
    window = FaultWindow(name, 1, targets, "accepted", ns(sent_s), ns(sent_s + 0.1), ended_ns, replaces=False)
    return replace(window, **more)  # type: ignore[arg-type]


def flap() -> History:
    """A pod that is unready for two seconds, and whose name a method watches."""
    build = Builder()
    build.event(0.0, "Pod", pod("gated-0", "uid", "10.244.1.3", ready=True), "ADDED", initial=True)
    build.event(2.2, "Pod", pod("gated-0", "uid", "10.244.1.3", phase="Running"))
    build.event(4.2, "Pod", pod("gated-0", "uid", "10.244.1.3", ready=True))
    series = build.series("dns", "A gated-0.gated", "service", period_s=0.1)
    truth = steps(a("10.244.1.3"), (2.3, NXDOMAIN), (4.3, a("10.244.1.3")))
    build.sample(series, 1.0, 6.0, truth)
    build.history.faults = [
        fault("make-unready", 2.0, 4.0, GATED),
        fault("make-ready", 4.0, 6.0, GATED),
        fault("make-unready", 6.0, None, GATED),
    ]
    build.history.marks.append((ns(1.0), "watching", {"series": [series.id]}))
    return build.done()


def texts(svg: str) -> list[str]:
    return [text.text or "" for text in ET.fromstring(svg).iter(f"{SVG}text")]


def bars(svg: str) -> list[str]:
    """What people read who rest on a bar of a fault."""
    boxes = ET.fromstring(svg).iter(f"{SVG}rect")
    return [box[0].text or "" for box in boxes if box.get("fill") == "url(#fault)" and len(box)]


def test_a_run_without_a_replacement_shows_its_faults_the_pods_and_what_was_watched() -> None:
    svg = timeline_svg(Reading(flap()))
    said = texts(svg)
    assert [line for line in said if line.startswith("make-")][:2] == ["make-unready gated-0", "make-ready gated-0"]
    assert {"Faults and changes", "Pod objects (watch)", "gated-0", "A gated-0.gated"} <= set(said)
    assert "Seconds since the run began." in " ".join(said)
    assert bars(svg) == ["fault 2.000 s to 4.000 s", "fault 6.000 s to 6.001 s", "fault 4.000 s to 6.000 s"]


def test_its_flags_name_each_in_the_order_of_time() -> None:
    said = texts(timeline_svg(Reading(flap())))
    at = [line for line in said if line.startswith("make-") and line.endswith(" s")]
    assert at == ["make-unready gated-0: 2.100 s", "make-ready gated-0: 4.100 s", "make-unready gated-0: 6.100 s"]


def test_what_is_not_about_pods_says_what_it_is_about_and_what_became_of_it() -> None:
    history = Builder().history
    history.faults = [
        fault("cordon", 1.0, 2.0, parameters={"node": "node-1"}),
        fault("scale", 2.0, 3.0, parameters={"statefulset": "web", "replicas": 3}),
        fault("cordon", 3.0, 3.0, parameters={"node": "node-2"}, outcome="refused", accepted_ns=None),
    ]
    assert [action.label for action in actions(Reading(history))] == [
        "cordon node-1",
        "scale web",
        "cordon node-2 (refused)",
    ]


def test_a_change_of_the_method_is_a_bar_from_its_request_to_its_acceptance() -> None:
    history = Builder().history
    details = {"step": "DNS: all killed", "sent_ns": ns(3.0), "accepted_ns": ns(5.5)}
    history.marks.append((ns(5.5), "change", details))
    svg = timeline_svg(Reading(history))
    assert bars(svg) == ["fault 3.000 s to 5.500 s"]
    assert "DNS: all killed: 5.500 s" in texts(svg)


def test_beside_a_replacement_too_and_what_lies_outside_is_named() -> None:
    history = pod_replacement()
    during = fault("cordon", 1.6, 3.0, parameters={"node": "node-1"})
    history.faults += [during, fault("uncordon", 60.0, 61.0, parameters={"node": "node-1"})]
    svg = timeline_svg(Reading(history))
    assert {"cordon node-1", "delete-pod web-0"} <= set(texts(svg))
    assert "Not in the picture: uncordon node-1 at 58.600 s." in texts(svg)


def test_a_run_in_which_nothing_was_done_has_nothing_to_show() -> None:
    reading = Reading(Builder().done())
    assert not is_drawn(reading)
    assert "there is no time line to show" in timeline_svg(reading)
