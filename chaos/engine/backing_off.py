"""Asks cluster DNS less often while it is overloaded, and as often as planned when it is well again."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from operator import sub

from chaos.analysis.asked_less import how_bad
from chaos.clock import RunClock
from chaos.engine.dns_health import FEWEST, Health, Heard, Usual, ViewKey, judge, together
from chaos.engine.probing import Probing
from chaos.engine.progress import Progress
from chaos.model import FaultWindow, Series
from chaos.model.outcome import TIMEOUT
from chaos.model.pace import PACE
from chaos.model.recording import Recorder

_NS_PER_S = 1_000_000_000
# A window is judged when it is at least so long; one with too few answers after the longer time is dropped.
_WINDOW_S, _GIVEN_UP_S = 0.9, 30.0
# So many overloaded windows in a row count as an overload: a burst, or the moments after a fault, are shorter.
_IN_A_ROW = 3
# Nothing is judged for so long after a change of pace: answers to earlier questions are still coming in.
_SETTLES_S = 1.5
# What is usual is learned from at most so much before the first steady state.
_LEARNED_FROM_S = 5.0
# Servers must be well for so long before they are asked more often; each time that this was too early, it doubles.
_WELL_FOR_S, _WELL_FOR_AT_MOST_S = 10.0, 300.0
_TOO_SOON_S = 30.0


class BackOff:
    """Looks at what the DNS probes heard since the last look, and changes their periods.

    Args:
        allowed: False where the experiment makes cluster DNS fail itself, so that nothing of that is an overload.
    """

    def __init__(
        self, clock: RunClock, recorder: Recorder, probing: Probing, progress: Progress, *, allowed: bool
    ) -> None:
        self._clock = clock
        self._recorder = recorder
        self._probing = probing
        self._progress = progress
        self.allowed = allowed
        self._seen: dict[int, int] = {}  # by series: samples that were looked at
        self._heard: dict[ViewKey, Heard] = {}
        self._since_s = 0.0
        self._touched: frozenset[str] | None = None  # pods of the faults under way; None: there are none
        self._usual: dict[ViewKey, Usual] | None = None  # None: not known yet
        self._too_late: dict[ViewKey, int] = {}  # as of the last look
        self._overloaded = 0  # windows in a row
        self._well_since_s: float | None = None
        self._well_for_s = _WELL_FOR_S
        self._more_since_s = -_TOO_SOON_S

    def look(self) -> None:
        """Take in what was heard; called about once a second."""
        if not self.allowed:
            return
        now_s = self._clock.now_s()
        touched = _touched(self._recorder.history.faults)
        if touched != self._touched:
            self._touched = touched
            self._start_over(now_s)
        if self._usual is None:
            self._learn_what_is_usual()
        self._take_in()
        lasted_s, expected = now_s - self._since_s, self._expected()
        if lasted_s < _WINDOW_S or not expected:
            return
        if all(key in self._heard and self._heard[key].asked >= FEWEST for key in expected):
            heard = {key: self._heard[key] for key in expected}
            before = Health.OVERLOADED if self._overloaded else Health.UNSURE
            health = judge(heard, self._usual or {}, under_fault=touched is not None, before=before)
            self._act(health, together(heard.values()), now_s)
        elif lasted_s > _GIVEN_UP_S:
            self._act(Health.UNSURE, Heard(), now_s)

    # ---- what is heard ----

    def _expected(self) -> list[ViewKey]:
        """The views, each as its vantages hear it, of which a window needs answers to be judged."""
        probing = self._probing
        return [(host.name, view) for host in probing.hosts if not host.lost for view in probing.view_names]

    def _start_over(self, now_s: float, settles_s: float = 0.0) -> None:
        self._heard, self._since_s = {}, now_s + settles_s

    def _asked(self) -> Iterator[Series]:
        """Series that tell of cluster DNS; those that a method opened may ask other servers, or fail on purpose."""
        views, watched = set(self._probing.view_names), self._probing.watched
        for series in self._recorder.history.series:
            if series.probe == "dns" and series.view in views and series.id not in watched:
                yield series

    def _take_in(self) -> None:
        columns = self._recorder.history.samples
        since_ns = round(self._since_s * _NS_PER_S)
        timeouts = self._timeouts()
        for series in self._asked():
            first, number = self._seen.get(series.id, 0), len(columns[series.id])
            self._seen[series.id] = number
            untouched = self._touched is None or (series.pod and series.pod not in self._touched)
            if first < number and untouched:
                heard = self._heard.setdefault((series.vantage, series.view), Heard())
                self._add(heard, series, first, number, since_ns, timeouts)
        for host in self._probing.hosts:
            for view, number in host.too_late().items():
                key = host.name, view
                if key in self._heard:
                    self._heard[key].too_late += number - self._too_late.get(key, 0)
                self._too_late[key] = number

    def _add(self, heard: Heard, series: Series, first: int, end: int, since_ns: int, timeouts: frozenset[int]) -> None:
        """Samples of a series from a position on, of questions that were sent since an instant."""
        columns, outcomes = self._recorder.history.samples[series.id], self._recorder.history.outcomes
        sent_ns, found = columns.sent_ns[first:end], columns.outcome[first:end]
        for at_ns, took_ns, outcome in zip(
            sent_ns, map(sub, columns.received_ns[first:end], sent_ns), found, strict=True
        ):
            if at_ns < since_ns:
                continue
            if outcome in timeouts:
                heard.lost += 1
            elif outcomes[outcome].says_something:
                heard.took_ns.append(took_ns)

    def _timeouts(self) -> frozenset[int]:
        outcomes = enumerate(self._recorder.history.outcomes)
        return frozenset(number for number, outcome in outcomes if outcome.status == TIMEOUT)

    def _learn_what_is_usual(self) -> None:
        """From the time up to the first steady state, at the pace that was in force then."""
        marks = self._recorder.history.marks
        steady_ns = next((at_ns for at_ns, what, d in marks if what == "steady-state" and d.get("reached")), None)
        if steady_ns is None:
            return
        paced_ns = max((at_ns for at_ns, what, _ in marks if what == PACE), default=0)
        since_ns = max(steady_ns - round(_LEARNED_FROM_S * _NS_PER_S), paced_ns + round(_SETTLES_S * _NS_PER_S))
        timeouts = self._timeouts()
        heard: dict[ViewKey, Heard] = {}
        for series in self._asked():
            received_ns = self._recorder.history.samples[series.id].received_ns
            first, end = bisect_left(received_ns, since_ns), bisect_left(received_ns, steady_ns)
            one = heard.setdefault((series.vantage, series.view), Heard())
            self._add(one, series, first, end, since_ns, timeouts)
        self._usual = {key: Usual.of(one) for key, one in heard.items() if one.took_ns}

    # ---- what follows ----

    def _act(self, health: Health, heard: Heard, now_s: float) -> None:
        pacing = self._probing.pacing
        self._overloaded = self._overloaded + 1 if health is Health.OVERLOADED else 0
        if health is not Health.WELL:
            self._well_since_s = None
        elif self._well_since_s is None:
            self._well_since_s = self._since_s
        if health is Health.WELL and pacing.factor > 1 and self._usual:  # it may have been busy in the steady state
            self._usual = {key: usual.or_faster(self._heard.get(key)) for key, usual in self._usual.items()}
        well_s = 0.0 if self._well_since_s is None else now_s - self._well_since_s
        if self._overloaded >= _IN_A_ROW and pacing.can_stretch(self._probing.rates.dns_period_s):
            if now_s - self._more_since_s < _TOO_SOON_S:
                self._well_for_s = min(2 * self._well_for_s, _WELL_FOR_AT_MOST_S)
            self._change(pacing.factor * 2, heard, now_s)
        elif pacing.factor > 1 and well_s >= self._well_for_s:
            self._more_since_s = now_s
            self._change(pacing.factor // 2, heard, now_s)
        else:
            self._start_over(now_s)

    def _change(self, factor: int, heard: Heard, now_s: float) -> None:
        usual = (self._usual or {}).values()
        was = self._probing.pacing.factor
        why = {
            "was": was,
            "since_ns": round(self._since_s * _NS_PER_S),
            "lost_share": round(heard.lost_share, 4),
            "took_ns": heard.quantile_ns(0.5),
            "usual_lost_share": round(max((one.lost_share for one in usual), default=0.0), 4),
            "usual_took_ns": max((one.took_ns[0.5] for one in usual), default=0),
        }
        self._probing.pacing.change(factor, self._probing.rates.dns_period_s, **why)
        self._overloaded, self._well_since_s = 0, None
        self._start_over(now_s, _SETTLES_S)
        every = f"each record is asked for every {self._probing.dns_period_s * 1000:.1f} ms"
        if factor < was:
            again = " again, as planned" if factor == 1 else f", {factor} times less often than planned"
            self._progress.step(f"cluster DNS is well at this pace: {every}{again}")
            return
        self._progress.warning(
            f"cluster DNS is overloaded ({how_bad(why)}): {every} now, {factor} times less often than planned, and "
            "intervals are about as wide"
        )


def _touched(faults: Iterable[FaultWindow]) -> frozenset[str] | None:
    open_ones = [fault for fault in faults if fault.ended_ns is None]
    return frozenset(pod.name for fault in open_ones for pod in fault.targets) if open_ones else None
