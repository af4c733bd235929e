"""The objects that a cluster has before anybody uses it, as kubeadm and realk8s make them."""

from __future__ import annotations

from kubesim.api.registry import Registry
from kubesim.control_plane import NODES, node_address
from kubesim.dns.corefile import KUBEADM_COREFILE
from kubesim.kubelet.node_status import conditions
from kubesim.release import COREDNS_IMAGE, KUBERNETES
from kubesim.simclock import SimClock
from kubesim.store import Object, Store

NAMESPACES = ("default", "kube-node-lease", "kube-public", "kube-system")
DNS_ADDRESS = "10.96.0.10"
API_ADDRESS = "10.96.0.1"
_DNS_LABELS = {"k8s-app": "kube-dns"}
# More than a kubelet's 110: the simulated cluster's nodes are to take a StatefulSet of a thousand pods.
_PODS_PER_NODE = "1000"


def corefile(negative_cache_s: int = 0) -> str:
    """The Corefile that kubeadm writes; with `negative_cache_s`, denials are cached so long, as in older clusters."""
    if not negative_cache_s:
        return KUBEADM_COREFILE
    return KUBEADM_COREFILE.replace("disable denial cluster.local", f"denial 9984 {negative_cache_s}")


def create_machines(store: Store, registry: Registry) -> None:
    """Create namespaces and nodes."""
    for name in NAMESPACES:
        registry.create("Namespace", {"metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}}})
    for number, name in enumerate(NODES, 1):
        registry.create("Node", _node(number, name, store.clock))


def create_services(registry: Registry, coredns_corefile: str) -> None:
    """Create the API server's service, and CoreDNS with its configuration and its service."""
    registry.create("Service", _api_service())
    registry.create("EndpointSlice", _api_endpoints())
    registry.create("Endpoints", _old_api_endpoints())
    data = {"Corefile": coredns_corefile}
    registry.create("ConfigMap", {"metadata": {"name": "coredns", "namespace": "kube-system"}, "data": data})
    registry.create("Deployment", _coredns())
    registry.create("Service", _dns_service())


def _node(number: int, name: str, clock: SimClock) -> Object:
    now = clock.timestamp()
    resources = {"cpu": "2", "memory": "16384Mi", "ephemeral-storage": "100Gi", "pods": _PODS_PER_NODE}
    return {
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/arch": "amd64",
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "topology.kubernetes.io/zone": f"zone-{number}",
            },
        },
        "spec": {},
        "status": {
            "addresses": [
                {"type": "InternalIP", "address": node_address(number)},
                {"type": "Hostname", "address": name},
            ],
            "capacity": resources,
            "allocatable": resources,
            "conditions": conditions(now),
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": "",
                "containerRuntimeVersion": "sandbox://simulated",
                "kernelVersion": "simulated",
                "kubeProxyVersion": "",
                "kubeletVersion": KUBERNETES,
                "machineID": "",
                "operatingSystem": "linux",
                "osImage": "simulated by kubesim",
                "systemUUID": "",
            },
        },
    }


def _api_service() -> Object:
    return {
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "clusterIP": API_ADDRESS,
            "ports": [{"name": "https", "port": 443, "protocol": "TCP", "targetPort": 6443}],
        },
    }


def _api_endpoints() -> Object:
    return {
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"kubernetes.io/service-name": "kubernetes"},
        },
        "addressType": "IPv4",
        "endpoints": [{"addresses": ["172.30.0.1"], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
    }


def _old_api_endpoints() -> Object:
    return {
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"endpointslice.kubernetes.io/skip-mirror": "true"},
        },
        "subsets": [
            {
                "addresses": [{"ip": "172.30.0.1"}],
                "ports": [{"name": "https", "port": 6443, "protocol": "TCP"}],
            }
        ],
    }


def _dns_service() -> Object:
    return {
        "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": dict(_DNS_LABELS)},
        "spec": {
            "clusterIP": DNS_ADDRESS,
            "selector": dict(_DNS_LABELS),
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP"},
                {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
                {"name": "metrics", "port": 9153, "protocol": "TCP"},
            ],
        },
    }


def _coredns() -> Object:
    container = {
        "name": "coredns",
        "image": COREDNS_IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "args": ["-conf", "/etc/coredns/Corefile"],
        "ports": [
            {"containerPort": 53, "name": "dns", "protocol": "UDP"},
            {"containerPort": 53, "name": "dns-tcp", "protocol": "TCP"},
            {"containerPort": 9153, "name": "metrics", "protocol": "TCP"},
        ],
        "livenessProbe": {
            "httpGet": {"path": "/health", "port": 8080},
            "initialDelaySeconds": 60,
            "timeoutSeconds": 5,
            "failureThreshold": 5,
        },
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns"}],
    }
    source = {"name": "coredns", "items": [{"key": "Corefile", "path": "Corefile"}]}
    return {
        "metadata": {"name": "coredns", "namespace": "kube-system", "labels": dict(_DNS_LABELS)},
        "spec": {
            "replicas": 2,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1}},
            "selector": {"matchLabels": dict(_DNS_LABELS)},
            "template": {
                "metadata": {"labels": dict(_DNS_LABELS)},
                "spec": {
                    "priorityClassName": "system-cluster-critical",
                    "serviceAccountName": "coredns",
                    "dnsPolicy": "Default",
                    "containers": [container],
                    "volumes": [{"name": "config", "configMap": source}],
                },
            },
        },
    }
