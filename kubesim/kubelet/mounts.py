"""Which of a pod's volumes cannot be mounted yet: those of ConfigMaps and Secrets that are not there."""

from __future__ import annotations

from collections.abc import Iterator

from kubesim.store import Object, Store

_NO_KEY = {
    "ConfigMap": "configmap references non-existent config key",
    "Secret": "references non-existent secret key",
}


def unmountable(store: Store, pod: Object) -> tuple[str, str] | None:
    """The first volume that cannot be mounted yet, and why in the kubelet's words."""
    namespace = pod["metadata"]["namespace"]
    for volume in pod["spec"].get("volumes") or ():
        for kind, name, source in _sources(volume):
            if source.get("optional"):
                continue
            found = store.get(kind, namespace, name)
            if found is None:
                return volume["name"], f'{kind.lower()} "{name}" not found'
            keys = {*(found.get("data") or ()), *(found.get("binaryData") or ())}
            for item in source.get("items") or ():
                if item["key"] not in keys:
                    return volume["name"], f"{_NO_KEY[kind]}: {item['key']}"
    return None


def _sources(volume: Object) -> Iterator[tuple[str, str, Object]]:
    if source := volume.get("configMap"):
        yield "ConfigMap", source["name"], source
    if source := volume.get("secret"):
        yield "Secret", source.get("secretName", ""), source
    for part in (volume.get("projected") or {}).get("sources") or ():
        for kind, field in (("ConfigMap", "configMap"), ("Secret", "secret")):
            if source := part.get(field):
                yield kind, source.get("name", ""), source
