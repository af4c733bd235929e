"""What still works when the cluster's DNS servers die: one of them, all of them, and for good?"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from chaos.experiment import (
    Experiment,
    Fact,
    Outcome,
    PodIdentity,
    Question,
    Reading,
    Run,
    Series,
    Verdict,
    Workload,
    combine,
    fact,
    facts,
    ms,
    seconds,
)

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
# What somebody said, whatever it was; anything else is silence or a refusal.
ANSWERS = ("NOERROR", "NODATA", "NXDOMAIN", "SERVFAIL", "REFUSED")
EVIDENCE = ("report.md: Measured", "observations.jsonl")


async def method(run: Run) -> None:
    """Kill one CoreDNS pod, then all, then scale their Deployment to zero and back; ask all the while."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    servers = await run.cluster_dns.pods()
    ttl_s = (await run.resolve(NAME)).ttl or 0
    run.mark("before", servers=[pod.name for pod in servers], ttl_s=ttl_s)
    if not servers or ttl_s > LONGEST_TTL_S:
        return
    run.watch_name(NAME)
    for label, options in LIBRARIES.items():
        asked = [pod.name for pod in servers[:2]] if label == TWO else ()
        run.watch_lookups(NAME, options, servers=asked, period_s=LOOKUP_PERIOD_S, label=label)
    run.watch_clients("http", NAME, PORT)
    target = next(pod for pod in run.target.pods if pod.name == POD)
    run.watch_clients("http", target.address, PORT)
    run.mark("address", pod=POD, address=target.address)
    await run.sleep(SETTLE_S)

    await killed(run, ONE, servers[:1], servers)
    servers = await run.cluster_dns.pods()
    run.watch_name(NAME, probe="cached", period_s=CACHE_PERIOD_S, label=JUST_ASKED)
    await run.sleep(SETTLE_S)
    await killed(run, ALL, servers, servers)
    servers = await run.cluster_dns.pods()

    run.watch_name(NAME, probe="cached", period_s=CACHE_PERIOD_S, label=EXPIRING)
    await run.sleep(max(ttl_s - ENDS_AFTER_S, SETTLE_S))
    await scaled(run, servers)
    after = await run.cluster_dns.pods()
    run.mark("after", servers=[pod.name for pod in after], answer=(await run.resolve(NAME)).status)


async def killed(run: Run, phase: str, victims: Sequence[PodIdentity], before: Sequence[PodIdentity]) -> None:
    """Delete servers, watch their successors from their first moment, and the old ones to their end."""
    done = await run.change(f"DNS: {phase}", run.cluster_dns.delete(victims), pods=[pod.name for pod in victims])
    run.mark("phase", phase=phase, gone=[p.name for p in victims], sent_ns=done.sent_ns, accepted_ns=done.accepted_ns)
    await whole_again(run, phase, before, len(before), {pod.uid for pod in victims})
    await run.sleep(AFTER_DEATH_S)
    run.mark("phase-over", phase=phase)


async def scaled(run: Run, before: Sequence[PodIdentity]) -> None:
    """No servers for a while, then as many as before."""
    done = await run.change(f"DNS: {NONE}", run.cluster_dns.scale(0))
    run.mark("phase", phase=NONE, gone=[p.name for p in before], sent_ns=done.sent_ns, accepted_ns=done.accepted_ns)
    await run.sleep(GONE_S)
    back = await run.change("DNS: scaled back", run.cluster_dns.unscale())
    run.mark("scaled-back", sent_ns=back.sent_ns, accepted_ns=back.accepted_ns)
    await whole_again(run, NONE, before, len(before), {pod.uid for pod in before})
    await run.sleep(SETTLE_S)
    run.mark("phase-over", phase=NONE)


async def whole_again(run: Run, phase: str, before: Sequence[PodIdentity], count: int, gone: set[str]) -> None:
    """Wait until so many servers that are not gone are Ready; ask each new one as soon as it has an address."""
    known = {pod.uid for pod in before}

    async def ready() -> bool:
        for pod in await run.cluster_dns.pods(ready=False):
            if pod.uid not in known:
                known.add(pod.uid)
                run.watch_server(pod, NAME)
                run.mark("server", phase=phase, pod=pod.name, address=pod.address)
        return len([pod for pod in await run.cluster_dns.pods() if pod.uid not in gone]) >= count

    await run.until(f"DNS is whole again: {phase}", ready, SERVERS_WITHIN_S)


# ---- what was seen ----


@dataclass(frozen=True, slots=True)
class Seen:
    """The samples of some series in one phase.

    Attributes:
        rows: (sent, received, outcome), by the instant of sending.
    """

    rows: list[tuple[int, int, Outcome]]

    @property
    def failed(self) -> list[tuple[int, int, Outcome]]:
        return [row for row in self.rows if row[2].status not in ("NOERROR", "OK")]

    @property
    def answered(self) -> list[tuple[int, int, Outcome]]:
        """Of DNS: whatever a server said, a denial too."""
        return [row for row in self.rows if row[2].status in ANSWERS]

    @property
    def how(self) -> str:
        """``12 ECONNREFUSED, 1 TIMEOUT``, or of connections ``12 ECONNREFUSED (resolve)``."""
        counts = Counter(
            o.status + (f" ({o.phase})" if o.phase not in ("answer", "send") else "") for _, _, o in self.failed
        )
        return ", ".join(f"{n} {what}" for what, n in counts.most_common())

    @property
    def longest_ns(self) -> int:
        return max((received - sent for sent, received, _ in self.rows), default=0)

    def told(self) -> str:
        """``none of 55 failed``, or how many, and how."""
        if not self.failed:
            return f"none of {len(self.rows)} failed"
        return f"{len(self.failed)} of {len(self.rows)} failed ({self.how})"


def phase_of(reading: Reading, phase: str) -> tuple[Fact, int] | None:
    """Its beginning, and when it was over."""
    began, over = fact(reading, "phase", phase=phase), fact(reading, "phase-over", phase=phase)
    return None if began is None or over is None else (began, over.at_ns)


def seen(reading: Reading, asked: Sequence[Series], from_ns: int, to_ns: int) -> Seen:
    rows = [
        (sample.sent_ns, sample.received_ns, sample.outcome)
        for series in asked
        for sample in reading.samples(series, from_ns, to_ns)
    ]
    return Seen(sorted(rows, key=lambda row: row[0]))


def in_phase(reading: Reading, phase: str, asked: Sequence[Series]) -> Seen | None:
    """None where the phase was not carried through, or nothing was asked in it."""
    found = phase_of(reading, phase)
    what = seen(reading, asked, found[0]["sent_ns"], found[1]) if found else None
    return what if what is not None and what.rows else None


def by_label(reading: Reading, label: str) -> list[Series]:
    return [s for s in reading.series if s.record == f"A {NAME} ({label})"]


def at_view(reading: Reading, view: str) -> list[Series]:
    return [s for s in reading.series if (s.probe, s.record, s.view) == ("dns", f"A {NAME}", view)]


def by_address(reading: Reading) -> list[Series]:
    found = fact(reading, "address")
    return [s for s in reading.series if found and s.probe == "http" and s.record == f"{found['address']}:{PORT}"]


def by_name(reading: Reading) -> list[Series]:
    return [s for s in reading.series if s.probe == "http" and s.record == f"{NAME}:{PORT}"]


def streams(reading: Reading) -> list[Series]:
    return [s for s in reading.series if s.probe == "stream" and s.pod == POD]


def last_answers(reading: Reading, phase: str) -> dict[str, int | None]:
    """How long after the request each server that was to go still answered; None: it was not seen to stop."""
    found = phase_of(reading, phase)
    if found is None:
        return {}
    began, over_ns = found
    ends: dict[str, int | None] = {}
    for server in began["gone"]:
        rows = seen(reading, at_view(reading, server), began["sent_ns"], over_ns).rows
        right = [sent for sent, _, outcome in rows if outcome.status == "NOERROR"]
        stopped = bool(rows) and rows[-1][2].status != "NOERROR"
        ends[server] = max(right, default=began["sent_ns"]) - began["accepted_ns"] if stopped else None
    return ends


def silence(reading: Reading, phase: str) -> tuple[int, int] | None:
    """From the last answer of an old server to the first of a new one, where no server was left in between."""
    found = phase_of(reading, phase)
    if found is None or set(found[0]["gone"]) != set(_servers_before(reading, phase)):
        return None
    ends = last_answers(reading, phase)
    first = _first_answers(reading, phase)
    if not ends or None in ends.values() or not first:
        return None
    last_ns = max(at for at in ends.values() if at is not None) + found[0]["accepted_ns"]
    return (last_ns, min(first.values())) if min(first.values()) > last_ns else None


def inside(gap: tuple[int, int]) -> tuple[int, int]:
    """Without its edges, where kube-proxy may still be at its rules."""
    return gap[0] + NS_PER_S, gap[1] - NS_PER_S // 2


def _servers_before(reading: Reading, phase: str) -> list[str]:
    began = fact(reading, "phase", phase=phase)
    before = fact(reading, "before")
    alive = set(before["servers"]) if before else set()
    for row in reading.marks:
        if began is not None and row[0] >= began.at_ns:
            break
        if row[1] == "server":
            alive.add(row[2]["pod"])
        elif row[1] == "phase":
            alive -= set(row[2]["gone"])
    return sorted(alive)


def _first_answers(reading: Reading, phase: str) -> dict[str, int]:
    """New server → receipt of its first answer."""
    found = {}
    for row in facts(reading, "server", phase=phase):
        right = [r for _, r, o in seen(reading, at_view(reading, row["pod"]), 0, 2**62).rows if o.status == "NOERROR"]
        if right:
            found[row["pod"]] = min(right)
    return found


def lameduck_s(reading: Reading) -> float | None:
    """What the Corefile says."""
    found = re.search(r"lameduck\s+(\d+)s", str(reading.meta.environment.get("corefile", "")))
    return float(found[1]) if found else None


# ---- verdicts ----


def dying_servers_answer(reading: Reading) -> Verdict:
    """A server that is told to end goes on answering for its lameduck time."""
    limit_s = lameduck_s(reading)
    ends = {server: at for phase in (ONE, ALL, NONE) for server, at in last_answers(reading, phase).items()}
    known = [at for at in ends.values() if at is not None]
    unknowns = [] if limit_s is not None else ["the Corefile says no lameduck time"]
    unknowns += [f"{server} was not seen to stop" for server, at in ends.items() if at is None]
    unknowns += [] if known else ["no server was killed"]
    failures = [
        f"{server} stopped answering after {ms(at)}"
        for server, at in ends.items()
        if limit_s is not None and at is not None and at < (limit_s - 0.5) * NS_PER_S
    ]
    success = f"Each of {len(known)} servers answered for {_range(known)} after it was told to end; the Corefile says {limit_s:g} s." if known and limit_s is not None else ""  # fmt: skip
    return combine("dying-servers-answer", failures=failures, unknowns=unknowns, success=success, evidence=EVIDENCE)


def _range(values: Sequence[int]) -> str:
    low, high = seconds(min(values)), seconds(max(values))
    return low if low == high else f"{low} to {high}"


def one_is_not_missed(reading: Reading) -> Verdict:
    """While one of several servers dies, no lookup of an ordinary program fails."""
    before = fact(reading, "before")
    found = in_phase(reading, ONE, by_label(reading, GLIBC))
    unknowns = [] if found is not None else ["no lookup was measured while one was killed"]
    if before is not None and len(before["servers"]) < 2:  # noqa: PLR2004 - several
        unknowns.append("there was only one server")
    failures = [] if found is None or not found.failed or unknowns else [f"with glibc's options {found.told()}"]
    success = f"Of {len(found.rows)} lookups with glibc's options none failed; the longest took {ms(found.longest_ns)}." if found else ""  # fmt: skip
    return combine("one-is-not-missed", failures=failures, unknowns=unknowns, success=success, evidence=EVIDENCE)


def nothing_resolves(reading: Reading) -> Verdict:
    """Without servers, the cluster DNS address answers nothing."""
    gap = silence(reading, NONE)
    if gap is None:
        return combine(
            "nothing-resolves", failures=(), unknowns=("no time without servers was seen",), success="", evidence=()
        )
    found = seen(reading, at_view(reading, "service"), *inside(gap))
    answered = len(found.answered)
    failures = [f"{answered} of {len(found.rows)} queries were answered by somebody"] if answered else []
    unknowns = [] if found.rows else ["the cluster DNS address was not asked"]
    success = (
        f"Of {len(found.rows)} queries to the cluster DNS address from 1 s after the last answer of an old server to 0.5 s "
        f"before the first of a new one, none was answered: {found.how}."
    )
    return combine("nothing-resolves", failures=failures, unknowns=unknowns, success=success, evidence=EVIDENCE)


def kept_addresses_go_on(reading: Reading) -> Verdict:
    """Whoever has an address, or a connection, does not need DNS."""
    failures, unknowns, asked = [], [], 0
    for what, series in (
        ("connections to its address", by_address(reading)),
        ("its open connection", streams(reading)),
    ):
        for phase in (ONE, ALL, NONE):
            found = in_phase(reading, phase, series)
            if found is None:
                unknowns.append(f"{what}: not measured while {phase}")
                continue
            asked += len(found.rows)
            failures += [f"{what}, {phase}: {found.told()}"] if found.failed else []
    success = (
        f"All {asked} requests over an open connection, or to an address known before, were answered in every phase."
    )
    return combine("kept-addresses-go-on", failures=failures, unknowns=unknowns, success=success, evidence=EVIDENCE)


def put_back(reading: Reading) -> Verdict:
    """At the end there are as many servers as before, and they answer."""
    before, after = fact(reading, "before"), fact(reading, "after")
    if before is None or after is None:
        return combine(
            "put-back", failures=(), unknowns=("the method did not come to its end",), success="", evidence=()
        )
    failures = [] if len(after["servers"]) == len(before["servers"]) else [f"{len(after['servers'])} servers are Ready"]
    failures += [] if after["answer"] == "NOERROR" else [f"the name is {after['answer']}"]
    kept = set(before["servers"]) & set(after["servers"])
    failures += [f"{', '.join(sorted(kept))} was not replaced"] if kept else []
    success = f"{len(after['servers'])} servers are Ready again, none of them one of the first; the name resolves."
    return combine("put-back", failures=failures, unknowns=(), success=success, evidence=EVIDENCE)


# ---- answers ----


def servers_die(reading: Reading) -> str:
    one, everything = phase_of(reading, ONE), phase_of(reading, ALL)
    if one is None or everything is None:
        return ""
    said = []
    for phase, what in ((ONE, "One of the servers was deleted"), (ALL, "All were deleted at once")):
        ends = [at for at in last_answers(reading, phase).values() if at is not None]
        began = phase_of(reading, phase)
        first = [at - began[0]["accepted_ns"] for at in _first_answers(reading, phase).values()] if began else []
        service = in_phase(reading, phase, at_view(reading, "service"))
        text = f"{what}: "
        text += f"what was to end still answered for {_range(ends)} (lameduck); " if ends else ""
        text += (
            f"its successor{'s' if len(first) > 1 else ''} gave the first answer after {_range(first)}; "
            if first
            else ""
        )
        text += f"of queries to the cluster DNS address {service.told()}." if service else ""
        if service and service.failed:
            sent = [row[0] for row in service.failed]
            zero_ns = began[0]["accepted_ns"] if began else 0
            first_ns, last_ns = min(sent) - zero_ns, max(sent) - zero_ns
            when = ms(first_ns) if first_ns == last_ns else f"{ms(first_ns)} to {ms(last_ns)}"
            text += f" The failed one{'s were' if len(sent) > 1 else ' was'} asked {when} after the deletion."
        said.append(text)
    old = _after_its_last_answer(reading)
    if old:
        said.append(
            "Asked at its own address, a server that is gone answers no more: "
            + ", ".join(f"{n} {status}" for status, n in old.most_common())
            + "."
        )
        moved = _moved(reading)
        said.append("Its successor has another address." if moved else "")
        said.append(_two_servers(reading))
        said.append("So a client should ask the service's address, never a server's own." if moved else "")
    return " ".join(part for part in said if part)


def _after_its_last_answer(reading: Reading) -> Counter[str]:
    """What was said to those who asked deleted servers later than anybody was answered by them."""
    found: Counter[str] = Counter()
    for phase in (ONE, ALL):
        went = phase_of(reading, phase)
        for server in went[0]["gone"] if went else ():
            asked = seen(reading, at_view(reading, server), went[0]["sent_ns"], went[1]) if went else Seen([])
            if asked.answered:
                last_ns = asked.answered[-1][0]
                found.update(o.status for sent_ns, _, o in asked.rows if sent_ns > last_ns)
    return found


def _moved(reading: Reading) -> bool:
    """Whether every server that came after a deletion has an address that none of the deleted ones had."""
    first = reading.meta.environment.get("dns_views") or {}
    known = {**first, **{row["pod"]: row["address"] for row in facts(reading, "server")}}
    for phase in (ONE, ALL):
        found = fact(reading, "phase", phase=phase)
        gone = [known.get(server) for server in found["gone"]] if found else []
        came = [row["address"] for row in facts(reading, "server", phase=phase)]
        if not gone or not came or not all(gone) or not all(came) or set(gone) & set(came):
            return False
    return True


def _two_servers(reading: Reading) -> str:
    """What became of lookups at the servers' own addresses when the first of them died."""
    found, before = phase_of(reading, ONE), fact(reading, "before")
    ends = [at for at in last_answers(reading, ONE).values() if at is not None]
    if found is None or before is None or len(before["servers"]) < 2 or not ends:  # noqa: PLR2004 - two
        return ""
    dead_ns = found[0]["accepted_ns"] + max(ends) + NS_PER_S // 2
    late = seen(reading, by_label(reading, TWO), dead_ns, found[1])
    if not late.rows:
        return ""
    middle = sorted(received - sent for sent, received, _ in late.rows)[len(late.rows) // 2]
    return (
        f"A program that is told the two servers' own addresses (1 s, twice) waited {ms(middle)} (median of "
        f"{len(late.rows)}) for each lookup once the first was gone; {late.told()}."
    )


def who_notices(reading: Reading) -> str:
    gap, found = silence(reading, NONE), phase_of(reading, NONE)
    if gap is None or found is None:
        return ""
    rows = [
        ("a program that keeps its connection open", streams(reading)),
        ("one that knows the address", by_address(reading)),
        ("one behind a cache that had the name", by_label(reading, EXPIRING)),
        ("one that resolves the name for each connection, in one try of 1 s", by_name(reading)),
        ("lookups with glibc's options (5 s, twice)", by_label(reading, GLIBC)),
        ("with musl's way (Alpine; 5 s in all)", by_label(reading, MUSL)),
        ("with one try of 1 s", by_label(reading, ONCE)),
    ]
    told = []
    for who, series in rows:
        what = seen(reading, series, *gap)
        if what.rows:
            told.append(f"{who}: {what.told()}, longest {ms(what.longest_ns)}")
    if len(told) < len(rows) - 1:
        return ""
    cached = seen(reading, by_label(reading, EXPIRING), *gap)
    said = f"Without any server for {seconds(gap[1] - gap[0])}: {'; '.join(told)}."
    if cached.failed and len(cached.failed) < len(cached.rows):
        said += (
            f" The cache helped for the first {seconds(cached.failed[0][0] - gap[0])}, until what it kept ended: a cache "
            "bridges an outage shorter than the rest of its entries' lives, and nothing longer."
        )
    just = seen(reading, by_label(reading, JUST_ASKED), *(silence(reading, ALL) or (0, 0)))
    if just.rows:
        said += f" When all servers were killed and replaced at once, behind a cache that had just asked {just.told()}."
    return said


def name_or_server(reading: Reading) -> str:
    gap = silence(reading, NONE)
    if gap is None:
        return ""
    service = seen(reading, at_view(reading, "service"), *inside(gap))
    if not service.rows or service.answered or len(service.failed) != len(service.rows):
        return ""
    return (
        f"By what it is told. Without servers (from 1 s after the last answer to 0.5 s before the next) all "
        f"{len(service.rows)} queries to the cluster DNS address ended as {service.how} after {ms(service.longest_ns)} at "
        f"most; no answer came, so nothing was said about the name. NXDOMAIN is an answer: DNS "
        "works, and there is no such name or no ready pod behind it, so look at the service, its selector and the pods. "
        "ECONNREFUSED from the cluster DNS address means that its service has no endpoint"
        + (
            " (EPERM is the same, as a process on a node itself is told it; pods get ECONNREFUSED)"
            if "EPERM" in service.how
            else ""
        )
        + "; silence, that packets get lost or a server hangs"
        + (
            ", or only that a pod asks often: a Linux kernel sends a client no more than about one such refusal a second "
            "(net.ipv4.icmp_ratelimit), and the other queries of that second hear nothing"
            if {"TIMEOUT", "ECONNREFUSED"} <= {o.status for _, _, o in service.failed}
            else ""
        )
        + "; for both look at kubectl -n kube-system get pods -l "
        "k8s-app=kube-dns, and not at the service of the application. getaddrinfo calls all three a failed lookup; "
        "nslookup and dig say which it was."
    )


def headline(reading: Reading) -> str:
    gap = silence(reading, NONE)
    if gap is None:
        return "No time without DNS servers was measured."
    if nothing_resolves(reading).outcome != "ok":
        return "It was not seen that nothing resolves without DNS servers: see the verdicts."
    where = "On the simulated cluster for" if reading.meta.simulated else "For"
    held = kept_addresses_go_on(reading).outcome == "ok"
    return f"{where} {seconds(gap[1] - gap[0])} no DNS server answered" + (
        "; whoever had an address or a connection went on undisturbed." if held else "."
    )


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
    tables={
        "before": "DNS servers at the beginning:",
        "phase": "What was done to them:",
        "server": "Servers that appeared, each asked from then on:",
        "after": "At the end:",
    },
    headline=headline,
    timeout_s=240,
    duration_s=95,
    method=method,
)
