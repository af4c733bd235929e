"""Who reaches whom, asked from inside pods, and what NetworkPolicies make of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from chaos.experiment import Finding, Note, Reading, Run, against, count, need, notes, unsure

# How often a path is tried until somebody answers: one lost packet is no closed path.
LOOKS = 3
# Far longer than a lookup and a connection take, so that a busy machine is no outage.
ANSWER_WITHIN_S = 3
# Plugins that enforce policies take milliseconds to seconds; a look that is dropped takes three more.
POLICY_WITHIN_S = 10
NO_ANSWER = f"- no answer within {ANSWER_WITHIN_S} s"
UNENFORCED = "this cluster does not enforce NetworkPolicies, since no forbidden path was blocked. The check needs a network plugin that enforces them; running it again here changes nothing"
_NO_NAME = "- bad address"
_OVER = (143, 124)
# `timeout` and not wget's -T, with which some builds of busybox crash. It ends wget with 143; then nobody answered.
_SCRIPT = "for host in {hosts}; do if found=$(timeout {within} wget -q -O - http://$host/ 2>&1); then echo $host OK $found; else echo $host NO $? $found; fi; done"


class Reach(Note):
    """Who reached whom over HTTP, asked from inside pods; "-": nobody answered, "?": the look says nothing.

    Attributes:
        phase: of the method.
        client: who asked.
        pod: from which it asked; empty where there was none.
        found: target → who answered, or what came instead.
        looks: how often a target was asked for before it is said that nobody answered.
    """

    phase: str
    client: str
    pod: str
    found: dict[str, str]
    looks: int


@dataclass(frozen=True, slots=True)
class Asker:
    """A container that asks; `name` is how the report calls it. Without a pod nothing can be asked."""

    name: str
    pod: str
    namespace: str = ""
    container: str = ""


async def ask(
    run: Run, kind: type[Reach], phase: str, who: Asker, hosts: Mapping[str, str], *, looks: int = LOOKS
) -> dict[str, str]:
    """Let a container ask for the page of each host; one note of that kind.

    Args:
        run: under way.
        kind: of the note.
        phase: of the method.
        who: asks.
        hosts: target as the report calls it → name.
        looks: as in `Reach`.

    Returns:
        Target → who answered, or what came instead.
    """
    found = dict.fromkeys(hosts, "? no pod to ask from")
    if who.pod:
        found = await _look(run, who, hosts)
        # Each on its own: one that drops what it is sent takes its time.
        left = [target for target, said in found.items() if not reached(said)]
        again = await asyncio.gather(*(_again(run, who, hosts[target], found[target], looks - 1) for target in left))
        found |= dict(zip(left, again, strict=True))
    run.note(kind(phase, who.name, who.pod, found, looks))
    return found


async def _again(run: Run, who: Asker, host: str, said: str, looks: int) -> str:
    """Look so many times more, until somebody answers; what says most."""
    for _ in range(looks):
        said = max((await _look(run, who, {"": host}))[""], said, key=_weight)
        if reached(said):
            break
    return said


def _weight(said: str) -> int:
    """How much a look says: an answer, then a refusal; a look that says nothing leaves silence unproved."""
    return 3 if reached(said) else 2 if refused(said) and said != NO_ANSWER else 1 if said.startswith("?") else 0


async def _look(run: Run, who: Asker, hosts: Mapping[str, str]) -> dict[str, str]:
    script = _SCRIPT.format(within=ANSWER_WITHIN_S, hosts=" ".join(hosts.values()))
    done = await run.objects.exec(who.pod, ["sh", "-c", script], namespace=who.namespace, container=who.container)
    answers = dict(_answers(done.stdout))
    return {target: answers.get(host, "? the script did not say") for target, host in hosts.items()}


def _answers(said: str) -> Iterator[tuple[str, str]]:
    """Host, and the pod that answered or why none did."""
    for line in said.splitlines():
        host, fine, text = (*line.split(" ", 2), "", "")[:3]
        if fine == "OK":
            yield host, text.removeprefix("Hello from ").strip()
        elif fine == "NO":
            code, _, why = text.partition(" ")
            yield host, _why_not(int(code), why.strip())


def _why_not(code: int, why: str) -> str:
    """What a look found that reached nobody; a wget that could not do its work says nothing about the path."""
    if code in _OVER:
        return NO_ANSWER
    return "- " + why.removeprefix("wget: ") if why.startswith("wget: ") else f"? wget ended with {code}"


async def until_kept_out(run: Run, what: str, who: Asker, host: str) -> bool:
    """Wait until a container no longer gets through; False where it did all the time, as without a policy engine."""
    return await _until(run, what, who, host, refused)


async def until_let_in(run: Run, what: str, who: Asker, host: str) -> bool:
    """Wait until a container gets through again; False where it did not."""
    return await _until(run, what, who, host, reached)


async def _until(run: Run, what: str, who: Asker, host: str, wanted: Callable[[str], bool]) -> bool:
    async def seen() -> bool:
        return wanted((await _look(run, who, {"": host}))[""])

    return bool(await run.until(what, seen, POLICY_WITHIN_S))


# ---- what the run shows ----

Path = tuple[str, str]


def reached(said: str) -> bool:
    """Whether somebody answered."""
    return bool(said) and not said.startswith(("-", "?"))


def refused(said: str) -> bool:
    """Whether the path was tried and nobody answered."""
    return said.startswith("-")


def untold(said: str) -> bool:
    """Whether a look says nothing about its path."""
    return said.startswith("?")


def instead(said: str) -> str:
    """What came instead of an answer."""
    return said.removeprefix("- ").removeprefix("? ")


def how_many(said: list[str]) -> str:
    """How many of a path's looks somebody answered, and what came first instead."""
    other = [instead(one) for one in said if not reached(one)]
    return f"{len(said) - len(other)} of {len(said)}" + (f" ({other[0]})" if other else "")


def is_lone(said: list[str], at: int) -> bool:
    """Whether a look without an answer lies between two that were answered: one lost packet is no closed path."""
    return said[at] == NO_ANSWER and 0 < at < len(said) - 1 and all(map(reached, said[at - 1 : at + 2 : 2]))


def paths(reading: Reading, kind: type[Reach], phase: str) -> dict[Path, str]:
    """(client, target) → who answered at the last look of a phase, or what came instead."""
    return {(one.client, to): said for one in notes(reading, kind, phase=phase) for to, said in one.found.items()}


def open_paths(found: Mapping[Path, str], wanted: Mapping[str, tuple[str, ...]]) -> Iterator[Finding]:
    """What speaks against each of some paths being open, or leaves it unknown; `wanted` are the targets of each client.

    One look without an answer would say nothing; `Reach.looks` in a row say that the path is closed.
    """
    for client, targets in wanted.items():
        for target in targets:
            said = found.get((client, target))
            if said is None:
                yield unsure(f"{client} to {target} was not tried")
            elif refused(said):
                yield against(f"{client} to {target}: {instead(said)}")
            elif not reached(said):
                yield unsure(f"{client} to {target}: {instead(said)}")


@dataclass(frozen=True, slots=True)
class Policies:
    """What became of paths under NetworkPolicies, a text for each.

    Attributes:
        blocked: forbidden, and nobody answered; without the policies somebody had.
        through: forbidden, and somebody answered.
        broken: allowed, and nobody answered.
        unknown: not tried, or the looks say nothing.
        allowed: how many were allowed and answered.
    """

    blocked: list[str]
    through: list[str]
    broken: list[str]
    unknown: list[str]
    allowed: int

    @property
    def enforced(self) -> bool | None:
        """Whether anything enforces them; None where this run cannot tell."""
        return bool(self.blocked) if bool(self.blocked) != bool(self.through) else None

    def findings(self) -> Iterator[Finding]:
        """What speaks against the policies' being enforced as they say, or leaves it unknown.

        Where nothing enforces them they cannot fail, so that they did not says nothing.
        """
        yield from (against(f"{path}, which is allowed") for path in self.broken)
        if self.blocked and self.through:
            yield against(
                f"of the forbidden paths {', '.join(self.blocked)} were blocked and {', '.join(self.through)} were not"
            )
        yield from (unsure(one) for one in self.unknown)
        if self.through and not self.blocked:
            yield unsure(UNENFORCED)
        need(self.blocked or self.through, "no forbidden path was tried that was open before")

    @property
    def proof(self) -> str:
        """What a blocked path rests on."""
        return f"in only {count(LOOKS, 'look')} at each path"


def policies(
    reading: Reading, kind: type[Reach], before: str, *phases: str, allows: Callable[[str, str, str], bool | None]
) -> Policies:
    """Compare paths in some phases with what their policies allow.

    Args:
        reading: of the run.
        kind: of the notes.
        before: the phase without policies.
        phases: with them.
        allows: phase, client and target → whether that path is allowed; None: it is not judged.
    """
    open_before = paths(reading, kind, before)
    blocked, through, broken, unknown, fine = [], [], [], [], 0
    for phase in phases:
        after = paths(reading, kind, phase)
        for (client, target), was in open_before.items():
            said, allowed = after.get((client, target), "? not tried"), allows(phase, client, target)
            path = f"{client} to {target} {phase}"
            if allowed is None:
                continue
            if reached(said):
                fine += allowed
                through += [] if allowed else [path]
            elif not refused(said) or said.startswith(_NO_NAME):  # a policy hides no name
                unknown.append(f"{path}: {instead(said)}")
            elif not reached(was):
                unknown.append(f"{path}: nobody answered there before either")
            elif allowed:
                broken.append(f"{path}: {instead(said)}")
            else:
                blocked.append(path)
    return Policies(blocked, through, broken, unknown, fine)
