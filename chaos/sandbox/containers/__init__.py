"""What runs inside simulated containers: one behaviour per file."""

from chaos.sandbox.containers.delays import CONTAINER_DELAYS
from chaos.sandbox.containers.host import ContainerHost
from chaos.sandbox.containers.images import EXAMPLES, find_image
from chaos.sandbox.containers.process import ContainerProcess
from chaos.sandbox.containers.reference import parse_reference
from chaos.sandbox.containers.runtime import ContainerRuntime

__all__ = [
    "CONTAINER_DELAYS",
    "EXAMPLES",
    "ContainerHost",
    "ContainerProcess",
    "ContainerRuntime",
    "find_image",
    "parse_reference",
]
