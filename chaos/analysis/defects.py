"""What to say of a defect in a checker, an answer or a headline."""

from __future__ import annotations

import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import chaos
from chaos.analysis.claims import UnmeasuredError

T = TypeVar("T")
# Python's own files, and this tool's, but not the experiments that are shipped inside it.
_NOBODYS = (sysconfig.get_path("stdlib"), *(str(Path(chaos.__file__).parent / part) for part in ("analysis", "model")))


class WrongTypeError(TypeError):
    """Somebody's function gave what cannot be said.

    Args:
        what: it gave.
        place: `` (FILE, line N)`` of the function, or of its `yield`.
    """

    def __init__(self, what: str, place: str) -> None:
        super().__init__(f"{what}{place}, and must be sentences: texts")


def guarded(say: Callable[[], T], instead: Callable[[str], T]) -> T:
    """What somebody's own code says; where it has a defect, what stands instead: it must not cost the report.

    Args:
        say: a checker, an answer or a headline of an experiment, which may be a user's own and may raise anything.
        instead: told the defect and where it is.

    Raises:
        UnmeasuredError: it needs what the run did not see, which is no defect.
        KeyboardInterrupt: the user's.
    """
    try:
        return say()
    except (UnmeasuredError, KeyboardInterrupt):
        raise
    except BaseException as exc:  # noqa: BLE001 - see above
        return instead(told(exc))


def told(exc: BaseException) -> str:
    """What a defect raised, and where: the innermost line of an experiment, else of a file that is no library's."""
    if isinstance(exc, WrongTypeError):
        return str(exc)
    frames = [f for f in traceback.extract_tb(exc.__traceback__) if "site-packages" not in f.filename]
    frames = [f for f in frames if not f.filename.startswith(_NOBODYS)] or frames
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(exc).__name__}: {exc}{where}"
