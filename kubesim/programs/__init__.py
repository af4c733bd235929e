"""Programs that several images have: one coroutine a program, `Call` → exit code.

To add one: a file here with ``async def NAME(call: Call) -> int``, and a row in the table of those images that have it.
What only one image has stands in that image's folder (`kubesim.images`).
"""

from __future__ import annotations

from kubesim.containers.call import Program
from kubesim.containers.sleep import sleep
from kubesim.programs import machine, processes, texts, words, wrappers
from kubesim.programs.getent import getent
from kubesim.programs.nslookup import nslookup
from kubesim.programs.test import test
from kubesim.programs.wget import wget
from kubesim.shell.sh import sh

# Of every image that has a shell.
COMMON: dict[str, Program] = {
    "[": test,
    "cat": texts.cat,
    "chmod": texts.nothing,
    "chown": texts.nothing,
    "date": words.date,
    "echo": words.echo,
    "env": wrappers.env,
    "false": words.false,
    "grep": texts.grep,
    "head": texts.head,
    "hostname": machine.hostname,
    "ls": texts.ls,
    "mkdir": texts.mkdir,
    "printenv": wrappers.printenv,
    "printf": words.printf,
    "pwd": machine.pwd,
    "rm": texts.rm,
    "seq": words.seq,
    "sh": sh,
    "sleep": sleep,
    "sort": texts.sort,
    "tail": texts.tail,
    "tee": texts.tee,
    "test": test,
    "timeout": wrappers.timeout,
    "touch": texts.touch,
    "true": words.true,
    "wc": texts.wc,
    "whoami": machine.whoami,
    "yes": words.yes,
}
BUSYBOX: dict[str, Program] = {
    **COMMON,
    "ash": sh,
    "kill": processes.kill_program,
    "killall": processes.killall,
    "nslookup": nslookup,
    "pidof": processes.pidof,
    "time": wrappers.time,
    "wget": wget,
    "which": wrappers.which,
}
ALPINE: dict[str, Program] = {**BUSYBOX, "getent": getent}
DEBIAN: dict[str, Program] = {  # pidof: sysvinit-utils; no procps, so no kill
    **COMMON,
    "bash": sh,
    "dash": sh,
    "getent": getent,
    "pidof": processes.pidof,
    "which": wrappers.which,
}

__all__ = ["ALPINE", "BUSYBOX", "COMMON", "DEBIAN"]
