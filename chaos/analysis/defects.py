"""What to say of a defect in a checker, an answer or a headline."""

from __future__ import annotations

import traceback
from pathlib import Path


def told(exc: BaseException) -> str:
    """What a defect raised, and where: the innermost line of a file that is no library's."""
    frames = [f for f in traceback.extract_tb(exc.__traceback__) if "site-packages" not in f.filename]
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(exc).__name__}: {exc}{where}"
