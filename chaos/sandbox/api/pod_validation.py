"""What a pod's spec must not say (pkg/apis/core/validation), as far as identity, addresses and start depend on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from chaos.sandbox.api import names
from chaos.sandbox.api.quantity import value as number_of
from chaos.sandbox.api.status import (
    Cause,
    duplicate,
    forbidden_field,
    invalid_value,
    missing,
    not_supported,
    required,
)
from chaos.sandbox.store import Object

RESTART_POLICIES = ("Always", "OnFailure", "Never")
PROTOCOLS = ("SCTP", "TCP", "UDP")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_OPERATORS = ("Equal", "Exists")
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_PROBE_NUMBERS = ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold")
_DOWNWARD = re.compile(
    r"metadata\.(name|namespace|uid|labels|annotations)(\['[^']+'\])?"
    r"|spec\.(nodeName|serviceAccountName)|status\.(hostIP|hostIPs|podIP|podIPs)"
)
_MAX_DEADLINE_S = 2**31 - 1
_UPDATABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def spec(spec: Object, at: str, claims: Iterable[str] = ()) -> Iterator[Cause]:
    """Everything wrong with a pod's spec at a path such as ``spec`` or ``spec.template.spec``.

    `claims` are names of claim templates: they become volumes of a StatefulSet's pods.
    """
    yield from _volumes(spec.get("volumes", ()), f"{at}.volumes")
    yield from _containers(spec, at, {v.get("name") for v in spec.get("volumes", ())} | set(claims))
    yield from _host_ports(spec, at)
    for field, allowed in (("restartPolicy", RESTART_POLICIES), ("dnsPolicy", _DNS_POLICIES)):
        if spec[field] not in allowed:
            yield not_supported(f"{at}.{field}", spec[field], allowed)
    deadline_s = spec.get("activeDeadlineSeconds", 1)
    if not 1 <= deadline_s <= _MAX_DEADLINE_S:
        text = f"must be between 1 and {_MAX_DEADLINE_S}, inclusive"
        yield invalid_value(f"{at}.activeDeadlineSeconds", deadline_s, text)
    yield from labels(spec.get("nodeSelector", {}), f"{at}.nodeSelector")
    for field, check in (("hostname", names.name_without_dots), ("subdomain", names.label)):
        if spec.get(field):
            yield from (invalid_value(f"{at}.{field}", spec[field], text) for text in check(spec[field]))
    for i, toleration in enumerate(spec.get("tolerations", ())):
        if toleration.get("operator", "Equal") not in _OPERATORS:
            yield not_supported(f"{at}.tolerations[{i}].operator", toleration["operator"], _OPERATORS)


def changed(old: Object, new: Object) -> Iterator[Cause]:
    """What an update of a pod must not change."""
    before, after = old["spec"], new["spec"]
    for field in ("containers", "initContainers"):
        if [c.get("name") for c in before.get(field, ())] != [c.get("name") for c in after.get(field, ())]:
            yield forbidden_field(f"spec.{field}", "pod updates may not add or remove containers")
            return
    if not all(t in after.get("tolerations", ()) for t in before.get("tolerations", ())):
        yield forbidden_field(
            "spec.tolerations", "existing toleration can not be modified except its tolerationSeconds"
        )
    if _frozen(before) != _frozen(after):
        yield forbidden_field("spec", _UPDATABLE)


def labels(labels: Object, at: str) -> Iterator[Cause]:
    """Labels, selectors by label, and annotations' keys."""
    for key, value in labels.items():
        yield from (invalid_value(at, key, text) for text in names.qualified_name(key))
        yield from (invalid_value(at, value, text) for text in names.label_value(value))


def _frozen(spec: Object) -> Object:
    free = ("activeDeadlineSeconds", "tolerations", "containers", "initContainers")
    out = {key: value for key, value in spec.items() if key not in free}
    for field in ("containers", "initContainers"):
        out[field] = [{k: v for k, v in c.items() if k != "image"} for c in spec.get(field, ())]
    return out


def _volumes(volumes: Any, at: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for i, volume in enumerate(volumes):
        name = volume.get("name", "")
        if not name:
            yield required(f"{at}[{i}].name")
        elif complaints := names.label(name):
            yield from (invalid_value(f"{at}[{i}].name", name, text) for text in complaints)
        elif name in seen:
            yield duplicate(f"{at}[{i}].name", name)
        seen.add(name)
        sources = sorted(key for key in volume if key != "name")
        yield from (forbidden_field(f"{at}[{i}].{s}", "may not specify more than 1 volume type") for s in sources[1:])


def _containers(spec: Object, at: str, volumes: set[Any]) -> Iterator[Cause]:
    if not spec.get("containers"):
        yield required(f"{at}.containers")
    seen: set[str] = set()
    for field in ("containers", "initContainers"):
        for i, container in enumerate(spec.get(field, ())):
            yield from _container(container, f"{at}.{field}[{i}]", volumes)
            name = container.get("name", "")
            if name and name in seen:
                yield duplicate(f"{at}.{field}[{i}].name", name)
            seen.add(name)


def _container(container: Object, at: str, volumes: set[Any]) -> Iterator[Cause]:
    name, image = container.get("name", ""), container.get("image", "")
    if not name:
        yield required(f"{at}.name")
    else:
        yield from (invalid_value(f"{at}.name", name, text) for text in names.label(name))
    if not image:
        yield required(f"{at}.image")
    elif image.strip() != image:
        yield invalid_value(f"{at}.image", image, "must not have leading or trailing whitespace")
    yield from _ports(container.get("ports", ()), f"{at}.ports")
    for i, variable in enumerate(container.get("env", ())):
        yield from _environment(variable, f"{at}.env[{i}]")
    yield from _mounts(container.get("volumeMounts", ()), f"{at}.volumeMounts", volumes)
    for field in ("livenessProbe", "readinessProbe", "startupProbe"):
        if field in container:
            yield from _probe(container[field], f"{at}.{field}", once=field != "readinessProbe")
    if container["imagePullPolicy"] not in _PULL_POLICIES:
        yield not_supported(f"{at}.imagePullPolicy", container["imagePullPolicy"], _PULL_POLICIES)
    resources = container.get("resources", {})
    limits = resources.get("limits", {})
    for resource, asked in resources.get("requests", {}).items():
        if resource in limits and number_of(asked) > number_of(limits[resource]):
            text = f"must be less than or equal to {resource} limit of {limits[resource]}"
            yield invalid_value(f"{at}.resources.requests", asked, text)


def _ports(ports: Any, at: str) -> Iterator[Cause]:
    seen: set[str] = set()
    for i, port in enumerate(ports):
        name, number = port.get("name", ""), port.get("containerPort", 0)
        if name:
            yield from (invalid_value(f"{at}[{i}].name", name, text) for text in names.port_name(name))
            if name in seen:
                yield duplicate(f"{at}[{i}].name", name)
            seen.add(name)
        if number == 0:
            yield required(f"{at}[{i}].containerPort")
        else:
            yield from (invalid_value(f"{at}[{i}].containerPort", number, t) for t in names.port_number(number))
        if port.get("hostPort"):
            yield from (
                invalid_value(f"{at}[{i}].hostPort", port["hostPort"], t) for t in names.port_number(port["hostPort"])
            )
        if port["protocol"] not in PROTOCOLS:
            yield not_supported(f"{at}[{i}].protocol", port["protocol"], PROTOCOLS)


def _host_ports(spec: Object, at: str) -> Iterator[Cause]:
    taken: set[str] = set()
    for i, container in enumerate(spec.get("containers", ())):
        for j, port in enumerate(container.get("ports", ())):
            if port.get("hostPort"):
                key = f"{port['protocol']}/{port.get('hostIP', '')}/{port['hostPort']}"
                if key in taken:
                    yield duplicate(f"{at}.containers[{i}].ports[{j}].hostPort", key)
                taken.add(key)


def _environment(variable: Object, at: str) -> Iterator[Cause]:
    name, source = variable.get("name", ""), variable.get("valueFrom")
    if not name:
        yield required(f"{at}.name")
    else:
        yield from (invalid_value(f"{at}.name", name, text) for text in names.environment_name(name))
    if source is None:
        return
    if variable.get("value"):
        yield invalid_value(f"{at}.valueFrom", "", "may not be specified when `value` is not empty")
    elif len(source) != 1:
        text = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"
        yield invalid_value(
            f"{at}.valueFrom", "", text if not source else "may not have more than one field specified at a time"
        )
    path = source.get("fieldRef", {}).get("fieldPath", "")
    if "fieldRef" in source and not path:
        yield required(f"{at}.valueFrom.fieldRef.fieldPath")
    elif path and not _DOWNWARD.fullmatch(path):
        text = f"error converting fieldPath: field label not supported: {path}"
        yield invalid_value(f"{at}.valueFrom.fieldRef.fieldPath", path, text)


def _mounts(mounts: Any, at: str, volumes: set[Any]) -> Iterator[Cause]:
    paths: set[str] = set()
    for i, mount in enumerate(mounts):
        name, path = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield required(f"{at}[{i}].name")
        elif name not in volumes:
            yield missing(f"{at}[{i}].name", name)
        if not path:
            yield required(f"{at}[{i}].mountPath")
        elif path in paths:
            yield invalid_value(f"{at}[{i}].mountPath", path, "must be unique")
        paths.add(path)


def _probe(probe: Object, at: str, *, once: bool) -> Iterator[Cause]:
    handlers = [h for h in _HANDLERS if h in probe]
    yield from (forbidden_field(f"{at}.{h}", "may not specify more than 1 handler type") for h in handlers[1:])
    if not handlers:
        yield required(at, "must specify a handler type")
    if "exec" in probe and not probe["exec"].get("command"):
        yield required(f"{at}.exec.command")
    for handler in ("httpGet", "tcpSocket"):
        port = probe[handler].get("port") if handlers[:1] == [handler] else None
        if isinstance(port, int):
            yield from (invalid_value(f"{at}.{handler}.port", port, text) for text in names.port_number(port))
        elif isinstance(port, str):
            yield from (invalid_value(f"{at}.{handler}.port", port, text) for text in names.port_name(port))
    for field in _PROBE_NUMBERS:
        if probe.get(field, 0) < 0:
            yield invalid_value(f"{at}.{field}", probe[field], "must be greater than or equal to 0")
    if once and probe["successThreshold"] != 1:
        yield invalid_value(f"{at}.successThreshold", probe["successThreshold"], "must be 1")
