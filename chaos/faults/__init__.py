"""What can be done to a target: one fault a file."""

from chaos.faults.base import Fault
from chaos.faults.delete_pod import DeletePod

__all__ = ["DeletePod", "Fault"]
