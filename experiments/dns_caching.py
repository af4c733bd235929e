"""How much of a pod's recovery time is made by caches, and by the question that filled them?"""

from collections.abc import Iterator
from dataclasses import dataclass

from chaos.experiment import *

STEADY_WITHIN_S = 60
POD = "web-1"
NAME = f"{POD}.web"
DENSE_S, FRESH_S, NEWCOMER_AFTER_S = 0.05, 1.0, 0.3
ENDS_AFTER_S = 0.5  # an entry that a resolver keeps ends so long after the deletion, while there is no pod
OVER_AFTER_S = 6.0  # a short outage is over so long after the deletion; a sparse asker comes then
LONGEST_TTL_S = 60  # beyond that no run could wait for a cache
DIRECT, SPARSE_DIRECT = "direct, often", "direct, seldom"
CACHED = EXPIRING, SPARSE, FRESH, NEWCOMER = "cached, often", "cached, seldom", "cached, just asked", "cached, newcomer"
NS_PER_S, REVERSE = 1_000_000_000, "in-addr.arpa"


class Lifetimes(Note):
    """Lifetimes that answers carried."""

    answer_ttl_s: int
    denial: str
    denial_ttl_s: int


class Arm(Note):
    """Ways of asking."""

    arm: str
    asks_every_s: float


class Replaced(Note):
    """The pod."""

    pod: str
    old: str
    new: str


async def method(run: Run) -> None:
    """Delete one pod; ask for its name directly and through resolvers that cache, often and seldom."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    ttl_s = (await run.resolve(NAME)).ttl or 0
    nothing = await run.resolve("nobody.web")
    run.note(Lifetimes(ttl_s, nothing.status, nothing.ttl or 0))
    if max(ttl_s, nothing.ttl or 0) > LONGEST_TTL_S:
        return
    # No question of a sparse asker falls between the deletion and the end of a short outage.
    sparse_s = (ttl_s + OVER_AFTER_S) / max(1, (ttl_s + OVER_AFTER_S) // (OVER_AFTER_S + 1))
    watch(run, EXPIRING, "cached", DENSE_S)
    watch(run, SPARSE, "cached", sparse_s)
    watch(run, SPARSE_DIRECT, "dns", sparse_s)
    await run.sleep(max(ttl_s - ENDS_AFTER_S, FRESH_S) - FRESH_S)
    watch(run, FRESH, "cached", DENSE_S)
    await run.sleep(FRESH_S)
    pod = next(pod for pod in run.target.pods if pod.name == POD)
    async with run.inject(DeletePod(pod, grace_s=run.options.deletion_grace_s)):
        await run.sleep(NEWCOMER_AFTER_S)
        watch(run, NEWCOMER, "cached", DENSE_S)
        await run.steady_state(within_s=run.options.within_s)
        after = next(pod for pod in run.target.pods if pod.name == POD)
        run.note(Replaced(POD, pod.address, after.address))
        # The last entry that can still be wrong was made just before the record came back.
        await run.sleep(max(ttl_s, nothing.ttl or 0) + 2 * FRESH_S)


def watch(run: Run, arm: str, probe: str, period_s: float) -> None:
    run.watch_name(NAME, probe=probe, period_s=period_s, label=arm)
    run.note(Arm(arm, period_s))


# ---- what was seen ----


@dataclass(frozen=True, slots=True)
class Seen:
    """What one way of asking saw of the deletion. Instants are nanoseconds since it was accepted.

    Attributes:
        stale_until: the last wrong answer that gave the old address; None: there was none.
        denied: the first answer, since then, that there is no such name; None: there was none.
        right: from when on it was right: (last wrong answer's question, first right answer after it].
        lifetime_s: of the last wrong answer.
    """

    arm: str
    period_s: float
    stale_until: int | None
    denied: int | None
    right: Interval
    lifetime_s: int

    @property
    def period(self) -> str:
        return ms(round(self.period_s * NS_PER_S))

    @property
    def right_ns(self) -> int:
        """When it had the new address, at the latest."""
        return known(self.right.before_ns, f"{self.arm}: it was not seen to have the new address")

    @property
    def gave_it(self) -> str:
        """When it gave the new address, for people."""
        return f"{between(Interval(self.right.after_ns, self.right_ns))} after the deletion"

    def later_than(self, direct: "Seen") -> tuple[int, int]:
        """How much later it had the new address, at least and at most, in nanoseconds."""
        return max(0, self.right.after_ns - direct.right_ns), max(0, self.right_ns - direct.right.after_ns)

    def late(self, direct: "Seen") -> str:
        return between(Interval(*self.later_than(direct)))


def seen(reading: Reading, arm: str) -> Seen:
    """Of several vantages the one that was right last."""
    fields = {"view": SERVICE_VIEW} if arm == DIRECT else {}
    record = f"A {NAME}" if arm == DIRECT else f"A {NAME} ({arm})"
    found = [_of_series(reading, arm, s) for s in reading.series_of(record=record, **fields) if reading.count(s)]
    need(found, f"{arm}: not measured")
    return max(found, key=lambda one: NS_PER_S**2 if one.right.before_ns is None else one.right.before_ns)


def _of_series(reading: Reading, arm: str, series: Series) -> Seen:
    new = note(reading, Replaced, "the pod was not seen to be replaced").new
    fault = accepted(reading, "delete-pod", "the pod was not deleted")
    zero_ns, ended_ns = accepted_ns(fault), known(fault.ended_ns, "the run was cut in the trial")
    told = [s for s in reading.samples(series, fault.sent_ns) if s.outcome.says_something]
    heard_ns = max((s.sent_ns for s in told), default=fault.sent_ns)
    need(ended_ns - heard_ns <= tolerated_gap_ns(reading, series.period_s), f"{arm}: it was not heard to the end")
    wrong = [s for s in told if s.outcome.values != (new,)]
    since = told[told.index(wrong[-1]) + 1 :] if wrong else told
    stale = [s.sent_ns - zero_ns for s in wrong if s.outcome.values]
    denied = [s.sent_ns - zero_ns for s in wrong if not s.outcome.values]
    wrong_ns = (wrong[-1] if wrong else fault).sent_ns - zero_ns
    right_ns = since[0].received_ns - zero_ns if since else None
    lifetime_s = (wrong[-1].outcome.ttl or 0) if wrong else 0
    right = Interval(wrong_ns, right_ns)
    return Seen(arm, series.period_s, next(reversed(stale), None), next(iter(denied), None), right, lifetime_s)


def asked_directly(reading: Reading) -> Seen:
    direct = seen(reading, DIRECT)
    known(direct.right.before_ns, "the record was not seen to come back")
    return direct


def in_time(one: Seen, direct: Seen, limit_s: float, why: str) -> Iterator[Finding]:
    """Whether it had the new address no later after the servers than its period, that limit and `FRESH_S` allow."""
    if one.right.before_ns is None:
        yield against(f"{one.arm}: it never gave the new address")
        return
    least_ns, most_ns = one.later_than(direct)
    limit_ns = round((one.period_s + limit_s + FRESH_S) * NS_PER_S)
    if least_ns > limit_ns:
        yield against(f"{one.arm}: {one.late(direct)} after the record was back, {why}")
    elif most_ns > limit_ns:
        yield unsure(f"{one.arm}: how late it was is not known well enough ({one.late(direct)})")


@checker("report.md: Measured")
def late_by_its_lifetime_at_most(reading: Reading) -> Iterator[Finding]:
    """Whoever asks through a cache is late by no more than the lifetime of the answer that it kept."""
    direct, told = asked_directly(reading), []

    def of(arm: str) -> Iterator[Finding]:
        one = seen(reading, arm)
        yield from in_time(one, direct, one.lifetime_s, f"and its last wrong answer lived {count(one.lifetime_s)} s")
        told.append(f"{arm}: {one.late(direct)}")

    for arm in CACHED:
        yield from or_unsure(of(arm))
    yield holds(f"So much later than the cluster DNS address each had the new address: {'; '.join(told)}.")
    yield holds(f"None took longer than its last wrong answer's lifetime, its period and {stated(FRESH_S)} together.")


@checker("report.md: Measured")
def late_by_its_period_at_most(reading: Reading) -> Iterator[Finding]:
    """Whoever asks the server itself, but seldom, is late by no more than the time between two questions."""
    direct, sparse = asked_directly(reading), seen(reading, SPARSE_DIRECT)
    yield from in_time(sparse, direct, 0, f"and it asks every {sparse.period}")
    yield holds(f"Asked directly every {sparse.period}, DNS gave the new address {sparse.gave_it}.")


@checker("report.md: Measured")
def a_denial_is_kept(reading: Reading) -> Iterator[Finding]:
    """A question in the outage is what makes the cache wrong after it."""
    direct, told = asked_directly(reading), []
    for one in (seen(reading, arm) for arm in (EXPIRING, NEWCOMER)):
        if one.denied is None:
            continue
        least_ns, most_ns = one.later_than(direct)
        if most_ns < NS_PER_S:
            yield against(f"{one.arm} was told NXDOMAIN and yet right again when the record was")
        elif least_ns < NS_PER_S:
            yield unsure(f"{one.arm}: how late it was is not known well enough ({one.late(direct)})")
        told.append(f"{one.arm}: NXDOMAIN after {ms(one.denied)}, the new address {one.gave_it}")
    need(told, "no cache was asked for anything in the outage")
    yield holds(f"The cluster DNS address gave the new address {direct.gave_it}. Caches: {'; '.join(told)}.")


# ---- answers ----


def cache_share(reading: Reading) -> Iterator[str]:
    direct, dense = asked_directly(reading), seen(reading, EXPIRING)
    least_ns, most_ns = dense.later_than(direct)
    part = share(least_ns / dense.right_ns, min(1.0, most_ns / max(1, dense.right.after_ns)))
    yield f"The cluster DNS address gave the new address {direct.gave_it}. A caching resolver that was asked every {dense.period} gave it {dense.gave_it}. So the cache made {part} of that time."
    if dense.denied is not None:
        yield f"Its entry ended during the outage; {ms(dense.denied)} after the deletion it was told NXDOMAIN. It may keep that for {count(dense.lifetime_s)} s."
    yield from where_measured(_seldom, reading, told=dense.denied is not None)
    yield from if_held(reading, late_by_its_period_at_most)


def _seldom(reading: Reading, *, told: bool) -> Iterator[str]:
    sparse = seen(reading, SPARSE)
    heard = "gave no NXDOMAIN" if sparse.denied is None else "gave NXDOMAIN too"
    yield f"A caching resolver that was asked every {sparse.period} {heard}, and the new address {sparse.gave_it}."
    if told and sparse.denied is None:
        yield "A probe behind a cache measures what its own question put into that cache. Ask the servers directly."


def stale_addresses(reading: Reading) -> Iterator[str]:
    fresh, swap = seen(reading, FRESH), note(reading, Replaced)
    before = f"A resolver that had asked {stated(FRESH_S)} before the deletion"
    if fresh.stale_until is None:
        yield "No cache was seen to give the old address after the deletion."
    elif fresh.denied is not None:
        yield f"{before} still gave {swap.old} {between(Interval(fresh.stale_until, None))} after it. It gave {swap.new} {fresh.gave_it}."
    else:
        yield f"{before} gave {swap.old} until it gave {swap.new}, {fresh.gave_it}. It never gave NXDOMAIN."
        ends = (t.life.old_gone_ns - t.accepted_ns for t in trials(reading) if t.life.old_gone_ns is not None)
        gone_ns = next(ends, fresh.stale_until)
        if fresh.stale_until > gone_ns:
            yield f"The old pod was gone {at_most_ns(gone_ns)} after the deletion, so from then on it gave the address of a pod that was no more."
    yield from where_measured(_newcomer, reading)


def _newcomer(reading: Reading) -> Iterator[str]:
    one = seen(reading, NEWCOMER)
    if one.denied is not None:
        yield f"A resolver that was first asked during the outage gave NXDOMAIN, and the new address {one.gave_it}."


def lifetimes(reading: Reading) -> Iterator[str]:
    lives = note(reading, Lifetimes, "no answer's lifetime was seen")
    need(lives.denial == "NXDOMAIN" and lives.answer_ttl_s and lives.denial_ttl_s, "no lifetime of both was seen")
    yield f"Answers about pods of this cluster may be kept for {count(lives.answer_ttl_s)} s."
    yield f"{lives.denial} may be kept for {count(lives.denial_ttl_s)} s, the MINIMUM of the SOA record that comes with it."
    corefile, domain = str(reading.meta.environment.get("corefile", "")), str(reading.meta.target["domain"])
    if caching(corefile, domain) is None:
        yield "The Corefile was not read, so how long cluster DNS itself keeps answers is not known."
        return
    if kept := keeps(corefile, domain):
        yield f"CoreDNS itself keeps {kept} for this zone (its cache plugin), also when asked directly."
    elif "cache" in corefile:
        yield "CoreDNS itself keeps nothing for this zone: its cache plugin has success and denial disabled for it."
    else:
        yield "CoreDNS has no cache plugin here."
    if REVERSE in corefile and (kept := keeps(corefile, REVERSE)):
        yield f"Of reverse names ({REVERSE}) it keeps {kept}."
    yield "Other caches may stand before a client: NodeLocal DNSCache, systemd-resolved, nscd, or its runtime's own."


def keeps(corefile: str, zone: str) -> str:
    """What CoreDNS's own cache keeps of a zone, and for how long; empty where it keeps nothing."""
    found = known(caching(corefile, zone), "the Corefile was not read")
    limits = (("answers", found.success_s), ("denials", found.denial_s))
    return " and ".join(f"{what} for up to {count(limit)} s" for what, limit in limits if limit)


def _dead_address(reading: Reading) -> str:
    until_ns = known(seen(reading, FRESH).stale_until, "no old address was given")
    return f" A cache that had asked {stated(FRESH_S)} before the deletion still gave the old address {between(Interval(until_ns, None))} after it."


def headline(reading: Reading) -> str:
    direct, dense = asked_directly(reading), seen(reading, EXPIRING)
    asked = " that asked during the outage" if dense.denied is not None else ""
    return f"The cluster DNS address gave a deleted pod's new address {direct.gave_it}. A cache{asked} gave it {dense.gave_it}.{''.join(where_measured(_dead_address, reading))}"


experiment = Experiment(
    name="dns-caching",
    hypothesis="What a client behind a caching resolver sees of a replaced pod is late by at most the lifetime of the answer that was kept, and a question asked during the outage is what makes it late.",
    workload=Workload(manifests=("web-quick.yaml",), statefulset="web", service="web", port=80),
    probes=("dns",),
    checkers=(
        "fault-took-effect",
        "steady-state",
        "recovered-within",
        late_by_its_lifetime_at_most,
        late_by_its_period_at_most,
        a_denial_is_kept,
    ),
    questions=(
        Question("cache-share", "How much of the recovery time is the cache's doing?", cache_share),
        Question("stale-addresses", "What does a client see whose resolver has asked before?", stale_addresses),
        Question("lifetimes", "How long may answers be kept, and who keeps them here?", lifetimes),
        "dns-update",
    ),
    watched_names=2,
    tables=(Lifetimes, Arm, Replaced),
    headline=headline,
    timeout_s=240,
    duration_s=75,
    method=method,
    options=("grace", "force"),
)
