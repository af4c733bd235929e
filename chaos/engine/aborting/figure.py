"""A figure of the run itself, from the recorder's newest samples."""

from __future__ import annotations

from collections.abc import Callable, Collection

from chaos.clock import RunClock
from chaos.engine.aborting.condition import Condition, Seen
from chaos.engine.aborting.stretches import FailureStretch
from chaos.model import Outcome, Series
from chaos.model.outcome import DNS_PRESENT, OK
from chaos.model.recording import Recorder
from chaos.options.conditions import FIGURES, FigureCondition

_NS_PER_S = 1_000_000_000
# A series that is silent for so many times what one sample takes no longer shows how long a failure lasts.
_SILENT_TIMES, _SILENT_AT_LEAST_S = 3, 2.0
_REVERSE = "PTR "
# A look counts as late when it comes after so many of its intervals.
_LATE_TIMES = 8


class WatchedFigure(Condition):
    """Compares the longest stretch of failures so far, of any pod, view and vantage, with a limit.

    Args:
        said: what was asked for.
        recorder: that has the samples.
        own: ids of series that are the method's own: what they should find, it alone knows.
        lost: vantages that nothing is heard of any more.
    """

    every_s = 0.25
    final = True

    def __init__(
        self,
        said: FigureCondition,
        recorder: Recorder,
        clock: RunClock,
        own: Collection[int],
        lost: Callable[[], Collection[str]],
    ) -> None:
        super().__init__(said.text)
        self._said = said
        self._recorder = recorder
        self._clock = clock
        self._own = own
        self._lost = lost
        self._probe = FIGURES[said.figure][0]
        self._stretches: dict[int, FailureStretch] = {}
        self._good: list[bool] = []  # by outcome
        self._series: list[Series] = []
        self._known = 0  # series that were looked at
        self._began_ns = 0
        self._looked_ns = 0

    def begin(self) -> None:
        """See `Condition.begin`."""
        self._began_ns = self._looked_ns = self._clock.now_ns()
        self._find_series(from_now=True)

    async def look(self) -> Seen:
        """See `Condition.look`."""
        history = self._recorder.history
        self._find_series(from_now=False)
        longest_ns, where = 0, ""
        for series in self._series:
            stretch = self._stretches[series.id]
            stretch.follow(history.samples[series.id], self._good)
            if stretch.longest_ns > longest_ns:
                longest_ns, where = stretch.longest_ns, _where(series)
        holds = self._exceeds(longest_ns)
        value = f"at least {longest_ns / _NS_PER_S:.3f} s{where}"
        now_ns, looked_ns = self._clock.now_ns(), self._looked_ns
        self._looked_ns = now_ns
        # When this look itself is late, a computation held this process up: then samples are late too, and not missing.
        in_time = now_ns - looked_ns < _LATE_TIMES * self.every_s * _NS_PER_S
        if not holds and in_time and (silent := self._silent(now_ns)):
            return Seen(None, silent)
        return Seen(holds, value)

    def _exceeds(self, longest_ns: int) -> bool:
        limit_ns = self._said.limit_s * _NS_PER_S
        return longest_ns >= limit_ns if self._said.at_least else longest_ns > limit_ns

    def _find_series(self, *, from_now: bool) -> None:
        """Those that were opened since the last look; what they had before the watch began does not count."""
        history = self._recorder.history
        self._good.extend(self._is_good(outcome) for outcome in history.outcomes[len(self._good) :])
        for series in history.series[self._known :]:
            if self._concerns(series):
                self._series.append(series)
                before = history.samples[series.id] if from_now else None
                self._stretches[series.id] = FailureStretch(before, self._good)
        self._known = len(history.series)

    def _concerns(self, series: Series) -> bool:
        if series.probe != self._probe or series.id in self._own:
            return False
        # The reverse name of an address goes with its pod, and that is right.
        return self._probe != "dns" or not series.record.startswith(_REVERSE)

    def _is_good(self, outcome: Outcome) -> bool:
        if self._said.figure == "dns.unanswered":
            return outcome.says_something
        return outcome.status in DNS_PRESENT if self._probe == "dns" else outcome.status == OK

    def _silent(self, now_ns: int) -> str:
        """Why nothing is known of what goes on now; empty where something is."""
        lost = self._lost()
        mine = [series for series in self._series if series.vantage not in lost]
        if not mine:
            return "nothing measures it any more" if self._series else "nothing measures it"
        samples = self._recorder.history.samples
        heard = (samples[one.id].received_ns for one in mine)
        heard_ns = max((at[-1] for at in heard if at), default=self._began_ns)
        for_s = (now_ns - max(heard_ns, self._began_ns)) / _NS_PER_S
        patience_s = max(_SILENT_TIMES * max(one.period_s + one.timeout_s for one in mine), _SILENT_AT_LEAST_S)
        return f"nothing was heard for {for_s:.1f} s" if for_s > patience_s else ""


def _where(series: Series) -> str:
    view = f" at {series.view}" if series.view and series.probe == "dns" else ""
    return f", {series.record}{view} from {series.vantage}"
