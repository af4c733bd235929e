"""What an experiment is, and where experiments are found: all that an experiment's file needs to import."""

from chaos.analysis.checkers.verdicts import combine
from chaos.analysis.facts import Fact, fact, facts
from chaos.analysis.questions import Question
from chaos.experiment.asking import ask, who_answers
from chaos.experiment.definition import Experiment, Workload, unit_question
from chaos.experiment.loading import find_experiment, load_experiments
from chaos.experiment.options import Options
from chaos.experiment.run import Run, Target
from chaos.faults import DeletePod
from chaos.model import History, Verdict

__all__ = [
    "DeletePod",
    "Experiment",
    "Fact",
    "History",
    "Options",
    "Question",
    "Run",
    "Target",
    "Verdict",
    "Workload",
    "ask",
    "combine",
    "fact",
    "facts",
    "find_experiment",
    "load_experiments",
    "unit_question",
    "who_answers",
]
