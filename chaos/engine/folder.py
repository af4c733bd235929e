"""Where runs are kept: `reports/<experiment>/<UTC time>/`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from chaos.errors import UsageError
from chaos.model.private import make_folder

_SAME_SECOND = 100


def make_run_folder(reports: Path, experiment: str, started_at: datetime, *, shared: bool) -> Path:
    """A new, empty folder, for its owner alone unless it is shared.

    Raises:
        UsageError: it cannot be made.
    """
    stamp = started_at.strftime("%Y-%m-%dT%H-%M-%SZ")
    for number in range(1, _SAME_SECOND):
        folder = reports / experiment / (stamp if number == 1 else f"{stamp}-{number}")
        try:
            make_folder(folder, shared=shared)
        except FileExistsError:
            if not folder.is_dir():
                break
            continue
        except OSError as exc:
            raise UsageError(
                f"the reports folder {reports} cannot be written: {exc.strerror}",
                hint="choose another with --reports DIR",
            ) from exc
        return folder
    raise UsageError(f"no new folder can be made in {reports / experiment}", hint="choose another with --reports DIR")
