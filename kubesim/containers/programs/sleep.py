"""sleep, and telling its arguments."""

from __future__ import annotations

import asyncio
import math

from kubesim.containers.durations import duration_s
from kubesim.containers.programs.call import Call


async def sleep(call: Call) -> int:
    """`sleep N[smhd]…`."""
    try:
        total_s = sum(duration_s(word) for word in call.argv[1:]) if len(call.argv) > 1 else math.nan
    except ValueError:
        total_s = math.nan
    if math.isnan(total_s) or total_s < 0:
        call.err(f"sleep: invalid number '{' '.join(call.argv[1:])}'\n")
        return 1
    if math.isinf(total_s):
        await asyncio.Event().wait()
    await asyncio.sleep(total_s)
    return 0
