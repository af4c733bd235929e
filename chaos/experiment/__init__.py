"""What an experiment is, and where experiments are found: all that an experiment's file needs to import."""

from chaos.analysis.checkers.verdicts import combine
from chaos.analysis.connections import ClientView, client_views
from chaos.analysis.corefile import caching
from chaos.analysis.facts import Fact, fact, facts
from chaos.analysis.identity import Identity, identities
from chaos.analysis.outage import Outage, outage
from chaos.analysis.podlog import PodStep, first, most_missing, pod_steps
from chaos.analysis.proportion import wilson
from chaos.analysis.questions import Question
from chaos.analysis.questions.answer import show
from chaos.analysis.recovery import recoveries
from chaos.analysis.statistics import Figure, summarise
from chaos.analysis.transitions import Transition, became, last_ns, series_of, transitions, when
from chaos.analysis.trials import Trial, end_unseen, trials
from chaos.analysis.units import at_most_ns, between, ms, seconds
from chaos.experiment.asking import ask, who_answers
from chaos.experiment.definition import Experiment, Workload, unit_question
from chaos.experiment.from_pod import ResolvConf, count_queries, fetch, nslookup, read_resolv_conf
from chaos.experiment.identify import Identify
from chaos.experiment.loading import find_experiment, load_experiments
from chaos.experiment.options import Options
from chaos.experiment.run import Run, Target
from chaos.faults import (
    Cordon,
    CutNode,
    DeletePod,
    DeletePods,
    EvictPod,
    JoinNode,
    Scale,
    SetReadiness,
    Uncordon,
    UpdateTemplate,
)
from chaos.model import FaultWindow, History, Interval, Outcome, PodIdentity, Series, Verdict

__all__ = [
    "ClientView",
    "Cordon",
    "CutNode",
    "DeletePod",
    "DeletePods",
    "EvictPod",
    "Experiment",
    "Fact",
    "FaultWindow",
    "Figure",
    "History",
    "Identify",
    "Identity",
    "Interval",
    "JoinNode",
    "Options",
    "Outage",
    "Outcome",
    "PodIdentity",
    "PodStep",
    "Question",
    "ResolvConf",
    "Run",
    "Scale",
    "Series",
    "SetReadiness",
    "Target",
    "Transition",
    "Trial",
    "Uncordon",
    "UpdateTemplate",
    "Verdict",
    "Workload",
    "ask",
    "at_most_ns",
    "became",
    "between",
    "caching",
    "client_views",
    "combine",
    "count_queries",
    "end_unseen",
    "fact",
    "facts",
    "fetch",
    "find_experiment",
    "first",
    "identities",
    "last_ns",
    "load_experiments",
    "most_missing",
    "ms",
    "nslookup",
    "outage",
    "pod_steps",
    "read_resolv_conf",
    "recoveries",
    "seconds",
    "series_of",
    "show",
    "summarise",
    "transitions",
    "trials",
    "unit_question",
    "when",
    "who_answers",
    "wilson",
]
