"""What an experiment is, and where experiments are found: all that an experiment's file needs to import."""

from chaos.analysis.checkers import OF_REPLACEMENT
from chaos.analysis.claims import (
    Checker,
    Finding,
    UnmeasuredError,
    accepted,
    accepted_ns,
    against,
    against_if,
    checker,
    held,
    holds,
    if_held,
    known,
    need,
    or_unsure,
    unsure,
    where_measured,
)
from chaos.analysis.connections import ClientView, client_views, lost_by_name
from chaos.analysis.corefile import caching
from chaos.analysis.coverage import covered, longest_gap_ns, tolerated_gap_ns, uncovered, unwatched
from chaos.analysis.identity import Identity, identities
from chaos.analysis.identity_notes import Contrast, Inside
from chaos.analysis.lasting import all_turned_ns, deaf, heard, turned, turns, unchanged, unheard
from chaos.analysis.notes import Note, note, notes
from chaos.analysis.outage import Outage, outage
from chaos.analysis.over_faults import over_faults
from chaos.analysis.overlap import old_served, overlaps
from chaos.analysis.podlog import PodStep, most_missing, pod_steps, pods_were_watched, step
from chaos.analysis.proportion import excluded, wilson
from chaos.analysis.questions import Question
from chaos.analysis.questions.answer import show
from chaos.analysis.reading import Reading, Sample, once
from chaos.analysis.records import SERVICE_VIEW
from chaos.analysis.recovery import Recovery, recoveries
from chaos.analysis.statistics import Bound, summarise
from chaos.analysis.transitions import Transition, became, last_ns, series_of, tells, transitions, when
from chaos.analysis.trials import Trial, end_unseen, not_replaced, steady_again_ns, trials
from chaos.analysis.units import at_most_ms, at_most_ns, between, count, ms, out_of, seconds, share, stated
from chaos.analysis.views import silent_views, views
from chaos.clients import Login, Reply
from chaos.clients.redis_members import Member, ask_members
from chaos.cluster.changes import Acknowledged, Changes
from chaos.errors import InconclusiveError, PreflightError, UsageError
from chaos.experiment.asking import ask, note_answers, resolve_surely, reverse_name, tally, who_answers, wrong_answers
from chaos.experiment.common_notes import Answered, Asked, Change, Waited, Watched, watched
from chaos.experiment.course import CourseQuestion
from chaos.experiment.definition import OF_SINGLE_REPLACEMENT, Experiment, Workload
from chaos.experiment.from_pod import (
    Costed,
    Fetched,
    LookedUp,
    ReadConf,
    ResolvConf,
    count_queries,
    fetch,
    nslookup,
    read_resolv_conf,
)
from chaos.experiment.loading import course_questions, find_experiment, load_experiments
from chaos.experiment.pods import all_replaced, marked_for_deletion, newcomer, successor
from chaos.experiment.run import Run, Target
from chaos.faults.base import Fault
from chaos.faults.cordon import Cordon, Uncordon
from chaos.faults.cut_node import CutNode, JoinNode
from chaos.faults.delete_pod import DeletePod
from chaos.faults.delete_pods import DeletePods
from chaos.faults.evict_pod import EvictPod
from chaos.faults.scale import Scale
from chaos.faults.set_readiness import SetReadiness
from chaos.faults.update_template import UpdateTemplate
from chaos.model import CauseWords, FaultWindow, History, Interval, Outcome, PodIdentity, Series, Verdict
from chaos.options import Choice, Duration, File, Flag, Many, Number, Option, Percentage, Text, Trust, Whole
from chaos.options.identify import Identify
from chaos.options.run import Options
from chaos.vantage.ours import is_ours

__all__ = [
    "OF_REPLACEMENT",
    "OF_SINGLE_REPLACEMENT",
    "SERVICE_VIEW",
    "Acknowledged",
    "Answered",
    "Asked",
    "Bound",
    "CauseWords",
    "Change",
    "Changes",
    "Checker",
    "Choice",
    "ClientView",
    "Contrast",
    "Cordon",
    "Costed",
    "CourseQuestion",
    "CutNode",
    "DeletePod",
    "DeletePods",
    "Duration",
    "EvictPod",
    "Experiment",
    "Fault",
    "FaultWindow",
    "Fetched",
    "File",
    "Finding",
    "Flag",
    "History",
    "Identify",
    "Identity",
    "InconclusiveError",
    "Inside",
    "Interval",
    "JoinNode",
    "Login",
    "LookedUp",
    "Many",
    "Member",
    "Note",
    "Number",
    "Option",
    "Options",
    "Outage",
    "Outcome",
    "Percentage",
    "PodIdentity",
    "PodStep",
    "PreflightError",
    "Question",
    "ReadConf",
    "Reading",
    "Recovery",
    "Reply",
    "ResolvConf",
    "Run",
    "Sample",
    "Scale",
    "Series",
    "SetReadiness",
    "Target",
    "Text",
    "Transition",
    "Trial",
    "Trust",
    "Uncordon",
    "UnmeasuredError",
    "UpdateTemplate",
    "UsageError",
    "Verdict",
    "Waited",
    "Watched",
    "Whole",
    "Workload",
    "accepted",
    "accepted_ns",
    "against",
    "against_if",
    "all_replaced",
    "all_turned_ns",
    "ask",
    "ask_members",
    "at_most_ms",
    "at_most_ns",
    "became",
    "between",
    "caching",
    "checker",
    "client_views",
    "count",
    "count_queries",
    "course_questions",
    "covered",
    "deaf",
    "end_unseen",
    "excluded",
    "fetch",
    "find_experiment",
    "heard",
    "held",
    "holds",
    "identities",
    "if_held",
    "is_ours",
    "known",
    "last_ns",
    "load_experiments",
    "longest_gap_ns",
    "lost_by_name",
    "marked_for_deletion",
    "most_missing",
    "ms",
    "need",
    "newcomer",
    "not_replaced",
    "note",
    "note_answers",
    "notes",
    "nslookup",
    "old_served",
    "once",
    "or_unsure",
    "out_of",
    "outage",
    "over_faults",
    "overlaps",
    "pod_steps",
    "pods_were_watched",
    "read_resolv_conf",
    "recoveries",
    "resolve_surely",
    "reverse_name",
    "seconds",
    "series_of",
    "share",
    "show",
    "silent_views",
    "stated",
    "steady_again_ns",
    "step",
    "successor",
    "summarise",
    "tally",
    "tells",
    "tolerated_gap_ns",
    "transitions",
    "trials",
    "turned",
    "turns",
    "unchanged",
    "uncovered",
    "unheard",
    "unsure",
    "unwatched",
    "views",
    "watched",
    "when",
    "where_measured",
    "who_answers",
    "wilson",
    "wrong_answers",
]
