"""What runs inside simulated containers: one behaviour per file."""

from chaos.sandbox.containers.delays import CONTAINER_DELAYS
from chaos.sandbox.containers.host import ContainerHost
from chaos.sandbox.containers.images import KNOWN_IMAGES
from chaos.sandbox.containers.process import ContainerProcess
from chaos.sandbox.containers.runtime import ContainerRuntime

__all__ = ["CONTAINER_DELAYS", "KNOWN_IMAGES", "ContainerHost", "ContainerProcess", "ContainerRuntime"]
