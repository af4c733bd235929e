"""A rollout that blocks itself: under OrderedReady a broken pod stays although its template is right again."""

from __future__ import annotations

import asyncio
import json

from chaos.diagnose import Diagnosis, Severity, diagnose
from tests.diagnose.clusters import Place, run
from tests.diagnose.looking import MANIFESTS, checks, live, only, service, stateful_set

WEB = (MANIFESTS / "web.yaml").read_text()


async def image(place: Place, name: str, seconds: float) -> Diagnosis:
    """Change the template's image, wait, and look."""
    found = await place.cluster.get("StatefulSet", "web", "default")
    assert found is not None
    container = {**found["spec"]["template"]["spec"]["containers"][0], "image": name}
    body = {"spec": {"template": {"spec": {"containers": [container]}}}}
    await place.cluster.patch("StatefulSet", "web", "default", body)
    await asyncio.sleep(seconds)
    return (await place.look(measured=False))[1]


def test_a_rollout_that_waits_for_a_pod_that_it_never_replaces_says_which_pod_to_delete() -> None:
    async def story(place: Place) -> tuple[Diagnosis, Diagnosis, Diagnosis]:
        await place.apply(WEB)
        await place.ready(3)
        broken = await image(place, "nginx:nope", 60)
        back = await image(place, "nginx:alpine", 60)
        await place.cluster.delete("Pod", "web-2", "default")
        await place.ready(3)
        return broken, back, (await place.look(measured=False))[1]

    broken, back, after = run(story)
    first = only(broken, "blocked-rollout")
    assert (first.severity, first.object.name) == (Severity.WARNING, "web-2")
    assert "a corrected template alone does not replace it" in first.what
    second = only(back, "blocked-rollout")
    assert (second.severity, second.fix) == (Severity.ERROR, "kubectl delete pod web-2 -n default")
    assert "blocked-rollout" not in checks(after)


def test_a_pod_of_an_older_revision_that_may_be_about_to_start_is_a_warning() -> None:
    labels = {"controller-revision-hash": "web-1"}
    meta = {"name": "web-2", "labels": labels, "ownerReferences": [{"kind": "StatefulSet", "name": "web"}]}
    creating = {"name": "c", "state": {"waiting": {"reason": "ContainerCreating"}}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {}, "status": {"containerStatuses": [creating]}}
    text = stateful_set() + "status: {updateRevision: web-2}\n"
    found = only(diagnose(live(service(), text, f"---\n{json.dumps(pod)}")), "blocked-rollout")
    assert (found.severity, found.fix) == (
        Severity.WARNING,
        "kubectl delete pod web-2 -n default, where it does not become Ready",
    )


def test_parallel_replaces_what_is_not_ready_so_nothing_is_blocked() -> None:
    async def story(place: Place) -> tuple[Diagnosis, Diagnosis]:
        await place.apply(WEB.replace("  serviceName:", "  podManagementPolicy: Parallel\n  serviceName:"))
        await place.ready(3)
        broken = await image(place, "nginx:nope", 60)
        return broken, await image(place, "nginx:alpine", 60)

    for found in run(story):
        assert "blocked-rollout" not in checks(found)
