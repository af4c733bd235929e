"""What each verdict should be by the truth: what happened, not what was seen of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from benchmarks.seeded_experiments.scenes import POD_A, PTR, SERVICE_A, SRV, Records, Scene
from benchmarks.seeded_experiments.world import Steps, World
from chaos.model import FaultWindow, History, VerdictOutcome

_NS_PER_S = 1_000_000_000
_LOOKS = 20
_A_RECORDS = (POD_A, SERVICE_A)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the truth says of a check.

    Attributes:
        true: whether the claim that the check makes is true; None where the truth cannot judge it.
        why: what makes it false, or what keeps it from being judged.
        near: whether it is so close to false, or to true, that no measurement at that period could tell.
        was_false: whether it was false at an instant at which `fail` may have been decided: after the limit, and before
            the end.
    """

    true: bool | None
    why: str = ""
    near: bool = False
    was_false: bool = False

    def contradicts(self, outcome: VerdictOutcome) -> bool:
        """Whether a verdict is against it."""
        if outcome is VerdictOutcome.FAIL and self.was_false:
            return False
        wrong = {VerdictOutcome.OK: False, VerdictOutcome.FAIL: True}.get(outcome)
        return wrong is not None and self.true is wrong


class Oracle:
    """Judges the checks of one run.

    Args:
        resolution_s: what the measurement cannot tell apart: two periods plus a round trip.
        asked_s: the same of what connections are asked.
    """

    def __init__(
        self, world: World, history: History, scenes: list[Scene], resolution_s: float, asked_s: float
    ) -> None:
        self._world, self._history, self._scenes = world, history, scenes
        self._asked_ns = round(asked_s * _NS_PER_S)
        self._resolution_ns = round(resolution_s * _NS_PER_S)
        self._limit_ns = round(float(history.meta.parameters["within_s"]) * _NS_PER_S)

    def judge(self, checker: str) -> Judgement:
        """The judgement of a check of that name."""
        accepted = [f for f in self._history.faults if f.accepted_ns is not None]
        if not accepted or len(accepted) < len(self._history.faults):
            return Judgement(None, "not every fault was accepted")
        rules: dict[str, Callable[[], Judgement]] = {
            "fault-took-effect": self._took_effect,
            "steady-state": self._steady_state,
            "identity-kept": self._identity_kept,
            "single-identity": self._single_identity,
            "recovered-within": self._recovered_within,
        }
        return rules[checker]()

    # ---- fault-took-effect ----

    def _took_effect(self) -> Judgement:
        for scene in self._scenes:
            if scene.hit_ns is None or not scene.sent_ns <= scene.hit_ns <= scene.end_ns:
                # The check then says `unknown`, as it should: it never fails.
                return Judgement(true=False, why=f"{scene.target.name} was not deleted", near=True)
        for fault in self._history.faults:
            for target in () if fault.replaces else fault.targets:
                if not self._touched(fault, target.name):
                    return Judgement(true=False, why=f"nothing happened to {target.name}")
        return Judgement(true=True)

    def _touched(self, fault: FaultWindow, name: str) -> bool:
        """Whether a pod was written to in a fault's time."""
        return any(fault.holds(at_ns) for at_ns in self._world.writes(name))

    # ---- steady-state ----

    def _steady_state(self) -> Judgement:
        """It is claimed of instants: those at which the method looked."""
        marks = [(at, m) for at, what, m in self._history.marks if what == "steady-state" and m.get("phase") == "after"]
        if not marks:
            return Judgement(None, "the state after the fault was not looked at")
        for at_ns, mark in marks:
            wrong = self._wrong(at_ns)
            near = self._was_right(at_ns)
            if mark["reached"] and wrong:
                return Judgement(true=False, why=f"at {at_ns / 1e9:.6f} {wrong}", near=near)
            if not mark["reached"]:
                since_ns = self._began_ns(at_ns) + round(float(mark["within_s"]) * _NS_PER_S)
                looks = range(since_ns, at_ns, max(1, (at_ns - since_ns) // _LOOKS))
                was_false = any(self._wrong(instant) for instant in looks)
                why = f"from {since_ns / 1e9:.6f} to {at_ns / 1e9:.6f} {wrong or 'all was right'}"
                return Judgement(true=not wrong, why=why, near=near or (was_false and not wrong), was_false=was_false)
        return Judgement(true=True)

    def _began_ns(self, at_ns: int) -> int:
        """When the method began to wait: with a fault, or with the end of what it waited for before."""
        accepted = [f.accepted_ns for f in self._history.faults if f.accepted_ns is not None]
        steps = [at for at, what, _ in self._history.marks if what in ("steady-state", "waited")]
        return max(at for at in [*accepted, *steps] if at < at_ns)

    def _was_right(self, at_ns: int) -> bool:
        """Whether it changed so near to that instant that nobody could tell."""
        around = range(at_ns - self._resolution_ns, at_ns + self._resolution_ns + 1, max(1, self._resolution_ns // 8))
        return len({bool(self._wrong(instant)) for instant in around}) > 1

    def _wrong(self, at_ns: int) -> str:
        """What is not as it should be with nothing under a fault; empty: nothing."""
        target = self._history.meta.target
        service = f"{target['service']}.{target['namespace']}.svc.{target['domain']}"
        names = [f"{target['statefulset']}-{n}" for n in range(int(target["replicas"]))]
        pods = {name: self._world.ready_pod(name, at_ns) for name in names}
        missing = [name for name, pod in pods.items() if pod is None]
        if missing:
            return f"{missing[0]} was not Ready"
        addresses = {name: pod.address for name, pod in pods.items() if pod is not None}
        for series in self._history.series:
            if series.probe == "clusterip" and self._world.routes(series.name).value(at_ns) != (addresses[series.pod],):
                return f"{series.record} did not lead to {series.pod}"
        wrong = (self._wrong_at(replica, service, addresses, at_ns) for replica in self._world.replicas)
        return next(filter(None, wrong), "")

    def _wrong_at(self, replica: str, service: str, addresses: dict[str, str], at_ns: int) -> str:
        """What a DNS server does not give as it should; empty: nothing."""
        for name, address in addresses.items():
            if self._world.answers(replica, f"{name}.{service}", "A").value(at_ns) != (address,):
                return f"{replica} gave another address for {name}"
            reverse = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
            if f"{name}.{service}" not in self._world.answers(replica, reverse, "PTR").value(at_ns):
                return f"{replica} did not lead from {address} to {name}"
        targets = self._world.answers(replica, service, "SRV").value(at_ns)
        if sorted(targets) != sorted(f"{name}.{service}" for name in addresses):
            return f"{replica} gave other targets for the service"
        if sorted(self._world.answers(replica, service, "A").value(at_ns)) != sorted(addresses.values()):
            return f"{replica} gave other addresses for the service"
        return ""

    # ---- of replacements ----

    def _identity_kept(self) -> Judgement:
        unsure, late = "", False
        for scene in self._scenes:
            where = f"trial {scene.fault.trial} {scene.target.name}"
            over = scene.end_ns - scene.limit_ns >= self._limit_ns
            if scene.ready_ns is None:
                if over:
                    near = self._near_end(scene.new.at_ns.get("ready") if scene.new else None, scene)
                    return Judgement(true=False, why=f"{where}: no successor was Ready", near=near)
                unsure = f"{where}: the limit was not over"
                continue
            if scene.new is not None and scene.new.claims != scene.old.claims:
                return Judgement(true=False, why=f"{where}: other claims")
            for kind, replica, right in self._records(scene, (POD_A, SRV, PTR)):
                late |= _last_wrong(right, scene.sent_ns, scene.end_ns) > scene.limit_ns + self._limit_ns
                if not right.value(scene.end_ns):
                    why = f"{where}: {kind} wrong at {replica} at the end ({scene.end_ns / 1e9:.6f})"
                    if not over:
                        unsure = why
                    else:
                        return Judgement(true=False, why=why, near=self._turns_near(right, scene.end_ns))
        if unsure:
            return Judgement(None, unsure)
        return Judgement(true=True, why="wrong for a while after the limit" if late else "", near=late, was_false=late)

    def _near_end(self, at_ns: int | None, scene: Scene) -> bool:
        return at_ns is not None and abs(at_ns - scene.end_ns) <= self._resolution_ns

    def _turns_near(self, right: Steps[bool], at_ns: int) -> bool:
        return len(set(right.within(at_ns - self._resolution_ns, at_ns + self._resolution_ns))) > 1

    def _records(self, scene: Scene, kinds: tuple[str, ...]) -> Iterator[tuple[str, str, Steps[bool]]]:
        records = Records(self._world, self._history, scene)
        for kind in kinds:
            for replica in self._world.replicas:
                yield kind, replica, records.right(kind, replica)

    def _single_identity(self) -> Judgement:
        unsure, near, misled = "", False, False
        for scene in self._scenes:
            if scene.new is None or scene.ready_ns is None:
                unsure = f"trial {scene.fault.trial}: {scene.target.name} had no successor"
                continue
            misled |= self._led_to_another(scene)
            if scene.new_address == scene.target.address:
                near = True
                continue  # an address has one owner at a time, and whoever asks there cannot tell which one
            old, new = (self._world.who_serves(address) for address in (scene.target.address, scene.new_address))
            instants = sorted({scene.sent_ns, scene.until_ns, *old.at_ns, *new.at_ns})
            instants = [at for at in instants if scene.sent_ns <= at <= scene.until_ns]
            both_ns = sum(
                b - a
                for a, b in pairwise(instants)
                if old.value(a) == scene.target.name and new.value(a) == scene.target.name
            )
            if both_ns:
                why = f"trial {scene.fault.trial}: two served as {scene.target.name} for {both_ns / 1e9:.6f} s"
                return Judgement(true=False, why=why)
            near |= self._begins_unseen(scene, old, new)
        return Judgement(None, unsure) if unsure else Judgement(true=True, near=near or misled, was_false=misled)

    def _begins_unseen(self, scene: Scene, old: Steps[str], new: Steps[str]) -> bool:
        """Whether nothing but its scheduling bounds when the new pod began to serve, and the old one served till then.

        Where the old object went before its container, the order of events tells nothing; and where the new address is
        told of when it serves already, it cannot be asked before.
        """

        def turned(who: Steps[str], *, to_it: bool) -> list[int]:
            turns = who.turns(lambda served: served == scene.target.name, scene.sent_ns, scene.until_ns)
            return [at for at, it in turns if it is to_it]

        ended_ns = max(turned(old, to_it=False), default=0)
        began_ns = min(turned(new, to_it=True), default=0)
        told_ns = scene.new.at_ns.get("addressed", 0) if scene.new else 0
        placed_ns = scene.new.at_ns.get("scheduled", 0) if scene.new else 0
        by_events = ended_ns <= scene.old.at_ns.get("gone", 0)
        return not by_events and told_ns > began_ns - self._asked_ns and ended_ns > placed_ns - self._asked_ns

    def _led_to_another(self, scene: Scene) -> bool:
        """Whether a server kept an address for the name that another pod had got: then that one answered under it."""
        domain = self._history.meta.target
        name = f"{scene.target.name}.{domain['service']}.{domain['namespace']}.svc.{domain['domain']}"
        for replica in self._world.replicas:
            for value in self._world.answers(replica, name, "A").within(scene.sent_ns, scene.until_ns):
                for address in value:
                    who = self._world.who_serves(address).within(scene.sent_ns, scene.until_ns)
                    if any(pod not in ("", scene.target.name) for pod in who):
                        return True
        return False

    def _recovered_within(self) -> Judgement:
        unsure = near = ""
        for scene in self._scenes:
            limit_ns = scene.limit_ns + self._limit_ns
            where = f"trial {scene.fault.trial} {scene.target.name}"
            if scene.end_ns <= limit_ns and scene.ready_ns is None:
                unsure = f"{where}: ended before its limit"
                continue
            for kind, replica, right in self._records(scene, _A_RECORDS):
                wrong_ns = _last_wrong(right, scene.sent_ns, scene.end_ns)
                if wrong_ns > limit_ns:
                    why = f"{where}: {kind} wrong at {replica} up to {(wrong_ns - scene.limit_ns) / 1e9:.6f} s"
                    return Judgement(true=False, why=why, near=wrong_ns - limit_ns <= self._resolution_ns)
                if limit_ns - wrong_ns <= self._resolution_ns:
                    near = f"{where}: {kind} at {replica}"
                if wrong_ns >= scene.end_ns:
                    unsure = f"{where}: {kind} wrong at {replica} when it ended, before its limit"
        return Judgement(None, unsure) if unsure else Judgement(true=True, why=near, near=bool(near))


def _last_wrong(right: Steps[bool], from_ns: int, to_ns: int) -> float:
    """The last instant up to `to_ns` at which it was wrong; -inf where it was right all the time."""
    if not right.value(to_ns):
        return to_ns
    turned = [at for at, now in right.turns(bool, from_ns, to_ns) if now]
    return turned[-1] if turned else -math.inf
