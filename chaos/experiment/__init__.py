"""What an experiment is, and where experiments are found."""

from chaos.experiment.definition import Experiment, Workload
from chaos.experiment.loading import find_experiment, load_experiments
from chaos.experiment.options import Options
from chaos.experiment.run import Run, Target
from chaos.faults import DeletePod

__all__ = ["DeletePod", "Experiment", "Options", "Run", "Target", "Workload", "find_experiment", "load_experiments"]
