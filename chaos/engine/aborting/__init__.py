"""Conditions that end a run (``--abort-if``), one kind a file: a figure, an object's status, a query of Prometheus."""

from chaos.engine.aborting.condition import Condition, Seen
from chaos.engine.aborting.watch import UNKNOWN_AT_MOST_S, Watch, check_all

__all__ = ["UNKNOWN_AT_MOST_S", "Condition", "Seen", "Watch", "check_all"]
