"""Does each pod, asked inside its container, say its own name, also after its replacement?"""

from __future__ import annotations

from chaos.analysis.checkers.verdicts import combine
from chaos.analysis.facts import facts
from chaos.analysis.trials import not_replaced, trials
from chaos.model import History, Verdict

NAME = "says-its-name"


def says_its_name(history: History) -> Verdict:
    """Judges what the method's command printed in each pod (the facts ``inside``)."""
    asked = facts(history, "inside")
    failures, unknowns = [], []
    for one in asked:
        who, code, said = f"pod {one['pod']} (UID {str(one['uid'])[:8]}…)", one["exit_code"], one["said"]
        if code != 0:
            unknowns.append(f"{who} ended the command with {code}: {one['problem']}")
        elif said != one["pod"]:
            failures.append(f"{who} says that it is {said!r}")
    answered = {one["uid"] for one in asked if one["exit_code"] == 0}
    replaced = [t for t in trials(history) if not not_replaced(t)]
    unknowns += [
        f"the new {t.target.name} of trial {t.number} was not asked" for t in replaced if t.life.new_uid not in answered
    ]
    if not asked:
        unknowns.append("no pod was asked")
    success = f"Asked {len(asked)} times, each pod said its own name, {len(replaced)} of them after their replacement."
    return combine(NAME, failures=failures, unknowns=unknowns, success=success, evidence=("events.jsonl",))
