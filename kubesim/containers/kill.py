"""Sending signals as the command `kill` does, which is a program, and in shells a builtin."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kubesim.containers.processes import FIRST, Processes
from kubesim.containers.signals import Signal, parse_signal


async def kill(processes: Processes, words: list[str], own_pid: int, say: Callable[[str], None]) -> int:
    """Send a signal to each process named; the exit code.

    Args:
        processes: of the container.
        words: what stands behind `kill`; 0 only asks whether there is such a process, -1 means all but the first
            process and the asking one.
        own_pid: of who asks.
        say: takes complaints.
    """
    words = list(words)
    named = _named_signal(words)
    signal = Signal.TERM if named is None else parse_signal(named)
    if signal is None and named != "0":
        say(f"the sandbox does not know the signal {named!r}")
        return 1
    if not words:
        say("you need to specify whom to kill")
        return 1
    code = 0
    for word in words:
        pids = _meant(processes, word, own_pid)
        if not pids:
            groups = not word.isdecimal() or word == "0"
            say(f"{word}: the sandbox knows single processes, not groups" if groups else f"({word}) - No such process")
            code = 1
        for pid in pids:
            if signal is not None:
                processes.signal(pid, signal)
    await asyncio.sleep(0)  # a signal to itself arrives before anything else happens
    return code


def _named_signal(words: list[str]) -> str | None:
    """Take the option that names a signal; None where there is none, which means SIGTERM."""
    first = words[0] if words else ""
    if first == "--":
        del words[0]
    if not first.startswith("-") or first == "--" or (first == "-1" and len(words) == 1):
        return None
    text = words.pop(0)[1:]
    if text in ("s", "n"):
        text = words.pop(0) if words else ""
    if words[:1] == ["--"]:
        del words[0]
    return text


def _meant(processes: Processes, word: str, own_pid: int) -> list[int]:
    if word == "-1":
        return [pid for pid in processes.pids() if pid not in (FIRST, own_pid)]
    return [int(word)] if word.isdecimal() and processes.get(int(word)) is not None else []
