"""What runs inside simulated containers: one behaviour per file."""

from kubesim.containers.delays import CONTAINER_DELAYS
from kubesim.containers.host import ContainerHost
from kubesim.containers.images import EXAMPLES, find_image
from kubesim.containers.process import ContainerProcess
from kubesim.containers.reference import parse_reference
from kubesim.containers.runtime import ContainerRuntime

__all__ = [
    "CONTAINER_DELAYS",
    "EXAMPLES",
    "ContainerHost",
    "ContainerProcess",
    "ContainerRuntime",
    "find_image",
    "parse_reference",
]
