"""sleep, the command, and telling its arguments. There may be thousands of pods that do nothing else."""

from __future__ import annotations

import asyncio
import math

from kubesim.containers.call import Call
from kubesim.containers.durations import duration_s


async def sleep(call: Call) -> int:
    """`sleep N[smhd]…`."""
    total_s = seconds(call.argv)
    if total_s is None:
        call.err(f"sleep: invalid number '{' '.join(call.argv[1:])}'\n")
        return 1
    if math.isinf(total_s):
        await asyncio.Event().wait()
    await asyncio.sleep(total_s)
    return 0


def seconds(argv: tuple[str, ...]) -> float | None:
    """What `sleep` adds up; None where it complains."""
    try:
        total_s = sum(duration_s(word) for word in argv[1:]) if len(argv) > 1 else math.nan
    except ValueError:
        return None
    return None if math.isnan(total_s) or total_s < 0 else total_s
