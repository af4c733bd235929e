"""`chaos report --redact`: a copy of a report to share."""

from __future__ import annotations

from pathlib import Path

from chaos.analysis.reading import Reading
from chaos.cli.saved import concluded, load_run, stored_statements
from chaos.errors import InconclusiveError, UsageError
from chaos.experiment import Experiment
from chaos.experiment.judging import judges_of, statements
from chaos.report import REPORT, write_copy
from chaos.shipped import shipped_files
from chaos.visible import visible

_COPY = "redacted"


def write_redacted(folder: Path, to: Path | None, experiment: Experiment | None, *, anew: bool) -> int:
    """Write the copy and say where it is; the run's own folder stays as it is.

    Args:
        folder: of the run.
        to: the copy's; None: one in the run's.
        experiment: that judges it; None: the shipped one of its name.
        anew: judge it again in any case.

    Raises:
        UsageError: the copy would replace the original.
        InconclusiveError: it cannot be written.
    """
    copy = to or folder / _COPY
    if copy.resolve() == folder.resolve():
        raise UsageError(f"{copy} is the run's own folder", hint="name another with --to DIR")
    history = load_run(folder)
    reading = Reading(history)
    said = None if anew or experiment is not None else stored_statements(folder)
    if said is None:
        said = statements(reading, judges_of(reading, experiment))
    own = bool(history.meta.parameters.get("target")) or history.meta.experiment not in shipped_files()
    try:
        write_copy(copy, reading, said, concluded(reading, said).ending, own_names=own)
    except OSError as exc:
        raise InconclusiveError(f"the copy could not be written to {copy}: {exc.strerror}") from exc
    print(visible(str(copy / REPORT)))
    print("names and addresses were replaced; what pods said in words of their own may hold more: read it first")
    return 0
