"""`chaos report` and `chaos check`: a saved run, rendered or judged again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from chaos.analysis.reading import Reading
from chaos.cli.catalogue import own_experiment
from chaos.cli.commands.check import CheckOptions
from chaos.cli.commands.report import RenderOptions
from chaos.cli.console import print_json
from chaos.cli.redact import write_redacted
from chaos.cli.saved import conclude, concluded, load_run, report_path, stored_statements, write
from chaos.cli.terminal import print_checks, print_full, print_result, print_short
from chaos.errors import UsageError
from chaos.experiment import Experiment
from chaos.experiment.judging import judges_of, statements
from chaos.model import History
from chaos.options.output import FormatOptions
from chaos.report import REPORT
from chaos.shipped import shipped_files

# What of run.json judging again gives anew.
_JUDGED = ("experiment", "simulated", "outcome", "exit_code", "result", "verdicts")


def render_again(folder: Path, experiment: Experiment | None, *, anew: bool, as_json: bool, full: bool = False) -> int:
    """`chaos report`: what run.json says, or what is concluded now where it says nothing.

    Args:
        folder: of the run.
        experiment: that judges it; None: the shipped one of its name.
        anew: judge it again in any case.
        as_json: print run.json's content.
        full: print the whole report.

    Raises:
        UsageError: both are asked for.
    """
    if full and as_json:
        raise UsageError("--full and -o json exclude each other", hint="run.json has all that the report says")
    history = load_run(folder)
    said = None if anew or experiment is not None else stored_statements(folder)
    if said is None:
        _check_judge(folder, history, experiment)
        conclusion = conclude(folder, history, None, experiment)
    else:
        conclusion = write(folder, concluded(Reading(history), said))
    if conclusion.problem is not None:
        raise conclusion.problem
    if as_json:
        print_json(conclusion.document)
    elif full:
        print_full(conclusion.ending, (folder / REPORT).read_text(encoding="utf-8"), report_path(folder))
    else:
        print_short(conclusion.ending, conclusion.said, report_path(folder))
    return 0


def judge_again(folder: Path, within_s: float | None, experiment: Experiment | None, *, as_json: bool) -> int:
    """`chaos check`."""
    history = load_run(folder)
    if within_s is not None:
        history.meta = replace(history.meta, parameters={**history.meta.parameters, "within_s": within_s})
    _check_judge(folder, history, experiment)
    reading = Reading(history)
    conclusion = concluded(reading, statements(reading, judges_of(reading, experiment)))
    ending = conclusion.ending
    # report.md judged by the run's own limit, so with another one the folder is named instead.
    where = report_path(folder) if within_s is None else folder
    if as_json:
        print_json({key: conclusion.document[key] for key in _JUDGED})
    else:
        print_result(ending, where)
        print_checks(conclusion.said.verdicts, every=True)
        print()
        print_result(ending, where)
    return ending.exit_code


def _check_judge(folder: Path, history: History, experiment: Experiment | None) -> None:
    """Whoever judges must know the run's own checkers: without them each would be `unknown`.

    Raises:
        UsageError: it is another experiment, or nobody knows it.
    """
    name = history.meta.experiment
    if experiment is None and name.replace("_", "-") not in shipped_files():
        raise UsageError(
            f"{folder} is a run of {name}, an experiment of your own, whose checkers nobody else has",
            hint="name its file: --experiment FILE",
        )
    if experiment is not None and experiment.name != name:
        raise UsageError(
            f"{folder} is a run of {name}, and {experiment.source.name} defines {experiment.name}",
            hint="name the file of the experiment that was run",
        )


def render_command(chosen: RenderOptions, told: FormatOptions) -> int:
    """`chaos report`."""
    own = own_experiment(chosen.experiment)
    if chosen.redact:
        if chosen.full or told.as_json:
            raise UsageError("--redact writes files and prints none of them", hint="leave --full and -o json out")
        return write_redacted(Path(chosen.folder), chosen.to, own, anew=chosen.anew)
    if chosen.to is not None:
        raise UsageError("--to says where --redact writes", hint="add --redact")
    return render_again(Path(chosen.folder), own, anew=chosen.anew, as_json=told.as_json, full=chosen.full)


def judge_command(chosen: CheckOptions, told: FormatOptions) -> int:
    """`chaos check`."""
    return judge_again(Path(chosen.folder), chosen.within_s, own_experiment(chosen.experiment), as_json=told.as_json)
