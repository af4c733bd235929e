"""The core types: plain data that every layer above shares. Standard library only."""

from chaos.model.ending import Ending, RunOutcome
from chaos.model.event import ClusterEvent, WatchGap
from chaos.model.fault import CauseWords, FaultWindow, PodIdentity
from chaos.model.figure import Figure
from chaos.model.history import History, RunMeta
from chaos.model.interval import Interval
from chaos.model.outcome import Outcome
from chaos.model.series import Observation, Samples, Series
from chaos.model.verdict import Verdict, VerdictOutcome

__all__ = [
    "CauseWords",
    "ClusterEvent",
    "Ending",
    "FaultWindow",
    "Figure",
    "History",
    "Interval",
    "Observation",
    "Outcome",
    "PodIdentity",
    "RunMeta",
    "RunOutcome",
    "Samples",
    "Series",
    "Verdict",
    "VerdictOutcome",
    "WatchGap",
]
