"""Does each pod, asked inside its container, say its own name, also after its replacement?"""

from __future__ import annotations

from collections.abc import Iterator

from chaos.analysis.claims import Finding, against, checker, holds, need, unsure
from chaos.analysis.identity_notes import Inside
from chaos.analysis.notes import notes
from chaos.analysis.reading import Reading
from chaos.analysis.trials import not_replaced, trials
from chaos.analysis.units import count


@checker("events.jsonl")
def says_its_name(reading: Reading) -> Iterator[Finding]:
    """Judges what the method's command printed in each pod (`Inside`)."""
    asked = notes(reading, Inside)
    need(asked, "no pod was asked")
    for one in asked:
        who, code, said = f"pod {one.pod} (UID {one.uid[:8]}…)", one.exit_code, one.said
        if code != 0:
            yield unsure(f"{who} ended the command with {code}: {one.problem}")
        elif not isinstance(said, str):
            yield unsure(f"{who} was not understood")
        elif said != one.pod:
            yield against(f"{who} says that it is {said!r}")
    answered = {(one.pod, one.uid) for one in asked if one.exit_code == 0}
    replaced, missing = [], []
    for trial in trials(reading):
        if lacking := not_replaced(trial):
            missing.append(f"trial {trial.number}: {lacking}")
            continue
        replaced.append(trial)
        if (trial.target.name, trial.life.new_uid) not in answered:
            missing.append(f"the new {trial.target.name} of trial {trial.number} was not asked")
    yield from map(unsure, missing)
    need(replaced or missing, "no pod was replaced")
    answers, after = count(len(asked), "answer"), count(len(replaced), "replacement")
    yield holds(f"In {answers} each pod said its own name, also after {after}.")
