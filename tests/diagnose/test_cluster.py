"""A cluster: what its objects and its DNS show, on the sandbox."""

from __future__ import annotations

import asyncio

import pytest

from chaos.diagnose import Diagnosis, Severity, Snapshot
from chaos.errors import UsageError
from chaos.model import Outcome
from chaos.probes import Resolver
from tests.diagnose.clusters import Place, run
from tests.diagnose.looking import MANIFESTS, UNIT, keys, only

WEB = (MANIFESTS / "web-quick.yaml").read_text()
# Needs what the sandbox has not (yet): its API server does not know these kinds.
UNKNOWN_KINDS = ("Job", "NetworkPolicy")


def wrong(found: Diagnosis) -> list[tuple[str, str, str]]:
    return [row for row in keys(found) if row[0] != "note"]


def test_a_healthy_namespace_has_nothing_wrong_and_its_dns_is_measured() -> None:
    async def story(place: Place) -> tuple[Snapshot, Diagnosis]:
        await place.apply(WEB)
        await place.ready(3)
        return await place.look()

    view, found = run(story)
    assert wrong(found) == []
    assert view.measured is not None
    assert (view.domain, view.domain_known) == ("cluster.local", True)
    assert {"record", "cluster-dns", "not-ready", "stale-subdomain"} <= set(found.checked)
    assert len(found.figures) == 3
    assert all("5 of 5 queries answered, round trip" in line for line in found.figures)
    assert {row.why for row in found.not_checked if not any(kind in row.why for kind in UNKNOWN_KINDS)} == {
        "the objects of a cluster were taken by its API server; this is about manifests: -f FILE"
    }


def test_the_units_broken_network_is_found_though_it_looks_healthy() -> None:
    async def story(place: Place) -> Diagnosis:
        await place.apply((UNIT / "broken-network.yaml").read_text())
        await place.ready(2)
        return (await place.look())[1]

    found = run(story)
    missing = only(found, "governing-service")
    said = [line for line in missing.evidence if line.startswith("DNS says")]
    name = "broken-network-0.nonexistent-service.default.svc.cluster.local"
    assert said[0] == f"DNS says {name}: NXDOMAIN (3 of 3 servers)"
    assert missing.repair is not None
    assert [f.check for f in found.findings if f.severity is Severity.ERROR] == ["governing-service"]


def test_an_orphaning_recreate_is_a_latent_fault_and_its_repair_is_latent_too() -> None:
    async def recreate(place: Place, service: str) -> None:
        await place.cluster.delete("StatefulSet", "web", "default", propagation="Orphan")

        async def gone() -> bool:
            return await place.cluster.get("StatefulSet", "web", "default") is None

        await place.until(gone)
        await place.apply(WEB.partition("---\n")[2].replace("serviceName: web", f"serviceName: {service}"))
        await asyncio.sleep(5)

    async def story(place: Place) -> list[Diagnosis]:
        found = []
        await place.apply(WEB)
        await place.ready(3)
        await recreate(place, "nope")
        found.append((await place.look())[1])
        await place.cluster.delete("Pod", "web-1", "default")
        await asyncio.sleep(10)
        await place.ready(3)
        found.append((await place.look())[1])
        await recreate(place, "web")
        found.append((await place.look())[1])
        return found

    latent, half, repaired = run(story)
    first = only(latent, "stale-subdomain")
    assert "a fault that waits for a restart: web-0, web-1, web-2 still have names under web" in first.what
    assert "web-0, web-2" in only(half, "stale-subdomain").what
    last = only(repaired, "stale-subdomain")
    assert last.what.startswith("a repair that waits for a restart: serviceName is web, which exists, and web-1 ")
    assert last.fix == "kubectl rollout restart statefulset/web -n default"
    assert "DNS says web-1.web.default.svc.cluster.local: NXDOMAIN (3 of 3 servers)" in last.evidence


def test_an_image_that_cannot_be_pulled_is_told_with_its_reason_and_what_waits_for_it() -> None:
    async def story(place: Place) -> Diagnosis:
        await place.apply(WEB.replace("image: nginx:alpine", "image: none.example/none:1"))
        await asyncio.sleep(20)
        return (await place.look())[1]

    found = run(story)
    rows = [f for f in found.findings if f.check == "not-ready"]
    pod = next(f for f in rows if f.object.kind == "Pod")
    assert pod.object.name == "web-0"
    assert any("waits: " in line and "Pull" in line for line in pod.evidence), pod.evidence
    missing = next(f for f in rows if f.object.kind == "StatefulSet")
    assert missing.what.startswith("web-1, web-2 of its 3 pods do not exist")


def test_claims_that_were_left_behind_are_told() -> None:
    volumes = (MANIFESTS / "web-volumes.yaml").read_text()

    async def story(place: Place) -> list[Diagnosis]:
        await place.apply(volumes)
        await place.ready(3)
        await place.cluster.patch("StatefulSet", "web", "default", {"spec": {"replicas": 2}})
        await asyncio.sleep(20)
        scaled = (await place.look())[1]
        await place.cluster.delete("StatefulSet", "web", "default", propagation="Background")
        await asyncio.sleep(20)
        return [scaled, (await place.look())[1]]

    scaled, deleted = run(story)
    assert only(scaled, "volume-claims").object.name == "data-web-2"
    left = [f.object.name for f in deleted.findings if f.check == "volume-claims"]
    assert left == ["data-web-0", "data-web-1", "data-web-2"]


def test_cluster_dns_that_is_down_is_an_error_and_nothing_is_measured() -> None:
    async def story(place: Place) -> tuple[Snapshot, Diagnosis]:
        await place.apply(WEB)
        await place.ready(3)
        await place.cluster.patch("Deployment", "coredns", "kube-system", {"spec": {"replicas": 0}})
        await asyncio.sleep(60)
        return await place.look()

    view, found = run(story)
    down = only(found, "cluster-dns")
    assert (down.severity, down.what) == (Severity.ERROR, "no pod of cluster DNS is Ready: no name resolves")
    assert view.measured is None
    assert any(row.check == "record" and "cannot be reached" in row.why for row in found.not_checked)


def test_without_a_vantage_dns_is_said_not_to_be_measured() -> None:
    async def story(place: Place) -> Diagnosis:
        await place.apply(WEB)
        await place.ready(3)
        return (await place.look(measured=False))[1]

    found = run(story)
    assert "record" not in found.checked
    assert {row.check for row in found.not_checked if "measuring was not asked for" in row.why} == {
        "cluster-dns",
        "record",
    }


def test_a_namespace_that_is_not_there_is_a_usage_error() -> None:
    async def story(place: Place) -> None:
        await place.look("none")

    with pytest.raises(UsageError, match="has no namespace none"):
        run(story)


@pytest.mark.parametrize(("status", "values"), [("NXDOMAIN", ()), ("NOERROR", ("198.18.0.7",))])
def test_what_answers_in_place_of_cluster_dns_is_found_out_first(status: str, values: tuple[str, ...]) -> None:
    """A VPN or a transparent proxy denies the cluster's names, or makes up an address for each."""

    async def answer(_: Resolver, __: str, rtype: str = "A") -> Outcome:
        return Outcome(status, values=values)

    async def story(place: Place) -> tuple[Snapshot, Diagnosis]:
        await place.apply(WEB)
        await place.ready(3)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(Resolver, "ask", answer)
            return await place.look()

    view, found = run(story)
    assert view.measured is None
    assert [row for row in wrong(found) if row[1] in ("record", "cluster-dns")] == []
    whys = [row.why for row in found.not_checked if row.check == "record"]
    assert len(whys) == 1
    assert "is not the cluster's" in whys[0]
    assert ", which is 10." in whys[0]
