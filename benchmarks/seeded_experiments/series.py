"""What the tool says of single series: when an answer changed, and for how long clients failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from benchmarks.seeded_experiments.intervals import Claim, seconds
from benchmarks.seeded_experiments.scenes import Scene
from benchmarks.seeded_experiments.world import Steps, Value, World, joined
from chaos.analysis.connections import ClientView, client_views
from chaos.analysis.outage import outage
from chaos.analysis.reading import Reading
from chaos.analysis.transitions import transitions
from chaos.model import History, Interval, Series
from chaos.model.outcome import OK

_NS_PER_S = 1_000_000_000
_BY_NAME = ("tcp", "http")


class SeriesClaims:
    """The claims about the series of one run."""

    def __init__(self, world: World, history: History, scenes: list[Scene], *, lossy: bool) -> None:
        self._world, self._history, self._lossy = world, history, lossy
        self._reading = Reading(history)
        self._scenes = {(s.fault.trial, s.target.name): s for s in scenes}
        self._last_ns = max((s.received_ns[-1] for s in history.samples.values() if len(s)), default=0)

    def claims(self) -> Iterator[Claim]:
        """Of every DNS series, and of every client."""
        for series in self._history.series:
            if series.probe == "dns":
                yield from self._transitions(series)
        for view in client_views(self._reading):
            yield from self._client(view)
        for series in self._history.series:
            if series.probe in (*_BY_NAME, "clusterip", "address"):
                yield from self._outage(series)

    # ---- answers ----

    def _transitions(self, series: Series) -> Iterator[Claim]:
        rtype = series.record.partition(" ")[0]
        servers = [self._world.answers(r, series.name, rtype) for r in self._world.views(series.view)]
        for change in transitions(self._reading, series):
            if change.before is None or change.at.before_ns is None:
                continue
            before, after = _values(change.before.values), _values(change.after.values)
            if before == after:
                continue
            said = [_said(server, change.at) for server in servers]
            if len(servers) == 1:
                # Both answers were given in that time, the old one first.
                holds = any(b == before and after in said[0][n + 1 :] for n, b in enumerate(said[0]))
            else:
                holds = any(before in one for one in said) and any(after in one for one in said)
            what = f"{series.record} @ {series.view} from {series.vantage}: {before} to {after}"
            yield Claim("transition", what, change.at, holds, str(said)[:200], _width_s(change.at), series.period_s)

    # ---- clients ----

    def _client(self, view: ClientView) -> Iterator[Claim]:
        scene = self._scenes[view.trial.key]
        works = self._works(view.probe, view.record, scene.target.name)
        if works is None:
            return
        what = f"trial {view.trial.number} {view.probe} {view.record}"
        if view.failed is not None and view.failed.before_ns is not None:
            yield self._edge("client failed", what, view.failed, works)
        if view.restored is not None and view.restored.before_ns is not None:
            yield self._edge("client restored", what, view.restored, works)
        if view.outage_ns is not None:
            series = next(s for s in self._history.series if (s.probe, s.record) == (view.probe, view.record))
            began_ns = _began_ns(works, view.trial.sent_ns, view.trial.baseline_ns)
            span = self._sampled(series, began_ns, view.trial.end_ns)
            yield self._length("client outage", what, view.outage_ns, works, span, series)

    def _outage(self, series: Series) -> Iterator[Claim]:
        works = self._works(series.probe, series.record, series.pod)
        faults = [f.sent_ns for f in self._history.faults if f.accepted_ns is not None]
        if works is None or not faults:
            return
        found = outage(self._reading, series, faults[0])
        if found is not None:
            what = f"{series.probe} {series.record} from {series.vantage}"
            if self._had_worked(series, found.began):
                yield self._edge("outage began", what, found.began, works)
            if found.ended.before_ns is not None:
                yield self._edge("outage ended", what, found.ended, works)
            span = self._sampled(series, faults[0], self._last_ns)
            yield self._length("outage", what, found.length_ns, works, span, series)

    def _had_worked(self, series: Series, began: Interval) -> bool:
        """Whether there was a success before; of a new pod's address, which never worked, none is claimed."""
        samples = self._reading.samples(series)
        return any(s.outcome.status == OK and s.sent_ns <= began.after_ns for s in samples)

    def _sampled(self, series: Series, from_ns: int, to_ns: int) -> tuple[int, int]:
        """That part of a time of which a client's tries tell: a success tells of no time after it was begun."""
        samples = self._history.samples[series.id]
        good = self._history.outcomes[samples.outcome[-1]].status == OK
        return max(from_ns, min(samples.sent_ns)), min(to_ns, (samples.sent_ns if good else samples.received_ns)[-1])

    def _works(self, probe: str, record: str, pod: str) -> Steps[tuple[bool, ...]] | None:
        """Whether an exchange of that kind can succeed, by the server or backend that it may be sent to."""
        if probe == "address":
            serves = self._world.who_serves(record.rpartition(":")[0])
            return joined([_is(serves, bool)])
        if probe == "clusterip":
            routes = self._world.routes(record.rpartition(":")[0])
            return self._leads([routes])
        if probe in _BY_NAME and pod:
            target = self._history.meta.target
            domain = f"{target['service'] or 'web'}.{target['namespace']}.svc.{target.get('domain', 'cluster.local')}"
            return self._leads([self._world.answers(r, f"{pod}.{domain}", "A") for r in self._world.replicas])
        return None

    def _leads(self, answers: list[Steps[Value]]) -> Steps[tuple[bool, ...]]:
        """Whether each of them leads to addresses that all serve."""
        addresses = sorted({a for one in answers for value in one.values for a in value})
        serving = [_is(self._world.who_serves(address), bool) for address in addresses]
        both = joined([*answers, *serving])
        found: Steps[tuple[bool, ...]] = Steps(tuple(False for _ in answers))
        for at_ns, values in zip(both.at_ns, both.values, strict=True):
            up = dict(zip(addresses, values[len(answers) :], strict=True))
            found.add(at_ns, tuple(bool(v) and all(up[a] for a in v) for v in values[: len(answers)]))
        return found

    def _edge(self, kind: str, what: str, interval: Interval, works: Steps[tuple[bool, ...]]) -> Claim:
        """It worked, and it did not, within that time, for a client that is sent to any of the servers."""
        assert interval.before_ns is not None
        seen = works.within(interval.after_ns, interval.before_ns)
        worked, failed = any(any(v) for v in seen), any(not all(v) for v in seen)
        return Claim(kind, what, interval, worked and (failed or self._lossy), str(seen)[:200])

    def _length(
        self,
        kind: str,
        what: str,
        length: Interval,
        works: Steps[tuple[bool, ...]],
        span: tuple[int, int],
        series: Series,
    ) -> Claim:
        """The longest time in which it did not work; of several servers between that of all and that of any."""
        blip_ns = round((series.period_s + series.timeout_s) * _NS_PER_S)
        least = _longest(works, span, any)
        # Between two tries that fail it may work for a while, and no client of that period would know.
        most = _longest(_without_blips(works, blip_ns), span, all)
        probe = series.probe
        # A lost packet of a question is a failure to a client, and no outage of anything.
        high = most >= length.after_ns or (self._lossy and probe in _BY_NAME)
        holds = high and (length.before_ns is None or length.before_ns >= least)
        return Claim(kind, what, length, holds, f"between {seconds([least, most])} s")


def _values(values: Value) -> Value:
    return tuple(sorted(values))


def _said(server: Steps[Value], at: Interval) -> list[Value]:
    assert at.before_ns is not None
    return [_values(value) for value in server.within(at.after_ns, at.before_ns)]


def _is(steps: Steps[str], function: type[bool]) -> Steps[bool]:
    return Steps(function(steps.first), list(steps.at_ns), [function(value) for value in steps.values])


def _width_s(interval: Interval) -> float | None:
    return None if interval.width_ns is None else interval.width_ns / _NS_PER_S


def _began_ns(works: Steps[tuple[bool, ...]], at_ns: int, floor_ns: int) -> int:
    """Since when it has not worked for everybody, where that is so at an instant; the instant itself otherwise."""
    if all(works.value(at_ns)):
        return at_ns
    worked = [at for at in works.at_ns if floor_ns <= at <= at_ns and all(works.value(at - 1))]
    return max(worked, default=floor_ns)


def _without_blips(works: Steps[tuple[bool, ...]], shortest_ns: int) -> Steps[tuple[bool, ...]]:
    """As if it had not worked where it worked for less than that between two times when it did not."""
    nothing = tuple(False for _ in works.first)
    found = Steps(works.first)
    ends = [*works.at_ns[1:], None]
    for at_ns, value, until_ns in zip(works.at_ns, works.values, ends, strict=True):
        short = until_ns is not None and until_ns - at_ns < shortest_ns and bool(found.at_ns)
        found.add(at_ns, nothing if any(value) and short else value)
    return found


def _longest(works: Steps[tuple[bool, ...]], span: tuple[int, int], rule: Callable[[Iterable[bool]], bool]) -> int:
    """The longest stretch of the span in which `rule` (of the servers, `any` or `all`) does not hold."""
    longest_ns, since_ns = 0, None if rule(works.value(span[0])) else span[0]
    for at_ns, up in works.turns(rule, *span):
        if up and since_ns is not None:
            longest_ns, since_ns = max(longest_ns, at_ns - since_ns), None
        elif not up:
            since_ns = at_ns
    return longest_ns if since_ns is None else max(longest_ns, span[1] - since_ns)
