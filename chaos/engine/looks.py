"""`--until-precision` while a run goes on: whether enough faults were injected."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite

from chaos.analysis.headline import outages
from chaos.analysis.precision import LOOKED
from chaos.analysis.reading import Reading
from chaos.analysis.survey import decide, plan
from chaos.clock import RunClock
from chaos.engine.progress import Progress
from chaos.experiment import Options
from chaos.model.recording import Recorder


class Looks:
    """Looks at the outages so far where the plan says so, and nowhere else (`chaos.analysis.survey.looks`).

    A look takes all of the history: for as long as it takes no probe runs.
    """

    def __init__(self, options: Options, recorder: Recorder, clock: RunClock, progress: Progress) -> None:
        self._precision = options.until_precision
        self._plan = plan(options.most_trials or 0) if self._precision is not None else None
        self._left = list(self._plan.looks) if self._plan else []
        self._recorder = recorder
        self._clock = clock
        self._progress = progress
        self._stopped = False
        self._disturbed = False

    def enough(self) -> bool:
        """Whether no more fault is to be injected. A fault counts once it has ended.

        Faults that no outage followed tell nothing of the median, so there may be more faults than the look needs.
        """
        if self._stopped or self._precision is None or self._plan is None or not self._left:
            return self._stopped
        ended = [f for f in self._recorder.history.faults if f.accepted_ns is not None and f.ended_ns is not None]
        if len(ended) < self._left[0]:
            return False
        self._disturbed = True
        durations = outages(Reading(replace(self._recorder.history, faults=ended)))
        if len(durations) < self._left[0]:
            return False
        found = decide(durations[: self._left.pop(0)], self._precision, self._plan)
        self._stopped = found.stop
        self._recorder.mark(
            self._clock.now_ns(),
            LOOKED,
            n=found.n,
            stop=found.stop,
            reached=found.reached,
            half_width=found.half_width if isfinite(found.half_width) else None,
        )
        known = f"known within {found.half_width:.1%}" if isfinite(found.half_width) else "not known yet"
        so = "as asked" if found.reached else "no more trials are allowed" if found.stop else "more are needed"
        self._progress.step(f"after {found.n} outages their median is {known}: {so}")
        return found.stop

    def disturbed(self) -> bool:
        """Whether there was a look since this was asked last."""
        disturbed, self._disturbed = self._disturbed, False
        return disturbed
