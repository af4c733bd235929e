"""The kubelets of the simulated nodes."""

from chaos.sandbox.kubelet.kubelet import Kubelet
from chaos.sandbox.kubelet.node import Node
from chaos.sandbox.kubelet.runtime import ContainerProcess, Runtime

__all__ = ["ContainerProcess", "Kubelet", "Node", "Runtime"]
