"""What runs simulated containers: processes, files, signals, names; what is in them is in `kubesim.images`."""

from kubesim.containers.catalog import Catalog
from kubesim.containers.host import ContainerHost
from kubesim.containers.process import ContainerProcess
from kubesim.containers.reference import parse_reference
from kubesim.containers.runtime import ContainerRuntime

__all__ = ["Catalog", "ContainerHost", "ContainerProcess", "ContainerRuntime", "parse_reference"]
