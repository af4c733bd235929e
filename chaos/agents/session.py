"""One agent, as the runner sees it: a host of probes that is somewhere else and has another clock."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from typing import Any

from chaos.agents.protocol import VERSION, Message, decode, encode, outcome_from
from chaos.agents.stream import LineStream
from chaos.agents.timebase import ClockPoint, TimeBase
from chaos.clock import RunClock
from chaos.errors import ApiError, ChaosError, PreflightError
from chaos.model import Outcome, Samples, Series
from chaos.model.blocks import append_block
from chaos.model.recording import Recorder
from chaos.probes import DnsView

# How often the clock is read and samples are fetched: what is seen of an agent is at most so much behind.
PING_S = 0.25
# A reading whose round trip took longer is repeated at once; half of the best one is the clock's error bound. Far from
# the cluster all take longer: there it is one that took half as long again as the best of the latest.
_GOOD_ROUND_TRIP_NS = 2_000_000
_GOOD_FACTOR = 1.5
_LATEST = 100
_READINGS = 3
# Where all were bad, what was sampled waits for a better one, but not for ever.
_PATIENCE_NS = 1_000_000_000
_FIRST_READINGS = 8
# Without an answer for so long the stream counts as cut, and is opened again.
_SILENT_S = 5.0
_RECONNECT_WITHIN_S = 30.0
_RECONNECT_PAUSE_S = 0.5
_DRAIN_S = 3.0
_COUNT_WITHIN_S = 2.0
_COUNT_EVERY_S = 5.0
# Where an agent's clock moved by more than this between two readings, what was measured meanwhile says nothing. A clock
# that is slewed moves by 0.5 ms in a second.
UNSURE_NS = 10_000_000

_GREETING = 0  # the number under which the answer to hello is awaited; questions are numbered from 1

LOST = "LOST"  # status of a query that was under way when its agent was lost


class AgentSession:
    """Talks with one agent; satisfies `chaos.probes.Host`.

    Its samples get instants of the run's clock that are bounds: *sent* is the earliest that it can have been,
    *received* the latest. An interval between two samples is thereby widened by what is not known about its clock.

    Args:
        name: of the vantage, such as ``agent-0``.
        node: that it runs on.
        open_stream: opens a stream to the agent's process; called again after a cut.
        fate: why the pod cannot come back (evicted, its node gone, …); empty while it may.
    """

    def __init__(
        self,
        name: str,
        node: str,
        open_stream: Callable[[], Awaitable[LineStream]],
        clock: RunClock,
        recorder: Recorder,
        fate: Callable[[], str],
    ) -> None:
        self.name = name
        self.node = node
        self.lost = ""
        self.about: Message = {}
        self.samples = 0
        self.time_base = TimeBase(UNSURE_NS)
        self._open_stream = open_stream
        self._clock = clock
        self._recorder = recorder
        self._fate = fate
        self._stream: LineStream | None = None
        self._cut = ""  # why there is no stream at the moment
        self._bytes = [0, 0]  # of streams that have ended
        self._commands: deque[tuple[int, bytes]] = deque()  # not yet known to be carried out
        self._numbered = 0
        self._numbered_before = 0  # as of the last look
        self._asked = 0
        self._waiting: dict[int, asyncio.Future[Message]] = {}
        self._round_trips_ns: deque[int] = deque(maxlen=_LATEST)
        self._pings: dict[int, int] = {}  # number → when it was sent
        self._batches: deque[Message] = deque()  # received, not placed in time yet
        self._have = 0
        self._outcomes: dict[int, int] = {}  # the agent's number → ours
        self._latest_received: dict[int, int] = {}  # by series
        self._placed_ns = 0
        self._read_ns = -_PATIENCE_NS  # when the newest reading was sent
        self._newest_reading = 0  # number of its ping; what an earlier ping fetched lies between two readings
        self._counters: dict[str, Any] = {}
        self._too_late: dict[str, int] = {}
        self._reader: asyncio.Task[None] | None = None
        self._keeper: asyncio.Task[None] | None = None

    # ---- conversation ----

    async def start(self, views: tuple[DnsView, ...], timeout_s: float) -> None:
        """Say hello and read the agent's clock.

        Raises:
            ChaosError: it does not answer as it should.
        """
        self._hello = {"hello": VERSION, "views": [asdict(view) for view in views], "timeout_s": timeout_s}
        await self._connect()
        for _ in range(_FIRST_READINGS):
            await self._read_clock()
        self._mark_clock("before")

    async def _connect(self) -> None:
        stream = self._stream = await self._open_stream()
        greeting = self._expect(_GREETING)
        self._reader = asyncio.create_task(self._read(stream))
        await self._send({**self._hello, "have": self._have})
        self.about = await self._answer(greeting, "hello")
        if "problem" in self.about:
            raise PreflightError(f"{self.name} ({self.node}): {self.about['problem']}")
        self._carried_out(self.about["done"])
        for _, command in list(self._commands):
            await stream.send(command)

    async def _read(self, stream: LineStream) -> None:
        """Take in what the agent says, until the stream ends; whoever waits for an answer learns of the end."""
        why = ""
        try:
            async for received_s, line in stream.lines():
                self._take(decode(line), received_s)
        except (LookupError, TypeError, ValueError) as exc:
            why = f"it sent what cannot be read: {type(exc).__name__}: {exc}"
        for future in self._waiting.values():
            if not future.done():
                future.set_result({"cut": why or stream.why()})
        self._waiting.clear()

    def _take(self, message: Message, received_s: float) -> None:
        if "pong" in message:
            self._take_pong(message, received_s)
        elif "batch" in message:
            self._take_batch(message)
        elif "resolved" in message:
            self._fulfil(message["resolved"], message)
        elif "counted" in message:
            self._fulfil(message["counted"], message)
        else:
            self._fulfil(_GREETING, message)

    def _take_pong(self, message: Message, received_s: float) -> None:
        sent_ns = self._pings.pop(message["pong"], None)
        self._carried_out(message["done"])
        self._too_late = message.get("late", self._too_late)
        if sent_ns is not None:
            received_ns = round((received_s - self._clock.zero_s) * 1e9)
            message["point"] = ClockPoint(message["at"], sent_ns, received_ns)
        self._fulfil(message["pong"], message)

    def _take_batch(self, message: Message) -> None:
        if message["batch"] != self._have + 1:
            return  # it is sent again where the cut kept our acknowledgement from the agent
        self._have = message["batch"]
        self._batches.append(message)
        self._place()

    def _carried_out(self, number: int) -> None:
        while self._commands and self._commands[0][0] <= number:
            self._commands.popleft()

    async def _send(self, message: Message) -> None:
        await self._send_line(encode(message))

    async def _send_line(self, line: bytes) -> None:
        if self._stream is None:
            raise ApiError(f"{self.name} ({self.node}): its connection is cut")
        await self._stream.send(line)

    def _expect(self, number: int) -> asyncio.Future[Message]:
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        return future

    def _fulfil(self, number: int, message: Message) -> None:
        future = self._waiting.pop(number, None)
        if future is not None and not future.done():
            future.set_result(message)

    async def _answer(self, future: asyncio.Future[Message], what: str, within_s: float = _SILENT_S) -> Message:
        try:
            async with asyncio.timeout(within_s):
                message = await future
        except TimeoutError:
            raise ApiError(f"{self.name} ({self.node}) did not answer {what} within {within_s:g} s") from None
        if "cut" in message:
            raise ApiError(f"{self.name} ({self.node}): {message['cut']}")
        return message

    async def _read_clock(self) -> None:
        """Exchange a ping, again where its round trip was bad, and take the best as a point of the time base."""
        best: ClockPoint | None = None
        best_number = 0
        for _ in range(_READINGS):
            self._asked += 1
            number = self._asked
            answer = self._expect(number)
            self._pings[number] = self._clock.now_ns()
            await self._send({"ping": number, "have": self._have})
            point: ClockPoint = (await self._answer(answer, "a ping"))["point"]
            self._round_trips_ns.append(point.round_trip_ns)
            good_ns = max(_GOOD_ROUND_TRIP_NS, _GOOD_FACTOR * min(self._round_trips_ns))
            if best is None or point.round_trip_ns < best.round_trip_ns:
                best, best_number = point, number
            if point.round_trip_ns <= good_ns:
                break
        assert best is not None  # noqa: S101 - the loop ran
        if best.round_trip_ns > good_ns and best.sent_ns - self._read_ns < _PATIENCE_NS:
            return  # bounds from a slow exchange are wide, and the next reading may be a better one
        self._read_ns = best.sent_ns
        self.time_base.add(best)
        self._newest_reading = best_number
        self._place()

    async def keep_talking(self) -> None:
        """Read the clock again and again; take the conversation up again after a cut; give up when it is hopeless.

        Goes on until the agent is lost or `finish` is called.
        """
        self._keeper = asyncio.current_task()
        due_s = counted_s = self._clock.now_s()
        while True:
            due_s = max(due_s + PING_S, self._clock.now_s())
            await asyncio.sleep(due_s - self._clock.now_s())
            try:
                await self._read_clock()
                await self._send_again()
                if self._clock.now_s() - counted_s > _COUNT_EVERY_S:  # so that something is known if it is lost
                    counted_s = self._clock.now_s()
                    await self._count()
            except ChaosError as exc:
                if not await self._take_up_again(exc.message):
                    return

    async def _send_again(self) -> None:
        """Send commands again that were not carried out since the last look; the agent knows doubles by number."""
        if self._commands and self._commands[0][0] <= self._numbered_before:
            for _, command in list(self._commands):
                await self._send_line(command)
        self._numbered_before = self._numbered

    async def _take_up_again(self, cut: str) -> bool:
        """Open the stream again; False where the agent is lost."""
        from_ns = self._read_ns  # the last instant at which it was heard for sure
        tried_ns = self._clock.now_ns()
        last = self._cut = cut
        while (fate := self._fate()) == "" and self._clock.now_ns() - tried_ns < _RECONNECT_WITHIN_S * 1e9:
            await self._drop_stream()
            try:
                await self._connect()
                await self._read_clock()
            except ChaosError as exc:
                last = exc.message
                await asyncio.sleep(_RECONNECT_PAUSE_S)
            else:
                self._recorder.mark(
                    self._clock.now_ns(),
                    "vantage-gap",
                    vantage=self.name,
                    from_ns=from_ns,
                    to_ns=self._clock.now_ns(),
                    reason=cut,
                )
                self._cut = ""
                return True
        await self._drop_stream()
        self._give_up(fate or f"its connection could not be taken up again: {last}")
        return False

    def _give_up(self, reason: str) -> None:
        self.lost = reason
        unplaced = sum(len(block["outcome"]) for batch in self._batches for block in batch["samples"])
        self._batches.clear()
        self._mark_unsure()
        self._recorder.mark(
            self._placed_ns,
            "vantage-lost",
            vantage=self.name,
            node=self.node,
            reason=reason,
            samples=self.samples,
            unplaced=unplaced,
        )

    async def _drop_stream(self) -> None:
        stream, self._stream = self._stream, None
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])
        if stream is not None:
            await stream.close()
            self._bytes[0] += stream.bytes_sent
            self._bytes[1] += stream.bytes_received
        self._pings.clear()

    # ---- samples ----

    def _place(self) -> None:
        """Give instants of the run's clock to what was sampled before the last reading of the agent's clock."""
        while self._batches and self._batches[0]["ping"] <= self._newest_reading:
            batch = self._batches.popleft()
            for number, fields in batch["outcomes"]:
                self._outcomes[number] = self._recorder.outcome_id(outcome_from(fields))
            for block in batch["samples"]:
                self._place_block(block)
            self._placed_ns = self.time_base.lower_ns(batch["until"])

    def _place_block(self, block: Message) -> None:
        """Samples are recorded in order of receipt; where the bounds of two spans overlap, the later one is kept."""
        taken = Samples()
        append_block(block, taken)
        series_id = block["series"]
        base = self.time_base
        latest_ns = self._latest_received.get(series_id, 0)
        for scheduled_ns, sent_ns, received_ns, outcome in taken.rows():
            latest_ns = max(base.upper_ns(received_ns), latest_ns)
            self._recorder.sample(
                series_id,
                base.middle_ns(scheduled_ns),
                base.lower_ns(sent_ns),
                latest_ns,
                self._outcomes[outcome],
            )
        self._latest_received[series_id] = latest_ns
        self.samples += len(taken)

    # ---- Host ----

    def open(self, series: Series, port: int, phase_s: float) -> None:
        """See `chaos.probes.Host.open`."""
        self._command("open", series=asdict(series), port=port, phase_s=phase_s)

    def close(self, series_id: int) -> None:
        """See `chaos.probes.Host.close`."""
        self._command("close", series=series_id)

    def pace(self, periods: Mapping[int, float]) -> None:
        """See `chaos.probes.Host.pace`."""
        self._command("pace", periods=list(periods.items()))

    def _command(self, what: str, **fields: Any) -> None:
        if self.lost:
            return
        self._numbered += 1
        command = encode({"do": self._numbered, "what": what, **fields})
        self._commands.append((self._numbered, command))
        if self._stream is not None:
            task = asyncio.ensure_future(self._stream.send(command))
            task.add_done_callback(lambda done: done.cancelled() or done.exception())  # a cut is seen by the next ping

    async def resolve(self, name: str, rtype: str, view: str, timeout_s: float) -> Outcome:
        """See `chaos.probes.Host.resolve`."""
        if self.lost or self._stream is None:
            return Outcome(LOST, detail=self.lost or "its connection is cut")
        self._asked += 1
        number = self._asked
        answer = self._expect(number)
        try:
            await self._send({"resolve": number, "name": name, "rtype": rtype, "view": view, "timeout_s": timeout_s})
            found = await self._answer(answer, "a question", timeout_s + _SILENT_S)
        except ApiError as exc:
            return Outcome(LOST, detail=exc.message)
        return outcome_from(found["outcome"])

    def too_late(self) -> Mapping[str, int]:
        """See `chaos.probes.Host.too_late`."""
        return self._too_late

    def counters(self) -> dict[str, Any]:
        """See `chaos.probes.Host.counters`; and its clock. As of the end, or of a few seconds before the loss."""
        return {**self._counters, "node": self.node, "samples": self.samples, "clock": self.time_base.summary()}

    @property
    def traffic(self) -> tuple[int, int]:
        """Bytes sent and received on its streams."""
        now = (self._stream.bytes_sent, self._stream.bytes_received) if self._stream is not None else (0, 0)
        return self._bytes[0] + now[0], self._bytes[1] + now[1]

    async def finish(self) -> None:
        """Stop its probes, fetch what is left, read its clock once more, and let it go. Never raises, never hangs."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait([self._keeper])
        if self.lost or self._keeper is None:
            await self._drop_stream()
            return
        self._command("stop")
        try:
            async with asyncio.timeout(_DRAIN_S):
                try:
                    await self._drain()
                except ApiError:  # it is, or was just now, cut: once more over a new stream
                    await self._drop_stream()
                    await self._connect()
                    await self._drain()
        except (ChaosError, TimeoutError) as exc:
            why = exc.message if isinstance(exc, ChaosError) else f"no answer within {_DRAIN_S:g} s"
            cut = f" (before: {self._cut})" if self._cut else ""
            self._give_up(f"what it had at the end of the run could not be fetched: {why}{cut}")
        else:
            self._mark_unsure()
            self._mark_clock("after")
        await self._drop_stream()

    async def _drain(self) -> None:
        """Fetch what was sampled, and give it its place in time by a reading that comes after it."""
        await self._read_clock()
        while self._batches:
            await self._read_clock()
        await self._count()
        await self._send({"bye": 1})

    async def _count(self) -> None:
        self._asked += 1
        answer = self._expect(self._asked)
        await self._send({"count": self._asked})
        self._counters = (await self._answer(answer, "for its counters", _COUNT_WITHIN_S))["counters"]

    # ---- its clock, in the history ----

    def _mark_clock(self, phase: str) -> None:
        self._recorder.mark(self._clock.now_ns(), "clock", vantage=self.name, phase=phase, **self.time_base.newest())

    def _mark_unsure(self) -> None:
        for span in self.time_base.unsure:
            self._recorder.mark(
                span.to_ns,
                "clock-unsure",
                vantage=self.name,
                from_ns=span.from_ns,
                to_ns=span.to_ns,
                moved_ns=span.moved_ns,
                reason=span.reason,
            )
