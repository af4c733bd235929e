"""How much of a pod's recovery time is made by caches, and by the question that filled them?"""

from dataclasses import dataclass

from chaos.experiment import (
    DeletePod,
    Experiment,
    Question,
    Reading,
    Run,
    Series,
    Verdict,
    Workload,
    caching,
    combine,
    fact,
    facts,
    ms,
    seconds,
)

STEADY_WITHIN_S = 60
POD = "web-1"
NAME = f"{POD}.web"
DENSE_S = 0.05
# An entry that a resolver keeps ends so long after the deletion, while there is no pod.
ENDS_AFTER_S = 0.5
# A short outage is over so long after the deletion; a sparse asker comes then.
OVER_AFTER_S = 6.0
FRESH_S = 1.0
NEWCOMER_AFTER_S = 0.3
# Beyond that no run could wait for a cache.
LONGEST_TTL_S = 60
DIRECT, SPARSE_DIRECT = "direct, often", "direct, seldom"
EXPIRING, SPARSE, FRESH, NEWCOMER = "cached, often", "cached, seldom", "cached, just asked", "cached, newcomer"
CACHED = (EXPIRING, SPARSE, FRESH, NEWCOMER)
NS_PER_S = 1_000_000_000


async def method(run: Run) -> None:
    """Delete one pod; ask for its name directly and through resolvers that cache, often and seldom."""
    await run.steady_state(within_s=STEADY_WITHIN_S)
    ttl_s = (await run.resolve(NAME)).ttl or 0
    nothing = await run.resolve("nobody.web")
    run.mark("lifetimes", answer_ttl_s=ttl_s, denial=nothing.status, denial_ttl_s=nothing.ttl or 0)
    if max(ttl_s, nothing.ttl or 0) > LONGEST_TTL_S:
        return
    sparse_s = sparse_period_s(ttl_s)
    watch(run, EXPIRING, "cached", DENSE_S)
    watch(run, SPARSE, "cached", sparse_s)
    watch(run, SPARSE_DIRECT, "dns", sparse_s)
    before_s = max(ttl_s - ENDS_AFTER_S, FRESH_S)
    await run.sleep(before_s - FRESH_S)
    watch(run, FRESH, "cached", DENSE_S)
    await run.sleep(FRESH_S)
    pod = next(pod for pod in run.target.pods if pod.name == POD)
    async with run.inject(DeletePod(pod, grace_s=run.options.deletion_grace_s)):
        await run.sleep(NEWCOMER_AFTER_S)
        watch(run, NEWCOMER, "cached", DENSE_S)
        await run.steady_state(within_s=run.options.within_s)
        after = next(pod for pod in run.target.pods if pod.name == POD)
        run.mark("replaced", pod=POD, old=pod.address, new=after.address)
        # The last entry that can still be wrong was made just before the record came back.
        await run.sleep(max(ttl_s, nothing.ttl or 0) + 2 * FRESH_S)


def sparse_period_s(ttl_s: int) -> float:
    """Such that no question falls between the deletion and the end of a short outage."""
    last_s = ttl_s + OVER_AFTER_S
    return last_s / max(1, int(last_s // (OVER_AFTER_S + 1)))


def watch(run: Run, arm: str, probe: str, period_s: float) -> None:
    opened = run.watch_name(NAME, probe=probe, period_s=period_s, label=arm)
    run.mark("arm", arm=arm, asks_every_s=period_s, series=[series.id for series in opened])


@dataclass(frozen=True, slots=True)
class Seen:
    """What one way of asking saw of the deletion. Instants are nanoseconds since it was accepted.

    Attributes:
        stale_until: the last wrong answer that gave the old address; None: there was none.
        denied: the first answer, since then, that there is no such name; None: there was none.
        right: the first right answer after the last wrong one; None: it never came.
        wrong_until: the last wrong answer before it was asked for.
        lifetime_s: of the last wrong answer.
    """

    arm: str
    period_s: float
    stale_until: int | None
    denied: int | None
    right: int | None
    wrong_until: int | None
    lifetime_s: int


def seen(reading: Reading, arm: str) -> Seen | None:
    """Of several vantages the one that was right last; None where it was not asked."""
    found = [one for one in (_of_series(reading, arm, i, p) for i, p in _series(reading, arm)) if one is not None]
    return max(found, key=lambda one: NS_PER_S**2 if one.right is None else one.right, default=None)


def _series(reading: Reading, arm: str) -> list[tuple[Series, float]]:
    if arm == DIRECT:
        asked = [
            s for s in reading.series if (s.probe, s.record, s.view, s.pod) == ("dns", f"A {NAME}", "service", POD)
        ]
        return [(s, s.period_s) for s in asked]
    rows = facts(reading, "arm", arm=arm)
    return [(s, row["asks_every_s"]) for row in rows for s in reading.series_with(row["series"])]


def _of_series(reading: Reading, arm: str, series: Series, period_s: float) -> Seen | None:
    replaced = fact(reading, "replaced")
    began = next((f for f in reading.faults if f.accepted_ns is not None), None)
    if replaced is None or began is None or began.accepted_ns is None:
        return None
    zero_ns = began.accepted_ns
    stale = denied = right = wrong = None
    lifetime_s = 0
    for sent_ns, received_ns, _, outcome in reading.samples(series):
        if sent_ns < began.sent_ns or outcome.status not in ("NOERROR", "NXDOMAIN"):
            continue
        if outcome.values == (replaced["new"],):
            right = received_ns - zero_ns if right is None else right
            continue
        right, wrong, lifetime_s = None, sent_ns - zero_ns, outcome.ttl or 0
        if outcome.status == "NXDOMAIN":
            denied = sent_ns - zero_ns if denied is None else denied
        else:
            stale = sent_ns - zero_ns
    if not reading.count(series):
        return None
    return Seen(arm, period_s, stale, denied, right, wrong, lifetime_s)


def late_by_its_lifetime_at_most(reading: Reading) -> Verdict:
    """Whoever asks through a cache is late by no more than the lifetime of the answer that it kept."""
    direct = seen(reading, DIRECT)
    failures, unknowns, told = [], [], []
    for arm in CACHED:
        one = seen(reading, arm)
        if one is None or direct is None or direct.right is None:
            unknowns.append(f"{arm}: not measured")
        elif one.right is None:
            failures.append(f"{arm}: it never gave the new address")
        else:
            late_ns = one.right - direct.right
            limit_ns = round((one.lifetime_s + one.period_s + FRESH_S) * NS_PER_S)
            told.append(f"{arm} {ms(max(late_ns, 0))}")
            if late_ns > limit_ns:
                failures.append(f"{arm}: {seconds(late_ns)} after the record was back, and it lived {one.lifetime_s} s")
    success = (
        f"Later than by asking the server itself were: {', '.join(told)}; none by more than the lifetime of its last wrong "
        f"answer, the time to its next question, and {FRESH_S:g} s."
    )
    return combine(
        "late-by-its-lifetime-at-most",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("report.md: Measured",),
    )


def late_by_its_period_at_most(reading: Reading) -> Verdict:
    """Whoever asks the server itself, but seldom, is late by no more than the time between two questions."""
    direct, sparse = seen(reading, DIRECT), seen(reading, SPARSE_DIRECT)
    failures, unknowns, success = [], [], ""
    if direct is None or direct.right is None or sparse is None:
        unknowns.append("it was not measured")
    elif sparse.right is None:
        failures.append(f"{SPARSE_DIRECT}: it never gave the new address")
    else:
        late_ns, period = sparse.right - direct.right, seconds(round(sparse.period_s * NS_PER_S))
        success = (
            f"Whoever asked the server itself only every {period} had the address {ms(max(late_ns, 0))} later than who asked "
            f"it all the time: by no more than its period and {FRESH_S:g} s."
        )
        if late_ns > round((sparse.period_s + FRESH_S) * NS_PER_S):
            failures.append(
                f"{SPARSE_DIRECT}: {seconds(late_ns)} after the record was back, and it asks every {period}"
            )
    return combine(
        "late-by-its-period-at-most",
        failures=failures,
        unknowns=unknowns,
        success=success,
        evidence=("report.md: Measured",),
    )


def a_denial_is_kept(reading: Reading) -> Verdict:
    """A question in the outage is what makes the cache wrong after it."""
    direct = seen(reading, DIRECT)
    asked = [one for arm in (EXPIRING, NEWCOMER) if (one := seen(reading, arm)) is not None and one.denied is not None]
    unknowns = [] if direct is not None and direct.right is not None else ["the record was not seen to come back"]
    unknowns += [] if asked else ["no cache was asked for anything in the outage"]
    failures, told = [], []
    for one in asked:
        if direct is None or direct.right is None or one.right is None:
            unknowns.append(f"{one.arm}: not seen to recover")
        elif one.right - direct.right < NS_PER_S:
            failures.append(f"{one.arm} was told NXDOMAIN and yet right again when the record was")
        else:
            told.append(f"{one.arm}: told NXDOMAIN after {ms(one.denied or 0)}, right after {seconds(one.right)}")
    success = f"The record was back after {ms(direct.right or 0) if direct else ''}; but {'; '.join(told)}."
    return combine(
        "a-denial-is-kept", failures=failures, unknowns=unknowns, success=success, evidence=("report.md: Measured",)
    )


def cache_share(reading: Reading) -> str:
    direct, dense, sparse = seen(reading, DIRECT), seen(reading, EXPIRING), seen(reading, SPARSE)
    seldom = seen(reading, SPARSE_DIRECT)
    if direct is None or dense is None or not direct.right or not dense.right:
        return ""
    late_ns = max(dense.right - direct.right, 0)
    said = (
        f"The servers gave the new address {seconds(direct.right)} after the deletion. A client behind a caching resolver "
        f"that asked every {ms(round(dense.period_s * NS_PER_S))} got it after {seconds(dense.right)}: "
        f"{late_ns / dense.right:.0%} of what it took for a recovery was the cache's doing. "
    )
    if dense.denied is not None:
        said += (
            f"Its kept answer ended in the outage, so it asked then ({ms(dense.denied)} after the deletion), was told "
            f"NXDOMAIN, and kept that for the {dense.lifetime_s} s that the denial allows. "
        )
    if sparse is not None and sparse.right:
        said += (
            f"Another one that asked only every {seconds(round(sparse.period_s * NS_PER_S))} "
            + ("was told NXDOMAIN too" if sparse.denied is not None else "never heard of the outage")
            + f", and had the new address after {seconds(sparse.right)}. "
        )
        if sparse.denied is None and dense.denied is not None:
            said += "A prober behind a cache measures the wrong that its own question did: ask the servers directly. "
    if seldom is not None and seldom.right and late_by_its_period_at_most(reading).outcome == "ok":
        said += (
            f"Asked directly but only every {seconds(round(seldom.period_s * NS_PER_S))}, they gave it after "
            f"{seconds(seldom.right)}: without a cache a client was late by no more than the time between two questions and {FRESH_S:g} s."
        )
    return said.strip()


def stale_addresses(reading: Reading) -> str:
    fresh, newcomer, replaced = seen(reading, FRESH), seen(reading, NEWCOMER), fact(reading, "replaced")
    if fresh is None or replaced is None or fresh.right is None:
        return ""
    if fresh.stale_until is None:
        said = "No cache was seen to give the old address after the deletion. "
    else:
        said = (
            f"A resolver that had asked {FRESH_S:g} s before the deletion gave the old address {replaced['old']} until "
            f"{seconds(fresh.stale_until)} after it, and the new one {replaced['new']} after {seconds(fresh.right)}"
        )
        gone = gone_after(reading)
        said += ": it never saw the name vanish" if fresh.denied is None else ""
        if fresh.denied is None and gone is not None and fresh.stale_until > gone:
            said += f", and sent its clients to a pod that was gone after {seconds(gone)}"
        said += ". "
    if newcomer is not None and newcomer.denied is not None and newcomer.right is not None:
        said += (
            f"One that asked for the first time during the outage said NXDOMAIN until {seconds(newcomer.wrong_until or 0)}, "
            f"and had the address after {seconds(newcomer.right)}."
        )
    return said.strip()


def gone_after(reading: Reading) -> int | None:
    """When the API server said that the old pod is no more, in nanoseconds since the deletion was accepted."""
    began = next((f for f in reading.faults if f.accepted_ns is not None), None)
    if began is None or began.accepted_ns is None:
        return None
    old = {pod.uid for pod in began.targets}
    ends = [e.at_ns for e in reading.events if e.kind == "Pod" and e.type == "DELETED" and e.uid in old]
    return max(ends) - began.accepted_ns if ends else None


def lifetimes(reading: Reading) -> str:
    lives, corefile = fact(reading, "lifetimes"), str(reading.meta.environment.get("corefile", ""))
    if lives is None or lives["denial"] != "NXDOMAIN" or not lives["answer_ttl_s"] or not lives["denial_ttl_s"]:
        return ""
    said = (
        f"Answers about pods of this cluster may be kept for {lives['answer_ttl_s']} s; that there is no such name "
        f"({lives['denial']}) for {lives['denial_ttl_s']} s, which is the MINIMUM of the SOA record that comes with it. "
    )
    found = caching(corefile, str(reading.meta.target["domain"]))
    if found is None:
        return said + "The configuration of cluster DNS is not known, so what it keeps itself is not either."
    kept = [
        f"{what} for up to {limit} s"
        for what, limit in (("answers", found.success_s), ("denials", found.denial_s))
        if limit
    ]
    if kept:
        said += (
            f"CoreDNS itself keeps {' and '.join(kept)} for this zone (its cache plugin), also when asked directly. "
        )
    elif "cache" in corefile:
        said += (
            "CoreDNS itself keeps nothing for this zone: its cache plugin has success and denial disabled for it, so who asks "
            "it directly always hears what it knows now. "
        )
    else:
        said += "CoreDNS has no cache plugin here. "
    return said + (
        "Caches between it and the client are another matter: NodeLocal DNSCache, systemd-resolved, nscd, and runtimes "
        "that keep addresses themselves."
    )


def headline(reading: Reading) -> str:
    direct, dense = seen(reading, DIRECT), seen(reading, EXPIRING)
    if direct is None or dense is None or not direct.right or not dense.right:
        return "How much of a recovery is a cache's doing was not measured."
    where = "On the simulated cluster the" if reading.meta.simulated else "The"
    between = " that asked in between" if dense.denied is not None else ""
    return (
        f"{where} name of a deleted pod was right again after {seconds(direct.right)}; a client behind a cache{between} had "
        f"to wait {seconds(dense.right)}."
    )


experiment = Experiment(
    name="dns-caching",
    hypothesis=(
        "What a client behind a caching resolver sees of a replaced pod is late by at most the lifetime of the answer that "
        "was kept, and a question asked during the outage is what makes it late."
    ),
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
    tables={"lifetimes": "Lifetimes that answers carried:", "arm": "Ways of asking:", "replaced": "The pod:"},
    headline=headline,
    timeout_s=240,
    duration_s=75,
    method=method,
)
