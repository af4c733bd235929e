"""What a run could and could not do here, found out without changing anything."""

from chaos.engine.doctor.doctor import Doctor, unreachable
from chaos.engine.doctor.examined import Examined, Status
from chaos.engine.doctor.machine import local_findings

__all__ = ["Doctor", "Examined", "Status", "local_findings", "unreachable"]
