"""The kubelets of the simulated nodes."""

from kubesim.kubelet.kubelet import Kubelet
from kubesim.kubelet.node import Node
from kubesim.kubelet.runtime import PodNetwork, Runtime

__all__ = ["Kubelet", "Node", "PodNetwork", "Runtime"]
