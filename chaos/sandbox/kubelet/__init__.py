"""The kubelets of the simulated nodes."""

from chaos.sandbox.kubelet.kubelet import Kubelet
from chaos.sandbox.kubelet.node import Node
from chaos.sandbox.kubelet.runtime import PodNetwork, Runtime

__all__ = ["Kubelet", "Node", "PodNetwork", "Runtime"]
