"""Does the image have the programs that its scripts use?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, NotChecked, Reference, Severity
from chaos.diagnose.images import lacking
from chaos.diagnose.scripts import Script, program_name, scripts_of, unread_mounts
from chaos.diagnose.snapshot import Snapshot

_KEY = "program-missing"
# Where a word is a command: at the start of a line, after an operator, a keyword, or inside a substitution.
_COMMAND = re.compile(
    r"(?:^|[|&;({`]|\$\(|\b(?:if|then|else|elif|do|while|until|time|exec|sudo)\s|!\s)\s*(?:\w+=\S*\s+)*"
    r"(?=([\w./-]+)(?![\w./=-]))"
)
_QUOTED = re.compile(r"'[^']*'")
_INSTEAD = {
    "nslookup": "getent hosts NAME, where the image has it; an image with nslookup; or do it in an initContainer",
    "dig": "getent hosts NAME, where the image has it; or do it in an initContainer of another image",
    "host": "getent hosts NAME, where the image has it; or do it in an initContainer of another image",
    "bash": "run it with /bin/sh, and write it without what only bash knows ({0..2}, [[ ]])",
}


def _look(snapshot: Snapshot) -> Iterator[Diagnostic | NotChecked]:
    for workload in snapshot.workloads:
        seen: set[tuple[str, Reference]] = set()
        for script in scripts_of(snapshot, workload):
            missing = lacking(script.image)
            for config, folder in unread_mounts(snapshot, script) if missing else ():
                what = f"scripts of {workload.kind} {workload.name} in {folder}"
                yield NotChecked(_KEY, f"{what}: there is no ConfigMap {config} {snapshot.where}")
            for program, at, line in _uses(script):
                place = Reference(at.kind, at.name, at.namespace, at.file)  # each program once an object
                if program in missing and (program, place) not in seen:
                    seen.add((program, place))
                    yield _finding(script, program, at, line)


def _uses(script: Script) -> Iterator[tuple[str, Reference, str]]:
    """(program, where, line) of all that a script runs."""
    if script.argv:
        yield program_name(script.argv[0]), script.at, " ".join(script.argv)[:100]
    for i, line in script.lines:
        for word in _COMMAND.findall(_QUOTED.sub("''", line)):
            yield program_name(word), script.line(i), line.strip()[:100]


def _finding(script: Script, program: str, at: Reference, line: str) -> Diagnostic:
    workload = script.workload
    return Diagnostic(
        _KEY,
        Severity.ERROR,
        at,
        f"{workload.kind} {workload.name} runs {program} ({script.when}), which its image {script.image} does not have",
        (line, f"{script.image} is known to lack {program} (chaos/diagnose/images.py)"),
        _INSTEAD.get(program, f"use an image that has {program}, or do it in an initContainer"),
        (workload.name,) if workload.kind == "StatefulSet" else (),
    )


CHECK = Check(
    _KEY,
    "a command, hook, probe or script that uses a program which the image is known not to have (`nslookup` in "
    "mysql, `bash` in "
    "redis:alpine); images that are not in the table are not judged",
    "the script prints `command not found`, and its `else` branch says that a member is missing",
    (Severity.ERROR,),
    _look,
    kinds=("StatefulSet",),
    also=("ConfigMap", "Job"),
)
