"""What can be done to a target: one fault a file."""

from chaos.faults.base import Fault
from chaos.faults.cordon import Cordon, Uncordon
from chaos.faults.cut_node import CutNode, JoinNode
from chaos.faults.delete_pod import DeletePod
from chaos.faults.delete_pods import DeletePods
from chaos.faults.evict_pod import EvictPod
from chaos.faults.scale import Scale
from chaos.faults.set_readiness import SetReadiness
from chaos.faults.update_template import UpdateTemplate

__all__ = [
    "Cordon",
    "CutNode",
    "DeletePod",
    "DeletePods",
    "EvictPod",
    "Fault",
    "JoinNode",
    "Scale",
    "SetReadiness",
    "Uncordon",
    "UpdateTemplate",
]
