"""What a pod's spec must not say (pkg/apis/core/validation: ValidatePodSpec), in the real server's order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kubesim.api import names, scheduling_validation, security_validation
from kubesim.api.container_validation import containers
from kubesim.api.label_validation import labels
from kubesim.api.status import Cause, forbidden_field, invalid_value, not_supported, required
from kubesim.api.volume_validation import Volumes
from kubesim.store import Object

RESTART_POLICIES = ("Always", "OnFailure", "Never")
_DNS_POLICIES = ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None")
_SYSTEMS = ("linux", "windows")
_MOST_SERVERS, _MOST_SEARCHES = 3, 32
_MAX_DEADLINE_S = 2**31 - 1
_UPDATABLE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


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
    yield from labels(spec.get("nodeSelector", {}), f"{at}.nodeSelector")
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


def _frozen(spec: Object) -> Object:
    free = ("activeDeadlineSeconds", "tolerations", "containers", "initContainers")
    out = {key: value for key, value in spec.items() if key not in free}
    for field in ("containers", "initContainers"):
        out[field] = [{k: v for k, v in c.items() if k != "image"} for c in spec.get(field, ())]
    return out


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
