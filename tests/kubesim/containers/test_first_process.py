"""What becomes PID 1 in the sandbox is what becomes it with the real shells."""

from __future__ import annotations

import asyncio
import json
import shutil

import pytest

from kubesim.containers.process import Process
from tests.kubesim.containers.container_lab import ContainerLab, in_lab
from tests.kubesim.containers.first_process.capture import FORMS, TABLE, first_process

_TABLE = json.loads(TABLE.read_text())
_IMAGES = {"ash": "busybox:1.35", "bash": "mysql:8.0", "dash": "python:3.11-slim"}


async def _first(lab: ContainerLab, shell: str, form: str) -> str:
    process = await lab.start(_IMAGES[shell], ["sh", "-c", form])
    assert isinstance(process, Process)
    await asyncio.sleep(0.5)
    running = process.inside.processes
    first = running.get(1)
    if not process.ended and first is not None and first.name == "sleep":
        return "command"
    return "shell" if running.pids("sleep") and not process.ended else "none"


@pytest.mark.parametrize("shell", sorted(_IMAGES))
def test_each_form_of_script_has_the_first_process_that_it_really_has(shell: str) -> None:
    async def test(lab: ContainerLab) -> None:
        found = [[form, await _first(lab, shell, form)] for form, _ in _TABLE["rows"]]
        assert found == [[form, row[shell]] for form, row in _TABLE["rows"]]

    in_lab(test)


def test_all_forms_were_recorded() -> None:
    assert [form for form, _ in _TABLE["rows"]] == json.loads(FORMS.read_text())


@pytest.mark.skipif(
    shutil.which("dash") is None or shutil.which("bash") is None, reason="there is no dash or bash here"
)
def test_the_shells_of_this_machine_still_do_what_was_recorded() -> None:
    rows = dict(_TABLE["rows"])
    for shell in ("bash", "dash"):
        for form in ("true && /bin/sleep 5", "if true; then /bin/sleep 5; fi"):
            assert first_process(shell, form) == rows[form][shell]
