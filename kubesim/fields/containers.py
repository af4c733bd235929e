"""What a pod's containers must not say (pkg/apis/core/validation: validateContainerCommon and what follows it)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kubesim.fields import compute as resource_validation
from kubesim.fields import environment as environment_validation
from kubesim.fields import names
from kubesim.fields import security as security_validation
from kubesim.fields.causes import Cause, duplicate, forbidden_field, invalid_value, missing, not_supported, required
from kubesim.fields.probes import handler, probe
from kubesim.fields.volumes import relative_path
from kubesim.objects import Object

PROTOCOLS = ("SCTP", "TCP", "UDP")
_PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_MESSAGE_POLICIES = ("File", "FallbackToLogsOnError")
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def containers(spec: Object, at: str, volumes: set[str]) -> Iterator[Cause]:
    """All containers of a pod's spec; `volumes` are the names of those that can be mounted."""
    if not spec.get("containers"):
        yield required(f"{at}.containers")
    seen: set[str] = set()
    for field in ("containers", "initContainers"):
        for i, container in enumerate(spec.get(field, ())):
            here = f"{at}.{field}[{i}]"
            yield from _common(container, here, volumes)
            if field == "containers" or container.get("restartPolicy") == "Always":
                yield from _lifecycle(container, here, spec.get("terminationGracePeriodSeconds"))
                yield from _probes(container, here)
            else:
                yield from _once_only(container, here)
            name = container.get("name", "")
            if name and name in seen:
                yield duplicate(f"{here}.name", name)
            seen.add(name)
    yield from _host_ports(spec, at)


def _common(container: Object, at: str, volumes: set[str]) -> Iterator[Cause]:
    name, image = container.get("name", ""), container.get("image", "")
    if not name:
        yield required(f"{at}.name")
    else:
        yield from (invalid_value(f"{at}.name", name, text) for text in names.name_without_dots(name))
    if not image:
        yield required(f"{at}.image")
    elif image.strip() != image:
        yield invalid_value(f"{at}.image", image, "must not have leading or trailing whitespace")
    if container["terminationMessagePolicy"] not in _MESSAGE_POLICIES:
        policy = container["terminationMessagePolicy"]
        yield not_supported(f"{at}.terminationMessagePolicy", policy, _MESSAGE_POLICIES)
    yield from _ports(container.get("ports", ()), f"{at}.ports")
    yield from environment_validation.environment(container, at)
    yield from _mounts(container.get("volumeMounts", ()), f"{at}.volumeMounts", volumes)
    if container["imagePullPolicy"] not in _PULL_POLICIES:
        yield not_supported(f"{at}.imagePullPolicy", container["imagePullPolicy"], _PULL_POLICIES)
    yield from resource_validation.resources(container.get("resources", {}), f"{at}.resources")
    yield from security_validation.container(container.get("securityContext", {}), f"{at}.securityContext")


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


def _mounts(mounts: Any, at: str, volumes: set[str]) -> Iterator[Cause]:
    paths: set[str] = set()
    for i, mount in enumerate(mounts):
        name, path = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            yield required(f"{at}[{i}].name")
        if name not in volumes:
            yield missing(f"{at}[{i}].name", name)
        if not path:
            yield required(f"{at}[{i}].mountPath")
        elif path in paths:
            yield invalid_value(f"{at}[{i}].mountPath", path, "must be unique")
        paths.add(path)
        yield from relative_path(mount.get("subPath", ""), f"{at}.subPath")  # the real server leaves the index out, too


def _lifecycle(container: Object, at: str, grace_s: int | None) -> Iterator[Cause]:
    for hook in ("postStart", "preStop"):
        found = container.get("lifecycle", {}).get(hook)
        if found is not None:
            yield from handler(found, f"{at}.lifecycle.{hook}", grace_s)


def _probes(container: Object, at: str) -> Iterator[Cause]:
    for field in _PROBES:
        if field in container:
            yield from probe(container[field], f"{at}.{field}", once=field != "readinessProbe")
    grace_s = container.get("readinessProbe", {}).get("terminationGracePeriodSeconds")
    if grace_s is not None:
        here = f"{at}.readinessProbe.terminationGracePeriodSeconds"
        yield invalid_value(here, grace_s, "must not be set for readinessProbes")


def _once_only(container: Object, at: str) -> Iterator[Cause]:
    for field in ("lifecycle", *_PROBES):
        if field in container:
            yield forbidden_field(f"{at}.{field}", "may not be set for init containers without restartPolicy=Always")
