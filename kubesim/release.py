"""Which Kubernetes kubesim simulates, and what kubeadm of that version brings along."""

from __future__ import annotations

KUBERNETES = "v1.37.2"
MINOR = "1.37"
# cmd/kubeadm/app/constants/constants.go of that version: CoreDNSVersion and PauseVersion.
COREDNS_IMAGE = "registry.k8s.io/coredns/coredns:v1.14.6"
