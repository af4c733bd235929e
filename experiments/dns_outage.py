"""What still works when the cluster's DNS servers die: one of them, all of them, and for good?"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from chaos.experiment import *

from .shared.lookups import Heard, heard_in, refused, right, undisturbed

STEADY_WITHIN_S = 60
SERVERS_WITHIN_S = 60
POD, NAME, PORT = "web-0", "web-0.web", 80
ONE, ALL, NONE = "one killed", "all killed", "scaled to zero"
SETTLE_S = 2.0
# Old servers are watched past their lameduck time (kubeadm: 5 s).
AFTER_DEATH_S = 8.0
# Without servers, for so long after they were scaled away; then they come back.
GONE_S = 14.0
# What one cache keeps ends in the middle of that.
ENDS_AFTER_S = 9.0
CACHE_PERIOD_S = 0.05
LOOKUP_PERIOD_S = 0.2
LONGEST_TTL_S = 60
JUST_ASKED, EXPIRING = "cached, just asked", "cached, ends meanwhile"
GLIBC, ONCE, MUSL, TWO = "glibc", "one try", "musl", "two servers"
LIBRARIES = {
    GLIBC: "timeout:5 attempts:2",
    ONCE: "timeout:1 attempts:1",
    MUSL: "musl timeout:5 attempts:2",
    TWO: "timeout:1 attempts:2",
}
NS_PER_S = 1_000_000_000
BY_NAME = {"probe": "http", "record": f"{NAME}:{PORT}"}
STREAM = {"probe": "stream", "pod": POD}
EVIDENCE = ("report.md: Measured", "observations.jsonl")


@dataclass(frozen=True, slots=True)
class Before(Note):
    """DNS servers at the beginning."""

    servers: tuple[str, ...]
    ttl_s: int
    address: str


@dataclass(frozen=True, slots=True)
class Phase(Note):
    """What was done to them, and until when it was watched."""

    phase: str
    gone: tuple[str, ...]
    sent_ns: int
    accepted_ns: int
    over_ns: int


@dataclass(frozen=True, slots=True)
class Server(Note):
    """Servers that appeared, each asked from then on."""

    phase: str
    pod: str
    address: str


@dataclass(frozen=True, slots=True)
class After(Note):
    """At the end."""

    servers: tuple[str, ...]
    answer: str


async def method(run: Run) -> None:
    """Kill one CoreDNS pod, then all, then scale their Deployment to zero and back; ask all the while."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    servers = await run.cluster_dns.pods()
    ttl_s = (await run.resolve(NAME)).ttl or 0
    address = next(pod.address for pod in run.target.pods if pod.name == POD)
    run.note(Before(tuple(pod.name for pod in servers), ttl_s, address))
    if not servers or ttl_s > LONGEST_TTL_S:
        return
    run.watch_name(NAME)
    for label, options in LIBRARIES.items():
        asked = [pod.name for pod in servers[:2]] if label == TWO else ()
        run.watch_lookups(NAME, options, servers=asked, period_s=LOOKUP_PERIOD_S, label=label)
    run.watch_clients("http", NAME, PORT)
    run.watch_clients("http", address, PORT)
    await run.sleep(SETTLE_S)

    done = await run.change(f"DNS: {ONE}", run.cluster_dns.delete(servers[:1]))
    await whole_again(run, ONE, done, servers[:1], servers)
    servers = await run.cluster_dns.pods()
    run.watch_name(NAME, probe="cached", period_s=CACHE_PERIOD_S, label=JUST_ASKED)
    await run.sleep(SETTLE_S)
    done = await run.change(f"DNS: {ALL}", run.cluster_dns.delete(servers))
    await whole_again(run, ALL, done, servers, servers)
    servers = await run.cluster_dns.pods()

    run.watch_name(NAME, probe="cached", period_s=CACHE_PERIOD_S, label=EXPIRING)
    await run.sleep(max(ttl_s - ENDS_AFTER_S, SETTLE_S))
    done = await run.change(f"DNS: {NONE}", run.cluster_dns.scale(0))
    await run.sleep(GONE_S)
    await run.change("DNS: scaled back", run.cluster_dns.unscale())
    await whole_again(run, NONE, done, servers, servers)
    after = await run.cluster_dns.pods()
    run.note(After(tuple(pod.name for pod in after), (await run.resolve(NAME)).status))


async def whole_again(
    run: Run, phase: str, done: Acknowledged, victims: Sequence[PodIdentity], before: Sequence[PodIdentity]
) -> None:
    """Wait until as many servers as before that are not gone are Ready; ask each new one as soon as it has an address."""
    known, gone = {pod.uid for pod in before}, {pod.uid for pod in victims}

    async def ready() -> bool:
        for pod in await run.cluster_dns.pods(ready=False):
            if pod.uid not in known:
                known.add(pod.uid)
                run.watch_server(pod, NAME)
                run.note(Server(phase, pod.name, pod.address))
        return len([pod for pod in await run.cluster_dns.pods() if pod.uid not in gone]) >= len(before)

    await run.until(f"DNS is whole again: {phase}", ready, SERVERS_WITHIN_S)
    await run.sleep(SETTLE_S if phase == NONE else AFTER_DEATH_S)
    run.note(Phase(phase, tuple(pod.name for pod in victims), done.sent_ns, done.accepted_ns, run.now_ns()))


# ---- what was seen ----


def at_view(view: str) -> dict[str, str]:
    return {"probe": "dns", "record": f"A {NAME}", "view": view}


def labelled(label: str) -> dict[str, str]:
    return {"record": f"A {NAME} ({label})"}


def by_address(reading: Reading) -> dict[str, str]:
    return {"probe": "http", "record": f"{note(reading, Before).address}:{PORT}"}


@dataclass(frozen=True, slots=True)
class End:
    """How a server that was to go ended, in nanoseconds since the request for it was accepted.

    Attributes:
        answered_ns: so late it still answered; 0 where it never did.
        after: what those were told who asked it later than that.
        refused_ns: when it was seen first that nobody listens there any more; None where there was silence at most.
        stopped: whether it did not answer at the end of the phase.
        covered: whether it could be heard all the time until it answered last.
    """

    answered_ns: int
    after: Heard
    refused_ns: int | None
    stopped: bool
    covered: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """One phase that was carried through."""

    reading: Reading
    phase: Phase

    @property
    def span(self) -> tuple[int, int]:
        return self.phase.sent_ns, self.phase.over_ns

    def ends(self) -> dict[str, End]:
        """Of each server that was to go."""
        found, zero_ns = {}, self.phase.accepted_ns
        for server in self.phase.gone:
            rows = heard_in(self.reading, self.span, **at_view(server)).samples
            need(rows, f"{server} was not asked")
            last_ns = max((s.sent_ns for s in rows if right(s)), default=self.span[0])
            after = heard_in(self.reading, (last_ns + 1, self.span[1]), **at_view(server))
            told_ns = min((s.received_ns - zero_ns for s in after.samples if refused(s.outcome)), default=None)
            covered = server not in uncovered(self.reading, f"A {NAME}", self.span[0], last_ns)
            found[server] = End(max(0, last_ns - zero_ns), after, told_ns, not right(rows[-1]), covered)
        return found

    def answered(self) -> list[int]:
        """How late each server that was seen to stop still answered, in nanoseconds."""
        return [end.answered_ns for end in self.ends().values() if end.stopped]

    def first_answers(self) -> dict[str, int]:
        """New server → receipt of its first answer."""
        new = [one.pod for one in notes(self.reading, Server, phase=self.phase.phase)]
        rows = {pod: [s.received_ns for s in self.reading.sampled(0, None, **at_view(pod)) if right(s)] for pod in new}
        return {pod: min(found) for pod, found in rows.items() if found}

    def gap(self) -> tuple[int, int]:
        """From the last answer of an old server to the first of a new one, where no server was left in between."""
        missing, ends, first = "no time without servers was seen", self.ends(), self.first_answers()
        began_ns = self.phase.sent_ns
        came = [one.pod for one in notes(self.reading, Server) if one.at_ns < began_ns]
        went = {pod for one in notes(self.reading, Phase) if one.sent_ns < began_ns for pod in one.gone}
        alive = {*note(self.reading, Before, missing).servers, *came} - went
        need(alive == set(ends) and first and all(e.stopped for e in ends.values()), missing)
        last_ns = max(end.answered_ns for end in ends.values()) + self.phase.accepted_ns
        need(min(first.values()) > last_ns, missing)
        return last_ns, min(first.values())


def during(reading: Reading, phase: str) -> Seen:
    return Seen(reading, note(reading, Phase, f"the time with DNS servers {phase} was not seen through", phase=phase))


def emptiest(reading: Reading) -> tuple[int, int]:
    """The time without servers without its edges, where kube-proxy may still be at its rules."""
    from_ns, to_ns = during(reading, NONE).gap()
    return from_ns + NS_PER_S, to_ns - NS_PER_S // 2


def without_servers(reading: Reading) -> str:
    """For how long no server answered."""
    gap = during(reading, NONE).gap()
    failed = heard_in(reading, gap, **at_view(SERVICE_VIEW)).failed
    need(failed, "the cluster DNS address was not asked then")
    least_ns = max(s.sent_ns for s in failed) - min(s.received_ns for s in failed)
    return between(Interval(max(0, least_ns), gap[1] - gap[0]))


def spread(values: Iterable[int], write: Callable[[int], str] = seconds) -> str:
    ordered = sorted(values)
    low, high = ordered[0], ordered[-1]
    return write(low) if low == high else f"{write(low)} to {write(high)}"


# ---- verdicts ----


@checker(*EVIDENCE)
def dying_servers_answer(reading: Reading) -> Iterator[Finding]:
    """A server that is told to end goes on answering for its lameduck time."""
    said = re.search(r"lameduck\s+(\d+)s", str(reading.meta.environment.get("corefile", "")))
    limit_s = int(known(said, "the Corefile says no lameduck time")[1])
    ends = {server: end for phase in (ONE, ALL, NONE) for server, end in during(reading, phase).ends().items()}
    for server, end in ends.items():
        least_ns = round((limit_s - 0.5) * NS_PER_S)
        if not end.stopped:
            yield unsure(f"{server} was not seen to stop")
        elif end.refused_ns is not None and end.refused_ns < least_ns:
            yield against(f"{server} stopped answering after {ms(end.answered_ns)}")
        elif end.answered_ns < least_ns or not end.covered:
            yield unsure(f"{server} could not be heard all the time")
    lasted = spread(end.answered_ns for end in ends.values())
    yield holds(
        f"Each of {count(len(ends), 'server')} still answered {lasted} after it was told to end; the Corefile says {count(limit_s)} s."
    )


@checker(*EVIDENCE)
def one_is_not_missed(reading: Reading) -> Iterator[Finding]:
    """While one of several servers dies, no lookup of an ordinary program fails."""
    span = during(reading, ONE).span
    need(len(note(reading, Before).servers) > 1, "there was only one server")
    yield from undisturbed(reading, span, "with glibc's options", **labelled(GLIBC))
    found = heard_in(reading, span, **labelled(GLIBC))
    yield holds(f"Of {found.number} lookups with glibc's options none failed; the longest took {ms(found.longest_ns)}.")


@checker(*EVIDENCE)
def nothing_resolves(reading: Reading) -> Iterator[Finding]:
    """Without servers, the cluster DNS address answers nothing."""
    span = emptiest(reading)
    found = heard_in(reading, span, **at_view(SERVICE_VIEW))
    need(found.samples, "the cluster DNS address was not asked")
    if found.answered:
        yield against(f"{count(len(found.answered))} of {found.number} queries were answered by somebody")
    # Silence alone may be a network that loses what is asked and what is answered.
    if SERVICE_VIEW in uncovered(reading, f"A {NAME}", *span, says=refused):
        yield unsure("the cluster DNS address met mostly silence, which proves nothing")
    yield holds(
        f"Of {found.number} queries to the cluster DNS address from 1 s after the last answer of an old server to 0.5 s "
        f"before the first of a new one, none was answered: {found.how}."
    )


@checker(*EVIDENCE)
def kept_addresses_go_on(reading: Reading) -> Iterator[Finding]:
    """Whoever has an address, or a connection, does not need DNS."""
    clients, asked = {"connections to its address": by_address(reading), "its open connection": STREAM}, 0
    for what, fields in clients.items():
        for phase in (ONE, ALL, NONE):
            span = during(reading, phase).span
            yield from undisturbed(reading, span, f"{what}, {phase}", **fields)
            asked += len(heard_in(reading, span, **fields).samples)
    yield holds(
        f"All {count(asked)} requests over an open connection, or to an address known before, were answered in every phase."
    )


@checker(*EVIDENCE)
def put_back(reading: Reading) -> Iterator[Finding]:
    """At the end there are as many servers as before, and they answer."""
    missing = "the method did not come to its end"
    before, after = note(reading, Before, missing), note(reading, After, missing)
    if len(after.servers) != len(before.servers):
        yield against(f"{count(len(after.servers), 'server')} are Ready")
    if after.answer in ("NXDOMAIN", "NODATA"):
        yield against(f"the name is {after.answer}")
    elif after.answer != "NOERROR":
        yield unsure(f"asked once for the name, it was {after.answer}")
    if kept := set(before.servers) & set(after.servers):
        yield against(f"{', '.join(sorted(kept))} was not replaced")
    yield holds(
        f"{count(len(after.servers), 'server')} are Ready again, none of them one of the first; the name resolves."
    )


# ---- answers ----


def servers_die(reading: Reading) -> Iterator[str]:
    phases = [during(reading, phase) for phase in (ONE, ALL)]
    for seen, what in zip(phases, ("One of the servers was deleted", "All were deleted at once"), strict=True):
        yield from died(seen, what)
    ended = [end for seen in phases for end in seen.ends().values() if end.answered_ns]
    after = Counter(s.outcome.status for end in ended for s in end.after.samples)
    if not after:
        return
    said = ", ".join(f"{count(n)} {status}" for status, n in after.most_common())
    yield f"Asked at its own address, a server that is gone answers no more: {said}."
    moved = another_address(reading)
    if moved:
        yield "Its successor has another address."
    yield from where_measured(partial(two_servers, reading))
    if moved:
        yield "So a client should ask the service's address, never a server's own."


def died(seen: Seen, what: str) -> Iterator[str]:
    zero_ns, parts = seen.phase.accepted_ns, []
    if ends := seen.answered():
        parts.append(f"what was to end still answered for {spread(ends)} (lameduck)")
    if first := [at_ns - zero_ns for at_ns in seen.first_answers().values()]:
        parts.append(f"its successor{'s' if len(first) > 1 else ''} gave the first answer after {spread(first)}")
    service = heard_in(seen.reading, seen.span, **at_view(SERVICE_VIEW))
    need(service.samples, "the cluster DNS address was not asked")
    yield f"{what}: {'; '.join([*parts, f'of queries to the cluster DNS address {service.told()}'])}."
    if sent := [s.sent_ns - zero_ns for s in service.failed]:
        yield f"The failed one{'s were' if len(sent) > 1 else ' was'} asked {spread(sent, ms)} after the deletion."


def another_address(reading: Reading) -> bool:
    """Whether every server that came after a deletion has an address that none of the deleted ones had."""
    first = reading.meta.environment.get("dns_views") or {}
    at = {**first, **{one.pod: one.address for one in notes(reading, Server)}}
    for name in (ONE, ALL):
        gone = [at.get(server) for one in notes(reading, Phase, phase=name) for server in one.gone]
        came = [one.address for one in notes(reading, Server, phase=name)]
        if not gone or not came or not all((*gone, *came)) or set(gone) & set(came):
            return False
    return True


def two_servers(reading: Reading) -> Iterator[str]:
    """What became of lookups at the servers' own addresses when the first of them died."""
    seen = during(reading, ONE)
    ends = seen.answered()
    need(ends and len(note(reading, Before).servers) > 1, "there was only one server")
    span = seen.phase.accepted_ns + max(ends) + NS_PER_S // 2, seen.phase.over_ns
    late = heard_in(reading, span, **labelled(TWO))
    need(late.samples, "no such lookup was made")
    middle = sorted(s.received_ns - s.sent_ns for s in late.samples)[len(late.samples) // 2]
    yield (
        f"A program that is told the two servers' own addresses (1 s, twice) waited {ms(middle)} (median of "
        f"{late.number}) for each lookup once the first was gone; {late.told()}."
    )


def who_notices(reading: Reading) -> Iterator[str]:
    gap = during(reading, NONE).gap()
    clients = {
        "a program that keeps its connection open": STREAM,
        "one that knows the address": by_address(reading),
        "one behind a cache that had the name": labelled(EXPIRING),
        "one that resolves the name for each connection, in one try of 1 s": BY_NAME,
        "lookups with glibc's options (5 s, twice)": labelled(GLIBC),
        "with musl's way (Alpine; 5 s in all)": labelled(MUSL),
        "with one try of 1 s": labelled(ONCE),
    }
    found = {who: heard_in(reading, gap, **fields) for who, fields in clients.items()}
    told = [f"{who}: {one.told()}, longest {ms(one.longest_ns)}" for who, one in found.items() if one.samples]
    need(len(told) >= len(clients) - 1, "not all clients were asked then")
    yield f"Without any server for {without_servers(reading)}: {'; '.join(told)}."
    cached = found["one behind a cache that had the name"]
    if 0 < len(cached.failed) < len(cached.samples):
        yield (
            f"The cache helped for the first {seconds(cached.failed[0].sent_ns - gap[0])}, until what it kept ended: a cache "
            "bridges an outage shorter than the rest of its entries' lives, and nothing longer."
        )
    yield from where_measured(partial(_just_asked, reading))


def _just_asked(reading: Reading) -> Iterator[str]:
    just = heard_in(reading, during(reading, ALL).gap(), **labelled(JUST_ASKED))
    if just.samples:
        yield f"When all servers were killed and replaced at once, behind a cache that had just asked {just.told()}."


def name_or_server(reading: Reading) -> Iterator[str]:
    held(reading, nothing_resolves)
    service = heard_in(reading, emptiest(reading), **at_view(SERVICE_VIEW))
    said = {s.outcome.status for s in service.samples}
    yield "By what it is told."
    yield (
        f"Without servers (from 1 s after the last answer to 0.5 s before the next) all {service.number} queries to the cluster DNS address ended as "
        f"{service.how} after {ms(service.longest_ns)} at most; no answer came, so nothing was said about the name."
    )
    yield "NXDOMAIN is an answer: DNS works, and there is no such name or no ready pod behind it, so look at the service, its selector and the pods."
    node = " (EPERM is the same, as a process on a node itself is told it; pods get ECONNREFUSED)" * ("EPERM" in said)
    rate = (
        ", or only that a pod asks often: a Linux kernel sends a client no more than about one such refusal a second "
        "(net.ipv4.icmp_ratelimit), and the other queries of that second hear nothing"
    ) * (said >= {"TIMEOUT", "ECONNREFUSED"})
    yield (
        f"ECONNREFUSED from the cluster DNS address means that its service has no endpoint{node}; silence, that packets get lost or a server hangs{rate}; for "
        "both look at kubectl -n kube-system get pods -l k8s-app=kube-dns, and not at the service of the application."
    )
    yield "getaddrinfo calls all three a failed lookup; nslookup and dig say which it was."


def headline(reading: Reading) -> str:
    held(reading, nothing_resolves)
    on = kept_addresses_go_on(reading).outcome == "ok"
    undisturbed_too = "; whoever had an address or a connection went on undisturbed" if on else ""
    return f"For {without_servers(reading)} no DNS server answered{undisturbed_too}."


experiment = Experiment(
    name="dns-outage",
    hypothesis=(
        "One of several DNS servers is not missed, and a dying one still answers for its lameduck time; without any, no name "
        "resolves, while whoever has an address or a connection goes on."
    ),
    workload=Workload(manifests=("web-quick.yaml",), statefulset="web", service="web", port=80),
    probes=("stream",),
    checkers=(
        dying_servers_answer,
        one_is_not_missed,
        nothing_resolves,
        kept_addresses_go_on,
        put_back,
    ),
    questions=(
        Question("dns-servers-die", "What happens when DNS servers are killed, one or all of them?", servers_die),
        Question("who-notices", "Who notices that cluster DNS is gone, and who does not?", who_notices),
        Question(
            "name-or-server",
            "Problem 1: Pod can't resolve headless service DNS: is it the name or the server?",
            name_or_server,
        ),
    ),
    needs=("kube-system",),
    watched_names=4,
    tables=(Before, Phase, Server, After),
    headline=headline,
    timeout_s=240,
    duration_s=95,
    method=method,
)
