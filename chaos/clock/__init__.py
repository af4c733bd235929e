"""Time: the run's clock, and an event loop in virtual time."""

from chaos.clock.run_clock import RunClock
from chaos.clock.virtual import VirtualDeadlockError, VirtualTimeLoop, run_virtual

__all__ = ["RunClock", "VirtualDeadlockError", "VirtualTimeLoop", "run_virtual"]
