"""Commands of the user's own before and after a run, such as to silence an alert."""

from __future__ import annotations

from dataclasses import dataclass

from chaos.options.kinds import Text
from chaos.options.numbers import Duration
from chaos.options.option import Trust, check_group, option

_LONGEST_S = 3600.0


@dataclass(frozen=True, slots=True)
class HookOptions:
    """Commands for the shell, and how long each may take."""

    before_hook: str = option(
        Text("COMMAND"),
        "",
        "Shell command before anything is touched; where it fails, nothing is. It is told of the run in CHAOS_RUN_ID, "
        "CHAOS_EXPERIMENT, CHAOS_NAMESPACE, CHAOS_CONTEXT and CHAOS_PHASE.",
        trust=Trust.NAMED,
        secret=True,
    )
    after_hook: str = option(
        Text("COMMAND"),
        "",
        "Shell command once all is undone, whatever the end; it has CHAOS_OUTCOME too. Where it fails, a run that held "
        "ends with exit code 4.",
        trust=Trust.NAMED,
        secret=True,
    )
    hook_timeout_s: float = option(
        Duration(0, _LONGEST_S), 30.0, "After which a hook is ended, and has failed.", trust=Trust.NAMED
    )

    def __post_init__(self) -> None:
        check_group(self)
