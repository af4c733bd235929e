"""What a second person does in the middle of a run, as kubectl would, and what must be so afterwards because of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from chaos.cluster.client import API_VERSIONS, Cluster
from chaos.cluster.entry import RUN_LABEL
from chaos.cluster.mirror import MIRROR_LABEL
from chaos.errors import ApiError
from chaos.model.object import Object

Key = tuple[str, str, str]  # kind, namespace, name
_POD = {"containers": [{"name": "box", "image": "nginx:alpine"}], "terminationGracePeriodSeconds": 1}
_SYSTEM = "kube-system"
_SCALED = ("Deployment", "StatefulSet")
# What others make again under the same name, as `kubectl replace --force` does.
_REPLACED = ("StatefulSet", "Service", "ConfigMap", "Deployment")


@dataclass(slots=True)
class Person:
    """Somebody with kubectl, and what he has done.

    Attributes:
        cluster: a connection of his own.
        run: the label of the run.
        namespace: that the run works in; empty before it has one.
        subject: the object of the write at which he acts.
        signs: has the API server note that kubectl made an object; the sandbox has no managedFields.
        values: of his, by object: a merge patch that must still be so.
        made: objects of his, by UID.
        deleted: what may not be there again.
    """

    cluster: Cluster
    run: str
    namespace: str
    subject: Key
    signs: Callable[[Key], None]
    values: dict[Key, Object] = field(default_factory=dict)
    made: dict[Key, str] = field(default_factory=dict)
    deleted: dict[Key, str] = field(default_factory=dict)

    async def live(self, key: Key) -> Object | None:
        """What is there."""
        kind, namespace, name = key
        if not name:
            return None
        found = await self.cluster.get(kind, name, namespace)
        return None if found is None or found["metadata"].get("deletionTimestamp") else found

    async def patches(self, key: Key, patch: Object) -> None:
        """Change it; values of what the run made go with it, so they are not asked for."""
        found = await self.cluster.patch(key[0], key[2], key[1], patch)
        if not self.is_of_run(found):
            self.values[key] = merged(self.values.get(key, {}), patch)

    def is_of_run(self, obj: Object) -> bool:
        """Whether the run made it."""
        labels = obj["metadata"].get("labels") or {}
        return (labels.get(RUN_LABEL) == self.run or MIRROR_LABEL in labels) and not self._is_mine(obj)

    def _is_mine(self, obj: Object) -> bool:
        return obj["metadata"]["uid"] in self.made.values()

    async def makes(self, kind: str, name: str, namespace: str, **more: Any) -> None:
        """Make an object that must stay."""
        meta = {"name": name, "namespace": namespace, "labels": more.pop("labels", {})}
        made = await self.cluster.create({"apiVersion": API_VERSIONS[kind], "kind": kind, "metadata": meta, **more})
        self.made[kind, namespace, name] = str(made["metadata"]["uid"])
        self.signs((kind, namespace, name))

    async def deletes(self, key: Key) -> None:
        """Delete it: nobody but its own controller makes it again."""
        found = await self.live(key)
        if found is None:
            return
        await self.cluster.delete(key[0], key[2], key[1], uid=found["metadata"]["uid"], propagation="Background")
        self.deleted[key] = str(found["metadata"]["uid"])


def merged(one: Object, other: Object) -> Object:
    """Two merge patches in one."""
    both = dict(one)
    for key, value in other.items():
        inside = both.get(key)
        both[key] = merged(inside, value) if isinstance(inside, dict) and isinstance(value, dict) else value
    return both


Act = Callable[[Person], Awaitable[bool]]


async def scales(who: Person) -> bool:
    """What the run is at, else cluster DNS."""
    key = who.subject if who.subject[0] in _SCALED else ("Deployment", _SYSTEM, "coredns")
    if (found := await who.live(key)) is None:
        return False
    now = int(found["spec"].get("replicas", 1))
    await who.patches(key, {"spec": {"replicas": 3 if now < 3 else now + 1}})  # noqa: PLR2004 - cluster DNS has two
    return True


async def edits(who: Person) -> bool:
    """A field of it, and an annotation."""
    key = who.subject
    if key[0] in ("Lease", "Pod") or (found := await who.live(key)) is None:
        key = ("ConfigMap", _SYSTEM, "coredns")
        if (found := await who.live(key)) is None:
            return False
    patch: Object = {"metadata": {"annotations": {"example.com/by": "somebody"}}}
    if key[0] == "ConfigMap" and "Corefile" in found["data"]:
        patch["data"] = {"Corefile": found["data"]["Corefile"] + "\n# somebody's\n"}
    if key[0] in _SCALED:
        patch["spec"] = {"minReadySeconds": 1}
    await who.patches(key, patch)
    return True


async def relabels(who: Person) -> bool:
    """It."""
    if await who.live(who.subject) is None or who.subject[0] == "Lease":
        return False
    await who.patches(who.subject, {"metadata": {"labels": {"team": "somebody"}}})
    return True


async def takes_the_label_off(who: Person) -> bool:
    """Of what the run made."""
    found = await who.live(who.subject)
    if found is None or not who.is_of_run(found):
        return False
    await who.cluster.patch(who.subject[0], who.subject[2], who.subject[1], {"metadata": {"labels": {RUN_LABEL: None}}})
    return True


async def deletes(who: Person) -> bool:
    """It."""
    if who.subject[0] in ("Node", "Lease") or await who.live(who.subject) is None:
        return False
    await who.deletes(who.subject)
    return True


async def deletes_the_workload(who: Person) -> bool:
    """The StatefulSet that the run works with."""
    key = ("StatefulSet", who.namespace, "web")
    if not who.namespace or await who.live(key) is None:
        return False
    await who.deletes(key)
    return True


async def deletes_the_node(who: Person) -> bool:
    """For good."""
    key = who.subject if who.subject[0] == "Node" else ("Node", "", "node-2")
    if await who.live(key) is None:
        return False
    await who.deletes(key)
    return True


async def replaces(who: Person) -> bool:
    """It by one of his own with its name."""
    found = await who.live(who.subject)
    kind, namespace, name = who.subject
    if found is None or kind not in _REPLACED or name.startswith("chaos-identity"):
        return False
    await who.deletes(who.subject)
    for _ in range(600):
        if await who.cluster.get(kind, name, namespace) is None:
            break
        await asyncio.sleep(0.1)
    else:
        return False
    more = {part: found[part] for part in ("spec", "data") if part in found}
    if kind == "Service":
        more["spec"] = {key: more["spec"][key] for key in ("selector", "ports") if key in more["spec"]}
    labels = {key: value for key, value in (found["metadata"].get("labels") or {}).items() if key != RUN_LABEL}
    if kind in _SCALED:
        more["spec"] = without_label(more["spec"])
    with contextlib.suppress(ApiError):  # the run's own controller was faster, or its namespace goes
        await who.makes(kind, name, namespace, labels=labels, **more)
        del who.deleted[who.subject]
    return True


def without_label(value: Any) -> Any:
    """A manifest of his own has no run's label."""
    if isinstance(value, dict):
        return {key: without_label(inside) for key, inside in value.items() if key != RUN_LABEL}
    return [without_label(one) for one in value] if isinstance(value, list) else value


async def drains(who: Person) -> bool:
    """A node: what the run is at, else one."""
    name = who.subject[2] if who.subject[0] == "Node" else "node-1"
    key = ("Node", "", name)
    if (found := await who.live(key)) is None:
        return False
    if not found["spec"].get("unschedulable"):  # kubectl asks for nothing where it is cordoned already
        await who.patches(key, {"spec": {"unschedulable": True}})
    for pod in (await who.cluster.list("Pod"))[0]:
        meta = pod["metadata"]
        if pod["spec"].get("nodeName") == name and not meta.get("deletionTimestamp"):
            with contextlib.suppress(ApiError):
                await who.cluster.evict(meta["name"], meta["namespace"], meta["uid"], 1)
    return True


async def uncordons(who: Person) -> bool:
    """The node that the run is at."""
    if who.subject[0] != "Node" or (found := await who.live(who.subject)) is None:
        return False
    if found["spec"].get("unschedulable"):
        await who.patches(who.subject, {"spec": {"unschedulable": None}})
    return True


async def taints(who: Person) -> bool:
    """A node, beside what else it has."""
    name = who.subject[2] if who.subject[0] == "Node" else "node-1"
    if (found := await who.live(("Node", "", name))) is None:
        return False
    taint = {"key": "example.com/somebody", "effect": "PreferNoSchedule"}
    await who.cluster.patch("Node", name, "", {"spec": {"taints": [*(found["spec"].get("taints") or []), taint]}})
    who.values["Node", "", name] = {"spec": {"taints+": taint}}
    return True


def adds(kind: str, **more: Any) -> Act:
    """Something of his to the run's namespace."""

    async def act(who: Person) -> bool:
        if not who.namespace or await who.live(("Namespace", "", who.namespace)) is None:
            return False
        await who.makes(kind, "theirs", who.namespace, **more)
        return True

    return act


async def copies(who: Person) -> bool:
    """The run's StatefulSet under another name, with all its labels."""
    found = await who.live(("StatefulSet", who.namespace, "web")) if who.namespace else None
    if found is None:
        return False
    spec = {**found["spec"], "selector": {"matchLabels": {"app": "copy"}}}
    labels = {**(found["spec"]["template"]["metadata"].get("labels") or {}), "app": "copy"}
    spec["template"] = {**spec["template"], "metadata": {"labels": labels}}
    await who.makes("StatefulSet", "copy", who.namespace, spec=spec, labels=found["metadata"].get("labels") or {})
    return True


_DEPLOYMENT = {
    "replicas": 1,
    "selector": {"matchLabels": {"app": "theirs"}},
    "template": {"metadata": {"labels": {"app": "theirs"}}, "spec": _POD},
}
_CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}

ACTS: dict[str, Act] = {
    "scales": scales,
    "edits": edits,
    "relabels": relabels,
    "takes the run's label off": takes_the_label_off,
    "deletes": deletes,
    "deletes the workload": deletes_the_workload,
    "deletes a node": deletes_the_node,
    "replaces": replaces,
    "drains": drains,
    "uncordons": uncordons,
    "taints": taints,
    "adds a Deployment": adds("Deployment", spec=_DEPLOYMENT),
    "adds a claim": adds("PersistentVolumeClaim", spec=_CLAIM),
    "adds a Service": adds("Service", spec={"ports": [{"port": 80}], "selector": {"app": "theirs"}}),
    "adds a ConfigMap": adds("ConfigMap", data={"precious": "yes"}),
    "copies the workload": copies,
}
