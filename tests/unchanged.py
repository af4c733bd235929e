"""Whether a simulated cluster is as before: every field of every object of every kind, and what is new.

Compared is all that is stored but what a cluster counts by itself (versions, generations, times) and most of `status`.
Pods may be others only where somebody names them, and then each has a successor like it; what has their addresses
may have others of these.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from chaos.cluster.entry import UndoEntry
from kubesim.store import Key, Store, clone

Object = dict[str, Any]
Everything = dict[Key, Object]
# Told, and kept for an hour.
_PASSING = frozenset({"Event"})
_COUNTED = ("resourceVersion", "generation", "managedFields", "creationTimestamp")
# An API server shows neither.
_EMPTY: tuple[Any, ...] = ({}, [])
_STATES = ("phase", "readyReplicas", "availableReplicas")
_ADDRESSES = ("EndpointSlice", "Endpoints")
_LAST_CHANGE = "endpoints.kubernetes.io/last-change-trigger-time"
_ZONE = "topology.kubernetes.io/zone"
# Of a pod: its service account's volume, whose name is drawn for each pod.
_TOKEN_VOLUME = re.compile(r'"kube-api-access-[a-z0-9]{5}"')
# A Deployment's controller counts them, and goes on counting when a template is put back.
_REVISION = "deployment.kubernetes.io/revision"
_WORKLOADS = ("Deployment", "StatefulSet", "ReplicaSet")


def everything(store: Store) -> Everything:
    """All that anybody would miss or be surprised by."""
    return {
        (kind, str(obj["metadata"].get("namespace", "")), str(obj["metadata"]["name"])): _kept(obj)
        for kind in store.kinds()
        if kind not in _PASSING
        for obj in store.list(kind)
    }


def everything_listed(objects: Iterable[Object]) -> Everything:
    """The same of what a real API server listed, without what its controllers write all the time."""
    return {
        (str(obj["kind"]), str(obj["metadata"].get("namespace", "")), str(obj["metadata"]["name"])): _at_rest(obj)
        for obj in objects
        if obj["kind"] not in _PASSING
    }


def _at_rest(obj: Object) -> Object:
    kept: Object = _kept(json.loads(_TOKEN_VOLUME.sub('"kube-api-access"', json.dumps(obj))))
    annotations = kept["metadata"].get("annotations") or {}
    for name in [name for name in annotations if name.startswith(_REVISION)]:
        del annotations[name]
    if not annotations:
        kept["metadata"].pop("annotations", None)
    return {key: value for key, value in kept.items() if (kept["kind"], key) != ("Lease", "spec")}


def _kept(obj: Object) -> Object:
    kept: Object = clone({key: value for key, value in obj.items() if key != "status"})
    meta = kept["metadata"]
    kept["metadata"] = {key: value for key, value in meta.items() if key not in _COUNTED and value not in _EMPTY}
    status = obj.get("status") or {}
    state: Object = {field: status[field] for field in _STATES if field in status}
    state |= {one["type"]: one["status"] for one in status.get("conditions") or () if one["type"] == "Ready"}
    return {**kept, "state": state}


def differences(
    before: Everything, after: Everything, named: Callable[[Object], bool] = lambda _pod: False
) -> list[str]:
    """What is another, gone or new, in words.

    Args:
        before: what there was.
        after: what there is.
        named: whether a pod of before may have been replaced.
    """
    kept = _uids(before) & _uids(after)
    found = [*_of_pods(before, after, named, kept)]
    for key in sorted(before.keys() | after.keys()):
        if key[0] == "Pod":
            continue
        was, now = (_comparable(side.get(key), kept) for side in (before, after))
        what = f"{key[0]} {key[1]}/{key[2]}"
        if was is None or now is None:
            found.append(f"{what} is {'new' if was is None else 'gone'}")
        elif was != now:
            found.append(f"{what} has another {', '.join(_fields(was, now))}")
    return found


def disturbed(before: Everything, now: Everything) -> list[str]:
    """What of before is another now, but for pods and for what follows them."""
    follow = ("Pod", *_ADDRESSES, "ReplicaSet")
    rows = {key: {**obj, "state": {}} for key, obj in before.items() if key[0] not in follow}
    return differences(rows, {key: {**now[key], "state": {}} for key in rows.keys() & now.keys()})


def named_by(entries: Iterable[UndoEntry]) -> Callable[[Object], bool]:
    """Whether a run said of a pod that it would be replaced, by its journal: the pod, its workload, or its node."""
    rows = list(entries)
    pods = {(e.namespace, e.name) for e in rows if e.kind == "Pod"}
    workloads = {(e.namespace, e.name) for e in rows if e.undo == "restore" and e.kind in _WORKLOADS}
    cut = {e.name for e in rows if e.kind == "Node" and "spec" not in (e.applied or {})}

    def is_named(pod: Object) -> bool:
        meta = pod["metadata"]
        place = str(meta.get("namespace", ""))
        owners = [str(owner["name"]) for owner in meta.get("ownerReferences") or ()]
        of = {(place, name) for owner in owners for name in (owner, owner.rpartition("-")[0])}
        return (place, meta["name"]) in pods or bool(of & workloads) or pod["spec"].get("nodeName") in cut

    return is_named


def _uids(side: Everything) -> set[str]:
    return {str(obj["metadata"]["uid"]) for key, obj in side.items() if key[0] == "Pod"}


def _of_pods(before: Everything, after: Everything, named: Callable[[Object], bool], kept: set[str]) -> Iterable[str]:
    was, now = (
        {str(obj["metadata"]["uid"]): obj for key, obj in side.items() if key[0] == "Pod"} for side in (before, after)
    )
    for uid in kept:
        if was[uid] != now[uid]:
            yield f"{_pod(was[uid])} has another {', '.join(_fields(was[uid], now[uid]))}"
    gone = [obj for uid, obj in was.items() if uid not in kept]
    new = [obj for uid, obj in now.items() if uid not in kept]
    yield from (f"{_pod(obj)} was replaced, which nobody had named" for obj in gone if not named(obj))
    lacking = Counter(map(_kin, gone))
    lacking.subtract(Counter(map(_kin, new)))
    for (place, name, _), count in lacking.items():
        if count:
            yield f"Pod {place}/{name} has {'no successor like it' if count > 0 else 'no predecessor like it'}"


def _pod(obj: Object) -> str:
    return f"Pod {obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"


def _kin(pod: Object) -> tuple[str, str, str]:
    """What a pod and its successor have in common: all but UID, node, address, and the name that is drawn."""
    meta, spec = clone(pod["metadata"]), clone(pod["spec"])
    name = str(meta.pop("generateName", meta["name"]))
    if any(owner["kind"] == "StatefulSet" for owner in meta.get("ownerReferences") or ()):
        name = str(meta["name"])
    for field in ("uid", "name"):
        meta.pop(field, None)
    (meta.get("labels") or {}).pop(_ZONE, None)
    spec.pop("nodeName", None)
    return str(meta.get("namespace", "")), name, json.dumps([meta, spec, pod["state"]], sort_keys=True)


def _comparable(obj: Object | None, kept: set[str]) -> Object | None:
    """Of what has addresses of pods: of those that are the same ones, and how many in which state."""
    if obj is None or obj.get("kind") not in _ADDRESSES:
        return obj
    obj = clone(obj)
    annotations = obj["metadata"].get("annotations") or {}
    annotations.pop(_LAST_CHANGE, None)
    if not annotations:
        obj["metadata"].pop("annotations", None)
    rows = list(obj.pop("endpoints", None) or [])
    for subset in obj.get("subsets") or ():
        rows += [{**row, "of": which} for which in ("addresses", "notReadyAddresses") for row in subset.pop(which, ())]
    states = sorted(json.dumps([row.get("conditions"), row.get("of")], sort_keys=True) for row in rows)
    same = sorted(json.dumps(row, sort_keys=True) for row in rows if _is_kept(row, kept))
    return {**obj, "endpoints": states, "kept": same}


def _is_kept(row: Object, kept: set[str]) -> bool:
    ref = row.get("targetRef")
    return ref is None or ref.get("uid") in kept


def _fields(was: Object, now: Object) -> list[str]:
    """Which are not the same, one level deep below `metadata`."""
    found = [key for key in sorted(was.keys() | now.keys()) if was.get(key) != now.get(key) and key != "metadata"]
    a, b = was["metadata"], now["metadata"]
    return [*found, *(key for key in sorted(a.keys() | b.keys()) if a.get(key) != b.get(key))]
