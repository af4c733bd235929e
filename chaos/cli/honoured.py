"""Which options the chosen experiments honour: one that none does is refused, others are named in the plan."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.errors import UsageError
from chaos.experiment import Experiment, load_experiments
from chaos.options import Given, Settings, Source

_MOST_SHOWN = 4


def check_honoured(settings: Settings, experiments: Sequence[Experiment]) -> None:
    """Refuse what stands on the command line and none of them honours.

    Raises:
        UsageError: names those that do.
    """
    for given in settings.given.values():
        honouring = [one for one in experiments if one.honours(given.option)]
        if honouring or given.source is not Source.COMMAND_LINE or given.value is False:
            continue
        names = [one.name for one in experiments]
        who = names[0] if len(names) == 1 else f"none of {', '.join(names[:_MOST_SHOWN])}"
        who += f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else ""
        does = "does not honour it" if len(names) == 1 else "honours it"
        raise UsageError(f"{given.said}: {who} {does}", hint=_who_does(given))


def ignored_by(settings: Settings, experiment: Experiment) -> list[Given]:
    """What was given and does nothing in this experiment."""
    return [one for one in settings.given.values() if not experiment.honours(one.option)]


def _who_does(given: Given) -> str:
    names = [one.name for one in load_experiments() if one.honours(given.option)]
    if not names:
        return "no experiment that ships with the tool does"
    return f"{'experiments that do' if len(names) > 1 else 'the experiment that does'}: {', '.join(names)}"
