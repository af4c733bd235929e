"""Does the first process of a container end when it is told to?"""

from __future__ import annotations

import re
from collections.abc import Iterator

import kubesim
from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.scripts import Script, program_name, scripts_of
from chaos.diagnose.snapshot import Snapshot
from chaos.diagnose.values import mapping, number

_KEY = "ignores-sigterm"
_DEFAULT_GRACE_S = 30  # https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/#pod-termination
# So much longer an outage is not worth a warning.
_SHORT_S = 5
_NO_HANDLER = ("sleep", "tail")
_SEVERAL = re.compile(r"&&|\|\||[;|\n&]")
_ASSIGNMENT = re.compile(r"^\s*(set|export|cd|umask|ulimit)\b")


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    for workload in snapshot.workloads:
        if workload.kind in ("Job", "CronJob"):
            continue  # its pods end by themselves
        if workload.pod_spec.get("shareProcessNamespace") is True:
            continue  # the pause container is the first process
        for script in scripts_of(snapshot, workload):
            if script.when == "main" and not script.nested:
                yield from _of(script)


def _of(script: Script) -> Iterator[Diagnostic]:
    workload = script.workload
    found = _ignores(script)
    if found is None:
        return
    why, certain = found
    grace_s = number(workload.pod_spec.get("terminationGracePeriodSeconds"), _DEFAULT_GRACE_S)
    stateful = workload.kind == "StatefulSet"
    certain = certain and not mapping(
        script.container, "lifecycle", "preStop"
    )  # a hook may end what the shell does not
    yield Diagnostic(
        _KEY,
        Severity.WARNING if certain and stateful and grace_s > _SHORT_S else Severity.NOTE,
        script.at,
        f"{why}, so each deletion {'takes' if certain else 'may take'} the whole grace period of {grace_s} s"
        + (", in which the pod's name is gone and its replacement not there" if stateful else ""),
        (" ".join(script.argv)[:160], f"terminationGracePeriodSeconds is {grace_s}"),
        _fix(script, grace_s),
        (workload.name,) if stateful else (),
    )


def _ignores(script: Script) -> tuple[str, bool] | None:
    """Why SIGTERM does not end it, and whether that is certain; None where it does, or where nothing is known."""
    if script.argv and program_name(script.argv[0]) in _NO_HANDLER:
        return _without_handler(script.argv[0]), True
    body = script.body.strip()
    if not script.shell or not body or re.search(r"\btrap\b", body):
        return None
    lines = [line for _, line in script.lines]
    commands = [c.strip() for line in lines for c in _SEVERAL.split(_without_quotes(line)) if c.strip()]
    commands = [c for c in commands if not _ASSIGNMENT.match(c)]
    if not commands or any(command.startswith("exec ") for command in commands):
        return None
    return _of_shell(script, commands)


def _of_shell(script: Script, commands: list[str]) -> tuple[str, bool] | None:
    last = program_name(commands[-1].split()[0])
    if len(commands) == 1 and last in _NO_HANDLER:
        return _without_handler(last), True
    shell = kubesim.shell_of(script.image, script.argv[0])
    if shell and _hands_over(script, shell):
        return (_without_handler(last), True) if last in _NO_HANDLER else None
    if not shell and len(commands) == 1 and "while" not in commands[0]:
        return None
    stays = f"a shell ({script.shell}) stays its first process and does not pass SIGTERM on"
    if shell or "while" in commands[-1]:
        return stays, True
    return (
        f"{stays}, unless it gives way to its last command (busybox's ash and bash often do, Debian's dash never)",
        False,
    )


def _hands_over(script: Script, shell: str) -> bool:
    """Whether the shell replaces itself by the last command, as kubesim's shells do after the real ones."""
    return script.body in script.argv and kubesim.hands_over(script.body, shell)  # else it is a file, and not `-c`


def _without_handler(program: str) -> str:
    return f"{program_name(program)} is its first process and has no handler for SIGTERM, which PID 1 needs"


def _without_quotes(line: str) -> str:
    return re.sub(r"'[^']*'|\"[^\"]*\"", "''", line)


def _fix(script: Script, grace_s: int) -> str:
    if script.shell and len(_SEVERAL.split(_without_quotes(script.body))) > 1:
        return "write exec before the last command, so that it becomes PID 1"
    trap = "sh -c 'trap \"exit 0\" TERM; sleep infinity & wait'"
    return f"run {trap}" if grace_s <= 1 else f"set terminationGracePeriodSeconds: 1, or run {trap}"


CHECK = Check(
    _KEY,
    "a shell (`sh -c 'a && b'` without `exec`) or `sleep` as PID 1",
    "measured on a real cluster with Debian's dash: of 32 s without a name 30 s were the grace period, about 20 ms DNS",
    (Severity.WARNING, Severity.NOTE),
    _look,
    kinds=("StatefulSet",),
)
