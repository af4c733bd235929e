"""Is everything right? The steady state that an experiment's hypothesis is about."""

from __future__ import annotations

from collections.abc import Callable, Collection
from operator import attrgetter
from typing import NamedTuple

from chaos.engine.readiness import why
from chaos.engine.target import WatchedTarget, is_ready
from chaos.model import Outcome, Samples, Series
from chaos.model.recording import Recorder

# So many samples in a row without an answer are more than a busy network loses.
_SILENT_SAMPLES = 5
_NS_PER_S = 1_000_000_000
# An agent's samples come several times a second, once its clock was read.
_DELIVERED_NS = _NS_PER_S


class _Newest(NamedTuple):
    """What the newest samples of a series tell.

    Attributes:
        problem: what is wrong, for people; empty: nothing.
        sent_ns: of the newest one that says something.
        received_ns: of it.
        patience_ns: for how long nothing may come after it.
        silent: whether the problem is that nothing is heard.
    """

    problem: str
    sent_ns: int = 0
    received_ns: int = 0
    patience_ns: int = 0
    silent: bool = False


class SteadyState:
    """Compares the newest samples with what the API says that they should be.

    Args:
        governing_name: absolute DNS name of the governing service.
        lost: vantages whose newest samples say nothing about the present.
        watched: ids of series that are the method's own: what they should find, it alone knows.
        period_s: how often a series is sampled now.

    Attributes:
        unheard: of what was missing last, that of which only silence is known.
    """

    def __init__(
        self,
        target: WatchedTarget,
        recorder: Recorder,
        governing_name: str,
        lost: Callable[[], Collection[str]],
        watched: Collection[int],
        period_s: Callable[[Series], float] = attrgetter("period_s"),
    ) -> None:
        self._period_s = period_s
        self._lost = lost
        self._watched = watched
        self._target = target
        self._recorder = recorder
        self._governing = governing_name
        self.unheard: list[str] = []
        self._addresses: dict[str, str] = {}
        self._ipv6: dict[str, str] = {}
        self._answers: dict[int, tuple[int, _Newest | None]] = {}  # by series: samples that it was read from

    def missing(self, now_ns: int, began_ns: int = 0, since_ns: int = 0) -> list[str]:
        """What is not right now, for people; empty: steady.

        Args:
            now_ns: the instant of this look.
            began_ns: what was answered to questions from before that instant says nothing about the present.
            since_ns: what was seen wrong by questions from before that instant only counts as not heard.
        """
        self.unheard = []
        wrong = self._wrong_pods()
        if wrong:
            return wrong
        addresses = {pod.name: pod.address for pod in self._target.pods}
        history = self._recorder.history
        lost = self._lost()
        vantages = {series.vantage for series in history.series}
        if vantages and vantages <= set(lost):
            self.unheard = [f"{', '.join(sorted(vantages))}: lost, so nothing is measured any more"]
            return list(self.unheard)
        heard_ns = self._heard_ns()
        several = len(vantages) > 1
        if addresses != self._addresses:
            self._addresses, self._answers = addresses, {}
            self._ipv6 = {pod.name: pod.ipv6 for pod in self._target.pods}
        for series in history.series:
            if series.vantage in lost or series.id in self._watched:
                continue
            answer = self._answer(series, addresses)
            if answer is None:
                continue
            heard = heard_ns.get(series.vantage, 0)
            # No sample for longer than one should take: the question under way may be the first that is not answered.
            late = heard - answer.received_ns > answer.patience_ns or answer.sent_ns < began_ns
            late = late or now_ns - heard > max(_DELIVERED_NS, answer.patience_ns)
            if answer.problem or late:
                where = f" ({series.view})" if series.view else ""
                where += f" from {series.vantage}" if several else ""
                wrong.append(f"{series.probe} {series.record}{where}: {answer.problem or 'not heard again yet'}")
                if answer.silent or not answer.problem or answer.sent_ns < since_ns:
                    self.unheard.append(wrong[-1])
        return wrong

    def _answer(self, series: Series, addresses: dict[str, str]) -> _Newest | None:
        """What the newest samples of a series tell; None where it says nothing about the present.

        A look comes many times a second and few series have new samples by then, so it is kept until they have.
        """
        samples = self._recorder.history.samples[series.id]
        number = len(samples.received_ns)
        kept = self._answers.get(series.id)
        if kept is not None and kept[0] == number:
            return kept[1]
        answer = None if self._retired(series, addresses) else self._read(series, samples, addresses)
        self._answers[series.id] = number, answer
        return answer

    def _read(self, series: Series, samples: Samples, addresses: dict[str, str]) -> _Newest:
        history = self._recorder.history
        newest, silent = self._recorder.known[series.id], self._recorder.unknown_run[series.id]
        if newest < 0 or silent >= _SILENT_SAMPLES:
            status = history.outcomes[self._recorder.latest[series.id]].status if silent else "not sampled yet"
            return _Newest(status, silent=True)
        sent_ns, received_ns = samples.sent_ns[-1 - silent], samples.received_ns[-1 - silent]
        # A probe that asks one question at a time cannot ask again before the last one was answered.
        patience_ns = _SILENT_SAMPLES * max(round(self._period_s(series) * _NS_PER_S), received_ns - sent_ns)
        problem = self._problem(series, history.outcomes[newest], addresses)
        return _Newest(problem, sent_ns, received_ns, patience_ns)

    @property
    def patience_s(self) -> float:
        """The time in which each series has asked again and got an answer or a timeout."""
        asked = [s for s in self._recorder.history.series if s.id not in self._watched]
        return max((self._period_s(series) + series.timeout_s for series in asked), default=0.0)

    def _heard_ns(self) -> dict[str, int]:
        """Vantage → up to when its samples are here; what an agent sampled since is on its way."""
        found: dict[str, int] = {}
        history = self._recorder.history
        for series in history.series:
            received_ns = history.samples[series.id].received_ns
            if received_ns and received_ns[-1] > found.get(series.vantage, 0):
                found[series.vantage] = received_ns[-1]
        return found

    def _wrong_pods(self) -> list[str]:
        wrong = []
        ready = self._target.ready_addresses(self._target.service)
        for name in self._target.names:
            pod = self._target.objects.get(name)
            if pod is None:
                wrong.append(f"pod {name}: does not exist")
            elif not is_ready(pod):
                wrong.append(f"pod {name}: {why(pod)}")
            elif ready.get(pod["metadata"]["uid"]) != pod["status"]["podIP"]:
                wrong.append(f"pod {name}: no ready endpoint in service {self._target.service}")
        return wrong

    def _retired(self, series: Series, addresses: dict[str, str]) -> bool:
        """Series of an address that its pod no longer has say nothing about the present, nor do a method's own."""
        if (series.pod not in addresses) if series.pod else (series.name != self._governing):
            return True
        if series.probe == "address":
            return addresses.get(series.pod) != series.name
        if series.record.startswith("PTR "):
            return addresses.get(series.pod) != series.record.removeprefix("PTR ")
        return False

    def _problem(self, series: Series, found: Outcome, addresses: dict[str, str]) -> str:
        if series.probe == "dns":
            expected = self._expected(series, addresses)
            if found.status != "NOERROR":
                return found.status
            # A service of several ports has an SRV record of each for every pod: values may repeat.
            values, wanted = set(found.values), set(expected)
            # Every service that selects the pod adds a reverse name of its own, and pods of other workloads that the
            # service selects have records beside the target's. All endpoints are gone through for that, so only then.
            right = values == wanted or (wanted < values and self._may_have_more(series, values - wanted))
            return "" if right else f"{', '.join(sorted(values))} instead of {', '.join(expected)}"
        if found.status != "OK":
            return f"{found.status} ({found.phase})"
        if series.probe == "tcp":
            return "" if found.address == addresses[series.pod] else f"reached {found.address}"
        if found.values and found.values != (series.pod,):
            return f"{found.values[0]} answered"
        return ""

    def _may_have_more(self, series: Series, more: set[str]) -> bool:
        """Whether answers beside the expected ones are right."""
        if series.record.startswith("PTR "):
            return True
        others = self._target.others() if not series.pod else frozenset()
        return bool(others) if series.record.startswith("SRV ") else more <= others

    def _expected(self, series: Series, addresses: dict[str, str]) -> tuple[str, ...]:
        if series.record.startswith("SRV "):
            return tuple(sorted(f"{pod}.{self._governing}" for pod in addresses))
        if series.record.startswith("PTR "):
            return (f"{series.pod}.{self._governing}",)
        addresses = self._ipv6 if series.record.startswith("AAAA ") else addresses
        return (addresses[series.pod],) if series.pod else tuple(sorted(addresses.values()))
