"""What to write where the API server's answer says only what it does not like."""

from __future__ import annotations

import re
from difflib import get_close_matches

from chaos.diagnose.snapshot import Item, WorkloadItem
from chaos.diagnose.values import labels_of, mapping, shown, text

_OF_SERVICE = {
    *("allocateLoadBalancerNodePorts", "clusterIP", "clusterIPs", "externalIPs", "externalName", "ipFamilies"),
    *("externalTrafficPolicy", "internalTrafficPolicy", "ipFamilyPolicy", "loadBalancerClass", "loadBalancerIP"),
    *("loadBalancerSourceRanges", "publishNotReadyAddresses", "sessionAffinity"),
}
_OF_SET = {
    *("minReadySeconds", "ordinals", "persistentVolumeClaimRetentionPolicy", "podManagementPolicy", "replicas"),
    *("revisionHistoryLimit", "serviceName", "updateStrategy", "volumeClaimTemplates"),
}
_OF_POD = {
    *("affinity", "dnsConfig", "dnsPolicy", "hostAliases", "hostIPC", "hostNetwork", "hostPID", "hostname"),
    *("imagePullSecrets", "initContainers", "containers", "nodeName", "nodeSelector", "priorityClassName"),
    *("restartPolicy", "runtimeClassName", "schedulerName", "serviceAccount", "serviceAccountName"),
    *("setHostnameAsFQDN", "shareProcessNamespace", "subdomain", "terminationGracePeriodSeconds", "tolerations"),
    *("topologySpreadConstraints", "volumes", "enableServiceLinks"),
}
_OF_CONTAINER = {
    *("args", "command", "env", "envFrom", "image", "imagePullPolicy", "lifecycle", "livenessProbe", "ports"),
    *("readinessProbe", "resources", "startupProbe", "volumeMounts", "workingDir", "tty", "stdin"),
}
_OF_PROBE = {"initialDelaySeconds", "periodSeconds", "timeoutSeconds", "failureThreshold", "successThreshold"}
_UNKNOWN = re.compile(r'unknown field "([^"]+)"')
_INVALID = re.compile(
    r'(?:is invalid: \[?|, )((?:metadata|spec|data)[\w.\[\]/-]*): ([^:]+)(?:: ("[^"]*"|\S+))?(?:: (.*))?'
)
_NAME = re.compile(r"[^a-z0-9-]+")


def field_of(message: str) -> tuple[str | int, ...]:
    """The path of the first field that an answer names; empty where it names none."""
    found = _UNKNOWN.search(message) or _INVALID.search(message)
    if found is None:
        return ()
    parts = re.findall(r"[^.\[\]]+|\[\d+\]", re.sub(r"\bclusterIPs\[0\]", "clusterIP", found[1]))
    return tuple(int(part[1:-1]) if part.startswith("[") else part for part in parts)


def advice(item: Item, message: str) -> str:
    """What to write; empty where nothing better is known than what the answer says."""
    unknown = _UNKNOWN.findall(message)
    if unknown:
        return "; ".join(dict.fromkeys(_misplaced(item, path) for path in unknown))
    said = _about_service(item, message) if item.kind == "Service" else ""
    said = said or _about_selector(item, message)
    return said or _about_name(message) or _about_value(message)


def _misplaced(item: Item, path: str) -> str:
    """Where a field belongs that is not known where it stands."""
    above, _, field = path.rpartition(".")
    template = "spec.template.spec" if item.kind not in ("Pod", "CronJob") else "the pod's spec"
    homes: tuple[tuple[set[str], str, bool], ...] = (
        (_OF_SERVICE, "into the spec of the Service", item.kind == "Service" and above == "spec"),
        (_OF_SET, "into the spec of the StatefulSet", item.kind == "StatefulSet" and above == "spec"),
        (_OF_POD, f"into {template}", above.endswith("template.spec") or (item.kind == "Pod" and above == "spec")),
        (_OF_CONTAINER, "into a container", re.search(r"ontainers\[\d+\]$", above) is not None),
        (_OF_PROBE, "into the probe, beside httpGet, tcpSocket or exec", above.endswith("Probe")),
    )
    for names, where, there in homes:
        if field in names and not there:
            return f"take {path} out: {field} belongs {where}"
    near = [names for names, _, there in homes if there] or [names for names, _, _ in homes]
    close = next((n for names in near for n in names if n.lower() == field.lower() and n != field), "")
    guess = close or next(iter(get_close_matches(field, sorted(set().union(*near)), 1, 0.8)), "")
    return f"write {guess} instead of {path}" if guess else f"remove {path}: there is no such field"


def _about_service(item: Item, message: str) -> str:
    wrong = re.search(r"may not be set to 'None' for (\w+) services", message)
    if wrong:
        return (
            f"make two Services of it: {item.name} headless, without type: {wrong[1]} (and without nodePort), and a "
            f"second one of type {wrong[1]} with another name and without clusterIP: None"
        )
    address = text(item.spec.get("clusterIP"))
    if "clusterIPs[0]: Invalid value" in message and "must be a valid IP address" in message:
        if address.lower() in ("none", "null", "headless", "nil"):
            return "write clusterIP: None (with a capital N) for a headless Service"
        return "write clusterIP: None for a headless Service, or leave clusterIP out"
    if re.search(r"spec\.ports\[\d+\]\.name: Required value", message):
        return "give each port a name: a Service with several ports needs them"
    if re.search(r"targetPort: Invalid value: .*must contain at least one letter", message):
        return "write targetPort as a number, without quotes"
    return ""


def _about_selector(item: Item, message: str) -> str:
    if "template" not in item.spec:
        return ""
    workload = WorkloadItem(item.object, item.namespace, item.location)
    wanted = labels_of(mapping(item.spec, "selector").get("matchLabels"))
    if "spec.selector: Required value" in message and workload.pod_labels:
        return f"set spec.selector.matchLabels to {shown(workload.pod_labels)}, as the template has them"
    if "does not match template `labels`" in message and wanted:
        return f"give spec.template.metadata.labels what spec.selector.matchLabels has: {shown(wanted)}"
    return ""


def _about_name(message: str) -> str:
    found = re.search(
        r'([\w.\[\]]+): Invalid value: "([^"]*)": (must not contain dots|a (?:lowercase|DNS)|must be no more)', message
    )
    if found is None:
        return ""
    field, value, why = found.groups()
    if field == "spec.serviceName":
        return (
            f"write the Service's name alone: serviceName: {_NAME.sub('-', value.partition('.')[0].lower()).strip('-')}"
        )
    if why == "must be no more":
        most = re.search(r"must be no more than (\d+)", message)
        short = value[: int(most[1])].rstrip("-.") if most else ""
        return f"shorten {field}: at most {most[1]} characters, such as {short}" if most and short else ""
    name = _NAME.sub("-", value.lower()).strip("-")
    return f"write {field}: {name}" if name and name != value else ""


def _about_value(message: str) -> str:
    found = _INVALID.search(message)
    if found is None:
        return ""
    field, kind, value, why = found.groups()
    if kind == "Required value":
        return f"set {field}" + (f" ({why or value})" if why or value else "")
    if kind == "Unsupported value":
        allowed = re.search(r"supported values: (.*?)\]?$", message)
        return f"set {field} to one of {allowed[1]}" if allowed else ""
    return f"correct {field}: {(why or '').rstrip(']')}" if why else f"correct {field}"
