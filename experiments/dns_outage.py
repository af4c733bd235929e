"""What still works when the cluster's DNS servers die: one of them, all of them, and for good?"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median_high
from typing import NamedTuple

from chaos.experiment import *

from .shared.lookups import Heard, heard_in, refused, right, undisturbed
from .shared.tables import table

WITHIN_S = 60
POD, NAME, PORT = "web-0", "web-0.web", 80
PHASES = ONE, ALL, NONE = "one killed", "all killed", "scaled to zero"
BACK = "DNS: scaled back"
SETTLE_S = 2.0
AFTER_DEATH_S = 8.0  # old servers are watched past their lameduck time (kubeadm: 5 s)
GONE_S = 14.0  # without servers, for so long after they were scaled away; then they come back
ENDS_AFTER_S = 9.0  # what one cache keeps ends in the middle of that
CACHE_PERIOD_S = 0.05
LONGEST_TTL_S = 60
JUST_ASKED, EXPIRING = "cached, just asked", "cached, ends meanwhile"
GLIBC, ONCE, MUSL, TWO = "glibc", "one try", "musl", "two servers"
LIBRARIES = {
    GLIBC: "timeout:5 attempts:2",
    ONCE: "timeout:1 attempts:1",
    MUSL: "musl timeout:5 attempts:2",
    TWO: "timeout:1 attempts:2",
}
NS_PER_S, NS_PER_MS = 1_000_000_000, 1_000_000
GLIBC_WAITS_NS = 5 * NS_PER_S - 20_000_000  # before it asks again
STREAM, BY_NAME = {"probe": "stream", "pod": POD}, {"probe": "http", "record": f"{NAME}:{PORT}"}
EPERM = "EPERM: a packet filter of the prober's own host refused to send the query"
EVIDENCE = ("report.md: Measured", "observations.jsonl")


class Before(Note):
    """DNS servers at the beginning."""

    servers: tuple[str, ...]
    ttl_s: int
    address: str


class Phase(Note):
    """What was done to them; written down when it had been watched for long enough."""

    phase: str
    gone: tuple[str, ...]
    sent_ns: int
    accepted_ns: int

    @property
    def span(self) -> tuple[int, int]:
        return self.sent_ns, self.at_ns


class Server(Note):
    """Servers that appeared, each asked from then on."""

    phase: str
    pod: str
    address: str


class After(Note):
    """At the end."""

    servers: tuple[str, ...]
    answer: str


async def method(run: Run) -> None:
    """Kill one CoreDNS pod, then all, then scale their Deployment to zero and back; ask all the while."""
    await run.steady_state(within_s=WITHIN_S)
    servers, ttl_s = await run.cluster_dns.pods(), (await run.resolve(NAME)).ttl or 0
    address = next(pod.address for pod in run.target.pods if pod.name == POD)
    run.note(Before(tuple(pod.name for pod in servers), ttl_s, address))
    if not servers or ttl_s > LONGEST_TTL_S:
        return
    run.watch_name(NAME)
    for label, options in LIBRARIES.items():
        asked = [pod.name for pod in servers[:2]] if label == TWO else ()
        run.watch_lookups(NAME, options, servers=asked, label=label)
    run.watch_clients("http", NAME, PORT)
    run.watch_clients("http", address, PORT)
    await run.sleep(SETTLE_S)
    done = await run.change(f"DNS: {ONE}", run.cluster_dns.delete(servers[:1]))
    servers = await whole_again(run, ONE, done, servers[:1], servers)
    run.watch_name(NAME, probe="cached", period_s=CACHE_PERIOD_S, label=JUST_ASKED)
    await run.sleep(SETTLE_S)
    done = await run.change(f"DNS: {ALL}", run.cluster_dns.delete(servers))
    servers = await whole_again(run, ALL, done, servers, servers)
    run.watch_name(NAME, probe="cached", period_s=CACHE_PERIOD_S, label=EXPIRING)
    await run.sleep(max(ttl_s - ENDS_AFTER_S, SETTLE_S))
    done = await run.change(f"DNS: {NONE}", run.cluster_dns.scale(0))
    await run.sleep(GONE_S)
    await run.change(BACK, run.cluster_dns.unscale())
    servers = await whole_again(run, NONE, done, servers, servers)
    run.note(After(tuple(pod.name for pod in servers), (await run.resolve(NAME)).status))


async def whole_again(
    run: Run, phase: str, done: Acknowledged, victims: Sequence[PodIdentity], before: Sequence[PodIdentity]
) -> tuple[PodIdentity, ...]:
    """Wait until as many servers as before that are not gone are Ready; ask each new one as soon as it has an address."""
    known, gone = {pod.uid for pod in before}, {pod.uid for pod in victims}

    async def ready() -> bool:
        whole = sum(pod.uid not in gone for pod in await run.cluster_dns.pods()) >= len(before)
        for pod in await run.cluster_dns.pods(ready=False):
            if pod.uid not in known:
                known.add(pod.uid)
                run.watch_server(pod, NAME)
                run.note(Server(phase, pod.name, pod.address))
        return whole  # asked for first, so that each that counts is watched

    await run.until(f"DNS is whole again: {phase}", ready, WITHIN_S)
    await run.sleep(SETTLE_S if phase == NONE else AFTER_DEATH_S)
    run.note(Phase(phase, tuple(pod.name for pod in victims), done.sent_ns, done.accepted_ns))
    return await run.cluster_dns.pods()


# ---- what was seen ----


def at_view(view: str) -> dict[str, str]:
    return {"probe": "dns", "record": f"A {NAME}", "view": view}


def labelled(label: str) -> dict[str, str]:
    return {"record": f"A {NAME} ({label})"}


def by_address(reading: Reading) -> dict[str, str]:
    return {"probe": "http", "record": f"{note(reading, Before).address}:{PORT}"}


def during(reading: Reading, phase: str) -> Phase:
    return note(reading, Phase, f"the time with DNS servers {phase} was not seen through", phase=phase)


class End(NamedTuple):
    """How late a server that was to go still answered, 0 where it never did; and what was said to who asked later."""

    answered_ns: int  # since the request for its end was accepted
    stopped_ns: int  # by then the first query after its last answer had come to nothing; 0 where none was asked
    after: Heard


def ends(reading: Reading, phase: Phase) -> dict[str, End]:
    found = {}
    for server in phase.gone:
        rows = heard_in(reading, phase.span, **at_view(server)).samples
        need(rows, f"{server} was not asked")
        last_ns = max((s.sent_ns for s in rows if right(s)), default=phase.sent_ns)
        after = heard_in(reading, (last_ns + 1, phase.at_ns), **at_view(server))
        stopped_ns = min((s.received_ns for s in after.samples), default=phase.accepted_ns)
        found[server] = End(max(0, last_ns - phase.accepted_ns), stopped_ns - phase.accepted_ns, after)
    return found


def first_answers(reading: Reading, phase: Phase) -> list[int]:
    """When the first answer of each new server was received, where it gave one."""
    new = notes(reading, Server, phase=phase.phase)
    rows = ([s.received_ns for s in reading.sampled(0, None, **at_view(one.pod)) if right(s)] for one in new)
    return [min(found) for found in rows if found]


def gap(reading: Reading, name: str) -> tuple[int, int]:
    """From the last answer of an old server to the first of a new one, where no server was left in between."""
    missing, phase = "no time without servers was seen", during(reading, name)
    old, first = ends(reading, phase), first_answers(reading, phase)
    earlier = PHASES[: PHASES.index(name)]
    came = [one.pod for one in notes(reading, Server) if one.phase in earlier]
    went = {pod for one in notes(reading, Phase) if one.phase in earlier for pod in one.gone}
    alive = {*note(reading, Before, missing).servers, *came} - went
    need(old and alive == set(old) and first and all(end.after.samples for end in old.values()), missing)
    last_ns = max(end.answered_ns for end in old.values()) + phase.accepted_ns
    need(min(first) > last_ns, missing)
    return last_ns, min(first)


def emptiest(reading: Reading) -> tuple[int, int]:
    """The time without servers, without its edges: kube-proxy may be at its rules, and a new server be shown late."""
    from_ns, to_ns = gap(reading, NONE)
    span = from_ns + NS_PER_S, to_ns - NS_PER_S // 2
    back_ns = min(scaled_back_ns(reading), span[1])
    answered = heard_in(reading, (back_ns, span[1]), **at_view(SERVICE_VIEW)).answered
    return (span[0], back_ns) if answered else span


def scaled_back_ns(reading: Reading) -> int:
    """When that was asked for."""
    asked = (int(d["sent_ns"]) for _, what, d in reading.marks if what == "change" and d.get("step") == BACK)
    return known(next(asked, None), "DNS was not scaled back")


def without_servers(reading: Reading) -> str:
    """For how long no server answered."""
    from_ns, to_ns = gap(reading, NONE)
    failed = heard_in(reading, (from_ns, to_ns), **at_view(SERVICE_VIEW)).failed
    need(failed, "the cluster DNS address was not asked then")
    least_ns = max(s.sent_ns for s in failed) - min(s.received_ns for s in failed)
    return between(Interval(max(0, least_ns), to_ns - from_ns))


def answered_for(found: Sequence[End]) -> str:
    """From the shortest time that one is sure to have answered for to the longest that one may have."""
    return between(Interval(min(end.answered_ns for end in found), max(end.stopped_ns for end in found)))


def longest(found: Heard) -> str:
    """How long the slowest took, as a clause."""
    return f"the longest took {ms(found.longest_ns)}" if found.longest_ns >= NS_PER_MS else "none took a millisecond"


# ---- verdicts ----


@checker(*EVIDENCE)
def dying_servers_answer(reading: Reading) -> Iterator[Finding]:
    """A server that is told to end goes on answering for its lameduck time."""
    said = re.search(r"lameduck\s+(\d+)s", str(reading.meta.environment.get("corefile", "")))
    limit_s = int(known(said, "the Corefile says no lameduck time")[1])
    least_ns, old = round((limit_s - 0.5) * NS_PER_S), []
    for phase in (during(reading, name) for name in PHASES):
        for server, end in ends(reading, phase).items():
            asked = heard_in(reading, (phase.accepted_ns, phase.at_ns), **at_view(server)).samples
            refused_ns = min((s.received_ns - phase.sent_ns for s in asked if refused(s.outcome)), default=least_ns)
            last_ns = phase.accepted_ns + end.answered_ns
            deaf = uncovered(reading, f"A {NAME}", phase.sent_ns, last_ns, limit_s=limit_s)
            if not end.after.samples:
                yield unsure(f"{server} was not seen to stop")
            elif refused_ns < least_ns:
                yield against(f"{server} refused after {ms(refused_ns)}")
            elif end.answered_ns < least_ns or server in deaf:
                yield unsure(f"{server} could not be heard all the time")
            old += [end] if end.after.samples else []
    need(old, "no server was seen to stop")
    yield holds(f"Each of {count(len(old), 'server')} answered for {answered_for(old)} after the request.")
    yield holds(f"The Corefile's lameduck time is {count(limit_s)} s.")


@checker(*EVIDENCE)
def one_is_not_missed(reading: Reading) -> Iterator[Finding]:
    """While one of several servers dies, no lookup of an ordinary program fails."""
    span = during(reading, ONE).span
    need(len(note(reading, Before).servers) > 1, "there was only one server")
    yield from undisturbed(reading, span, "with glibc's options", **labelled(GLIBC))
    found = heard_in(reading, span, **labelled(GLIBC))
    if found.longest_ns >= GLIBC_WAITS_NS:
        took = f"a lookup took {ms(found.longest_ns)}, so its first query was not answered"
        yield unsure(f"{took}; that may be a lost packet or the killed server, so run the experiment again")
    yield holds(f"Of lookups with glibc's options {found.told()}; {longest(found)}.")


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
    asked = f"{found.number} queries to the cluster DNS address"
    yield holds(f"Without servers none of {asked} was answered ({found.how}); {longest(found)}.")
    until = "0.5 s before a new one's first" if span[1] > scaled_back_ns(reading) else "the request for new ones"
    yield holds(f"They were asked from 1 s after an old server's last answer to {until}.")


@checker(*EVIDENCE)
def kept_addresses_go_on(reading: Reading) -> Iterator[Finding]:
    """Whoever has an address, or a connection, does not need DNS."""
    asked = 0
    for what, fields in {"connections to its address": by_address(reading), "its open connection": STREAM}.items():
        for phase in PHASES:
            span = during(reading, phase).span
            yield from undisturbed(reading, span, f"{what}, {phase}", **fields)
            asked += len(heard_in(reading, span, **fields).samples)
    yield holds(f"All {count(asked, 'request')} on an open connection or to a known address were answered.")


@checker(*EVIDENCE)
def put_back(reading: Reading) -> Iterator[Finding]:
    """At the end there are as many servers as before, and they answer."""
    missing = "the method did not come to its end"
    before, after = note(reading, Before, missing), note(reading, After, missing)
    ready = count(len(after.servers), "server")
    if len(after.servers) != len(before.servers):
        yield against(f"{ready} are Ready")
    if after.answer != "NOERROR":
        yield against_if(after.answer in ("NXDOMAIN", "NODATA"), f"asked once for the name, it was {after.answer}")
    if kept := set(before.servers) & set(after.servers):
        yield against(f"{', '.join(sorted(kept))} was not replaced")
    yield holds(f"{ready} are Ready, each of them new; the name resolves.")


# ---- answers ----


def servers_die(reading: Reading) -> Iterator[str]:
    one, every = during(reading, ONE), during(reading, ALL)
    yield from died(reading, one, "When one server was deleted")
    yield from died(reading, every, "When all were deleted at once")
    ended = [end for phase in (one, every) for end in ends(reading, phase).values() if end.answered_ns]
    after = Counter(s.outcome.status for end in ended for s in end.after.samples)
    if not after:
        return
    said = ", ".join(f"{count(n)} {status}" for status, n in after.most_common())
    yield f"A server that is gone does not answer at its own address: {said}."
    for phase, when in ((one, "the server deleted first was gone"), (every, "all were gone")):
        yield from where_measured(two_servers, reading, phase, when)
    if all(another_address(reading, phase) for phase in (one, every)):
        yield "Its successor has another address. So a client should ask the service's address, never a server's own."


def died(reading: Reading, phase: Phase, when: str) -> Iterator[str]:
    zero_ns, service = phase.accepted_ns, heard_in(reading, phase.span, **at_view(SERVICE_VIEW))
    need(service.samples, "the cluster DNS address was not asked")
    yield f"{when}, of queries to the cluster DNS address {service.told()}."
    if sent := [s.sent_ns - zero_ns for s in service.failed]:
        asked = between(Interval(min(sent), max(sent)))
        yield f"The failed one{'s were' if len(sent) > 1 else ' was'} asked {asked} after the deletion."
    if late := [end for end in ends(reading, phase).values() if end.after.samples]:
        yield f"The deleted {'ones' if len(late) > 1 else 'one'} still answered for {answered_for(late)} (lameduck)."
    if first := [at_ns - zero_ns for at_ns in first_answers(reading, phase)]:
        yield f"{count(len(first), 'successor')} had answered {at_most_ns(max(first))} after the deletion."
    for who, fields in (("lookups with glibc's options", labelled(GLIBC)), ("HTTP connections by name", BY_NAME)):
        if (found := heard_in(reading, phase.span, **fields)).samples:
            yield f"Of {who} {found.told()}; {longest(found)}."


def another_address(reading: Reading, phase: Phase) -> bool:
    """Whether every server that came after a deletion has an address that none of the deleted ones had."""
    at = dict(reading.meta.environment.get("dns_views") or {})
    at |= {one.pod: one.address for one in notes(reading, Server)}
    gone = {at.get(server) for server in phase.gone}
    came = {one.address for one in notes(reading, Server, phase=phase.phase)}
    return bool(gone and came and all(gone | came) and not gone & came)


def two_servers(reading: Reading, phase: Phase, when: str) -> Iterator[str]:
    """What became of lookups at the own addresses of two of the first servers, after such a time."""
    stopped = [end.answered_ns for end in ends(reading, phase).values() if end.after.samples]
    need(stopped and len(note(reading, Before).servers) > 1, "there was only one server")
    span = phase.accepted_ns + max(stopped) + NS_PER_S // 2, phase.at_ns
    late = heard_in(reading, span, **labelled(TWO))
    need(late.samples, "no such lookup was made")
    middle_ns = median_high(s.received_ns - s.sent_ns for s in late.samples)
    yield f"Once {when}, lookups at the own addresses of two of the first servers (timeout 1 s, 2 attempts) took {ms(middle_ns)} (median). Of these lookups {late.told()}."


def who_notices(reading: Reading) -> Iterator[str]:
    without = gap(reading, NONE)
    clients = {
        "requests on an open connection": STREAM,
        "connections to a known address": by_address(reading),
        "lookups behind a cache first asked before all servers were replaced": labelled(JUST_ASKED),
        "lookups behind a cache first asked after all servers were replaced": labelled(EXPIRING),
        "connections by name, with one try of 1 s": BY_NAME,
        "lookups with glibc's options (5 s, twice)": labelled(GLIBC),
        "lookups as musl makes them (Alpine; 5 s in all)": labelled(MUSL),
        "lookups with one try of 1 s": labelled(ONCE),
    }
    found = {who: heard_in(reading, without, **fields) for who, fields in clients.items()}
    rows = [(who, one.failed_of_all, one.how or "-", longest(one)) for who, one in found.items() if one.samples]
    need(len(rows) >= len(clients) - 1, "not all clients were asked then")
    if kept_addresses_go_on(reading).outcome == nothing_resolves(reading).outcome == "ok":
        yield "Whoever has to ask a server notices, and whoever has an address or an open connection does not."
    yield f"With cluster DNS scaled to zero no server answered for {without_servers(reading)}."
    explained = f"{EPERM}. " * any(s.outcome.status == "EPERM" for one in found.values() for s in one.samples)
    yield f"{explained}What became of each client's tries:{table(('tries', 'failed', 'how', 'time'), *rows)}"
    waited = heard_in(reading, without, **labelled(MUSL)).samples
    if patient := sum(right(s) and s.received_ns >= without[1] for s in waited):
        yield f"{count(patient, 'lookup')} as musl makes them waited until a server was back."
    early, late = (heard_in(reading, without, **labelled(label)) for label in (JUST_ASKED, EXPIRING))
    if late.failed and early.samples and right(late.samples[0]) and right(early.samples[0]):
        yield "Both caches had the name. The one first asked after that replacement failed when its entry ended; the run times that."
        yield "The other one's entry was fresh, and it answered all the time." if not early.failed else ""


def name_or_server(reading: Reading) -> Iterator[str]:
    yield "The error tells: NXDOMAIN is about the name, a refusal or silence about the server."
    yield held(reading, nothing_resolves)
    said = {s.outcome.status for s in heard_in(reading, emptiest(reading), **at_view(SERVICE_VIEW)).samples}
    if "EPERM" in said:
        yield f"{EPERM}."
    yield "NXDOMAIN is an answer: DNS works, and there is no such name or no ready pod behind it. Then look at the service, its selector and the pods. ECONNREFUSED from the cluster DNS address means that its service has no endpoint, or that a server's process is gone and kube-proxy does not know it yet. Silence means that packets get lost, that a server hangs, or that a NetworkPolicy lets no DNS query out."
    if said >= {"TIMEOUT", "ECONNREFUSED"}:
        yield "A pod that asks often meets silence too: Linux sends it about one such refusal a second (net.ipv4.icmp_ratelimit)."
    yield "For both look at kubectl -n kube-system get pods -l k8s-app=kube-dns; where these are Ready, at the NetworkPolicies of the client's namespace. An application's log tells too. getaddrinfo fails with EAI_NONAME after NXDOMAIN (glibc: Name or service not known; musl: Name does not resolve). It fails with EAI_AGAIN after a refusal or silence (glibc: Temporary failure in name resolution; musl: Try again)."


def overlap(reading: Reading) -> Iterator[str]:
    """Why replacing all servers cost little, where a successor answered before an old one stopped; and what it did cost."""
    phase = during(reading, ALL)
    old, first = ends(reading, phase).values(), first_answers(reading, phase)
    need(old and first and all(end.after.samples for end in old), "no overlap was seen")
    first_ns, last_ns = min(first) - phase.accepted_ns, min(end.answered_ns for end in old)
    if first_ns < last_ns:
        yield f" After all were deleted a successor answered {at_most_ns(first_ns)} later, and each old server for {between(Interval(last_ns, None))}. Then the old servers' own addresses answered no more."


def headline(reading: Reading) -> str:
    held(reading, nothing_resolves)
    on = " Clients with an address or an open connection went on." * (kept_addresses_go_on(reading).outcome == "ok")
    spans = (during(reading, name).span for name in (ONE, ALL))
    found = [s for span in spans for s in heard_in(reading, span, **at_view(SERVICE_VIEW)).samples]
    lost = sum(not right(s) for s in found)  # at most so many by a deletion: a packet may be lost by itself
    cost = f"at most {count(lost)}" if lost else "none"
    return f"With cluster DNS scaled to zero no DNS server answered for {without_servers(reading)}.{on} Deleting one server, and then all at once, cost {cost} of {count(len(found), 'query|queries')} to the cluster DNS address.{''.join(where_measured(overlap, reading))}"


experiment = Experiment(
    name="dns-outage",
    hypothesis="One of several DNS servers is not missed, and a dying one still answers for its lameduck time; without any, no name resolves, while whoever has an address or a connection goes on.",
    workload=Workload(manifests=("web-quick.yaml",), statefulset="web", service="web", port=PORT),
    probes=("stream",),
    checkers=(dying_servers_answer, one_is_not_missed, nothing_resolves, kept_addresses_go_on, put_back),
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
