"""What a pod's spec must not say (pkg/apis/core/validation: ValidatePodSpec), in the real server's order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kubesim.fields import names
from kubesim.fields import scheduling as scheduling_validation
from kubesim.fields import security as security_validation
from kubesim.fields.causes import Cause, invalid_value, not_supported, required
from kubesim.fields.containers import containers
from kubesim.fields.labels import check_labels
from kubesim.fields.volumes import Volumes
from kubesim.objects import Object

RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_SYSTEMS = ("linux", "windows")
_MOST_SERVERS, _MOST_SEARCHES = 3, 32
_MAX_DEADLINE_S = 2**31 - 1


def spec(spec: Object, at: str, claims: Iterable[str] = ()) -> Iterator[Cause]:
    """Everything wrong with a pod's spec at a path such as ``spec`` or ``spec.template.spec``.

    `claims` are names of claim templates: they become the first volumes of a StatefulSet's pods.
    """
    claimed = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
    others = [volume for volume in spec.get("volumes", ()) if volume.get("name", "") not in claims]
    volumes = Volumes([*claimed, *others], f"{at}.volumes")
    yield from volumes
    yield from containers(spec, at, volumes.mountable)
    for field, allowed in (("restartPolicy", RESTART_POLICIES), ("dnsPolicy", _DNS_POLICIES)):
        if spec[field] not in allowed:
            yield not_supported(f"{at}.{field}", spec[field], allowed)
    yield from check_labels(spec.get("nodeSelector", {}), f"{at}.nodeSelector")
    yield from security_validation.pod(spec.get("securityContext", {}), f"{at}.securityContext")
    yield from scheduling_validation.affinity(spec, at)
    yield from _dns_config(spec, at)
    yield from scheduling_validation.gates(spec, at)
    yield from scheduling_validation.spread(spec, at)
    yield from _identity(spec, at)
    yield from scheduling_validation.tolerations(spec, at)
    yield from _host_aliases(spec, at)
    if "os" in spec and spec["os"].get("name") not in _SYSTEMS:
        yield not_supported(f"{at}.os", spec["os"].get("name", ""), _SYSTEMS)


def _dns_config(spec: Object, at: str) -> Iterator[Cause]:
    here, config = f"{at}.dnsConfig", spec.get("dnsConfig")
    if spec["dnsPolicy"] == "None" and config is None:
        yield required(here, "must provide `dnsConfig` when `dnsPolicy` is None")
    if config is None:
        return
    servers, searches = config.get("nameservers", ()), config.get("searches", ())
    if spec["dnsPolicy"] == "None" and not servers:
        text = "must provide at least one DNS nameserver when `dnsPolicy` is None"
        yield required(f"{here}.nameservers", text)
    if len(servers) > _MOST_SERVERS:
        yield invalid_value(f"{here}.nameservers", servers, f"must not have more than {_MOST_SERVERS} nameservers")
    for i, server in enumerate(servers):
        yield from (invalid_value(f"{here}.nameservers[{i}]", server, text) for text in names.ip_address(server))
    if len(searches) > _MOST_SEARCHES:
        yield invalid_value(f"{here}.searches", searches, f"must not have more than {_MOST_SEARCHES} search paths")
    for i, path in enumerate(searches):
        complaints = names.search_path(path) if path != "." else []
        yield from (invalid_value(f"{here}.searches[{i}]", path.removesuffix("."), text) for text in complaints)
    for i, option in enumerate(config.get("options", ())):
        if not option.get("name"):
            yield required(f"{here}.options[{i}]", "must not be empty")


def _identity(spec: Object, at: str) -> Iterator[Cause]:
    """Names that a pod has or refers to, and how long it may run."""
    for field in ("serviceAccountName", "nodeName"):
        if spec.get(field):
            yield from (invalid_value(f"{at}.{field}", spec[field], text) for text in names.subdomain(spec[field]))
    deadline_s = spec.get("activeDeadlineSeconds", 1)
    if not 1 <= deadline_s <= _MAX_DEADLINE_S:
        text = f"must be between 1 and {_MAX_DEADLINE_S}, inclusive"
        yield invalid_value(f"{at}.activeDeadlineSeconds", deadline_s, text)
    for field in ("hostname", "subdomain"):
        if spec.get(field):
            complaints = names.name_without_dots(spec[field])
            yield from (invalid_value(f"{at}.{field}", spec[field], text) for text in complaints)


def _host_aliases(spec: Object, at: str) -> Iterator[Cause]:
    for i, alias in enumerate(spec.get("hostAliases", ())):
        here, address = f"{at}.hostAliases[{i}]", alias.get("ip", "")
        yield from (invalid_value(f"{here}.ip", address, text) for text in names.ip_address(address))
        for j, name in enumerate(alias.get("hostnames", ())):
            yield from (invalid_value(f"{here}.hostnames[{j}]", name, text) for text in names.subdomain(name))
