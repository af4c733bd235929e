"""Whole runs on the sandbox, in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import kubesim
from chaos.analysis.checkers import judge
from chaos.analysis.reading import Reading
from chaos.analysis.stages import timelines
from chaos.analysis.statements import Statements
from chaos.clock import RunClock
from chaos.cluster.address import ClusterAddress
from chaos.cluster.changes import Changes
from chaos.cluster.connection import connect
from chaos.cluster.journal import JOURNAL, Journal
from chaos.engine.conclusion import ending_of, exit_code
from chaos.engine.consent import OPT_IN_LABEL
from chaos.engine.execution import Execution, RunResult
from chaos.engine.place import Place
from chaos.engine.progress import Silence
from chaos.engine.rollback import recover
from chaos.errors import ApiError, BlastRadiusError, ChaosError, PreflightError, UsageError
from chaos.experiment import DeletePod, Experiment, Options, Run, Workload, find_experiment
from chaos.model import VerdictOutcome
from chaos.probes import DnsProber
from chaos.report import write_report
from kubesim import run_virtual
from tests.order import assert_order_of_facts
from tests.sandboxed import run_on, run_sandboxed
from tests.saying import said

QUICK = Options(trials=1, grace_s=1, period_s=0.05, max_qps=None)
MAIN = find_experiment("identity-persistence")
# The same with containers whose first process does not hear that it should end.
SLOW = replace(
    MAIN, workload=Workload(("web-slow-to-end.yaml", "web-clusterip.yaml"), statefulset="web", service="web", port=80)
)


def outcomes(result: RunResult) -> dict[str, VerdictOutcome]:
    return {v.checker: v.outcome for v in judge(Reading(result.history), result.history.meta.parameters["checkers"])}


def with_method(method: object) -> Experiment:
    return replace(MAIN, method=method)  # type: ignore[arg-type]


def test_every_pod_keeps_its_identity(tmp_path: Path) -> None:
    ran = run_sandboxed(tmp_path, Options(grace_s=1, period_s=0.05, max_qps=None))
    assert ran.result.error is None
    assert ran.result.leftovers == []
    assert outcomes(ran.result) == dict.fromkeys(ran.history.meta.parameters["checkers"], VerdictOutcome.OK)


def test_no_reverse_name_is_asked_for_before_the_servers_know_it(tmp_path: Path) -> None:
    """CoreDNS would keep the denial for 30 s, and nobody could tell it from a slow recovery."""
    ran = run_sandboxed(tmp_path, QUICK)
    reverse = [series for series in ran.history.series if series.record.startswith("PTR ")]
    first = {s.record: ran.history.outcomes[ran.history.samples[s.id].outcome[0]].status for s in reverse}
    assert len(first) == 4  # three pods and one successor
    assert set(first.values()) == {"NOERROR"}


def test_the_order_of_events_is_that_of_the_facts(tmp_path: Path) -> None:
    ran = run_sandboxed(tmp_path, Options(trials=1, period_s=0.05, max_qps=None), experiment=SLOW)
    (timeline,) = timelines(Reading(ran.history))
    assert_order_of_facts(timeline, grace_s=30)


def test_a_forced_deletion_is_found_to_break_the_single_identity(tmp_path: Path) -> None:
    ran = run_sandboxed(tmp_path, replace(QUICK, grace_s=None, force=True), experiment=SLOW)
    assert outcomes(ran.result)["single-identity"] is VerdictOutcome.FAIL


def test_the_same_seed_gives_the_same_recoveries_byte_for_byte(tmp_path: Path) -> None:
    tables = []
    for number in range(2):
        result = run_sandboxed(tmp_path / str(number), QUICK, seed=7).result
        write_report(result.folder, Reading(result.history), Statements(), ending_of(result.history, []))
        tables.append((result.folder / "recoveries.csv").read_bytes())
    assert tables[0] == tables[1]
    other = run_sandboxed(tmp_path / "other", QUICK, seed=8).result
    write_report(other.folder, Reading(other.history), Statements(), ending_of(other.history, []))
    assert (other.folder / "recoveries.csv").read_bytes() != tables[0]


def test_a_recovery_later_than_allowed_fails_and_no_further_fault_is_injected(tmp_path: Path) -> None:
    ran = run_sandboxed(tmp_path, Options(trials=3, within_s=10, period_s=0.05, max_qps=None), experiment=SLOW)
    assert [f.trial for f in ran.history.faults] == [1]
    assert outcomes(ran.result)["recovered-within"] is VerdictOutcome.FAIL
    assert ran.result.error is not None
    verdicts = judge(Reading(ran.history), ran.history.meta.parameters["checkers"])
    assert exit_code(verdicts, ran.history.status, [ran.result.error], rollback_failed=False) == 1


def test_a_refused_fault_gives_unknown_and_never_ok(tmp_path: Path) -> None:
    async def method(run: Run) -> None:
        await run.steady_state(within_s=60)
        pod = replace(run.target.pods[0], uid="somebody-elses")
        async with run.inject(DeletePod(pod)):
            await run.steady_state(within_s=60)

    ran = run_sandboxed(tmp_path, QUICK, experiment=with_method(method))
    assert [f.outcome for f in ran.history.faults] == ["refused"]
    assert VerdictOutcome.OK not in {v for k, v in outcomes(ran.result).items() if k != "steady-state"}


def test_more_pods_at_once_than_declared_are_refused_at_injection(tmp_path: Path) -> None:
    async def method(run: Run) -> None:
        await run.steady_state(within_s=60)
        first, second, _ = run.target.pods
        async with run.inject(DeletePod(first)), run.inject(DeletePod(second)):
            await run.steady_state(within_s=60)

    ran = run_sandboxed(tmp_path, QUICK, experiment=with_method(method))
    assert isinstance(ran.result.error, BlastRadiusError)
    assert [f.targets[0].name for f in ran.history.faults] == ["web-0"]


def test_a_pod_that_is_not_the_targets_is_refused(tmp_path: Path) -> None:
    async def method(run: Run) -> None:
        async with run.inject(DeletePod(replace(run.target.pods[0], name="somebody-elses"))):
            pass

    ran = run_sandboxed(tmp_path, QUICK, experiment=with_method(method))
    assert isinstance(ran.result.error, BlastRadiusError)
    assert ran.history.faults == []


def test_a_method_that_raises_is_named_with_its_line_and_undone(tmp_path: Path) -> None:
    async def method(run: Run) -> None:
        raise RuntimeError("oops")

    ran = run_sandboxed(tmp_path, QUICK, experiment=with_method(method))
    assert isinstance(ran.result.error, UsageError)
    assert "RuntimeError: oops" in ran.result.error.message
    assert Journal.load(ran.result.folder / JOURNAL).open_entries() == []


# ---- interruption ----


async def interrupted_at(tmp_path: Path, at_s: float) -> tuple[RunResult | ChaosError, kubesim.Cluster]:
    """A run that is interrupted after so many seconds, on a sandbox that goes on."""
    sandbox = kubesim.Cluster(seed=3)
    await sandbox.start()
    address = ClusterAddress(url=sandbox.api.url, connector=sandbox.api.connector())
    place = Place(address, sandbox.vantage, "sandbox", simulated=True, seed=1)
    execution = Execution(
        find_experiment("identity-persistence"), QUICK, place, tmp_path, Silence(), lambda _folder, _history: None
    )
    asyncio.get_running_loop().call_later(at_s, execution.interrupt)
    try:
        return await execution.run(), sandbox
    except ChaosError as exc:
        return exc, sandbox


@pytest.mark.parametrize("at_s", [0.0, 0.003, 0.02, 0.05, 0.1, 0.3, 1.0, 2.5, 4.0, 5.0, 6.0, 8.0, 10.0])
def test_an_interruption_at_any_moment_leaves_nothing_and_stays_readable(tmp_path: Path, at_s: float) -> None:
    async def main() -> None:
        result, sandbox = await interrupted_at(tmp_path, at_s)
        namespaces = [n["metadata"]["name"] for n in sandbox.store.list("Namespace")]
        await sandbox.stop()
        assert not [n for n in namespaces if n.startswith("chaos-identity")]
        assert sandbox.failure() is None
        if isinstance(result, ChaosError):
            assert result.exit_code == 130
        else:
            assert result.history.status in ("interrupted", "complete")
            assert result.leftovers == []
            concluded = said(result.history, ["identity-kept"], [])
            ending = ending_of(result.history, list(concluded.verdicts))
            write_report(result.folder, Reading(result.history), concluded, ending)

    run_virtual(main())


# ---- recovery after a crash ----


def test_what_a_killed_run_left_is_removed_from_its_journal_and_nothing_else(tmp_path: Path) -> None:
    """The journal of a run that was cut off right after each of its changes, as kill -9 leaves it."""

    async def main() -> None:
        sandbox = kubesim.Cluster(seed=3)
        await sandbox.start()
        cluster = await connect(ClusterAddress(url=sandbox.api.url, connector=sandbox.api.connector()))
        clock = RunClock(asyncio.get_running_loop())
        journal = Journal.start(tmp_path, {"id": "r1", "context": "c", "fingerprint": cluster.fingerprint})
        changes = Changes(cluster, journal, clock, "r1")
        await changes.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "ours"}})
        # The request was made, the process died before the answer came:
        journal.intend(change="create ConfigMap x", undo="delete", kind="ConfigMap", name="x", namespace="default")
        labelled = {"name": "x", "namespace": "default", "labels": {"chaos-identity.io/run": "r1"}}
        sandbox.api.registry.create("ConfigMap", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": labelled})
        # Intended, never made, and somebody else made one of that name meanwhile:
        journal.intend(change="create ConfigMap y", undo="delete", kind="ConfigMap", name="y", namespace="default")
        foreign = {"name": "y", "namespace": "default"}
        sandbox.api.registry.create("ConfigMap", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": foreign})
        journal.close()
        reopened = Journal.load(journal.path)
        assert len(reopened.open_entries()) == 3
        assert await recover(reopened, cluster, clock, Silence()) == []
        assert sandbox.store.get("Namespace", "", "ours") is None
        assert sandbox.store.get("ConfigMap", "default", "x") is None
        assert sandbox.store.get("ConfigMap", "default", "y") is not None
        assert Journal.load(journal.path).open_entries() == []
        await cluster.close()
        await sandbox.stop()

    run_virtual(main())


def test_recover_refuses_another_cluster(tmp_path: Path) -> None:
    async def main() -> None:
        sandbox = kubesim.Cluster(seed=3)
        await sandbox.start()
        cluster = await connect(ClusterAddress(url=sandbox.api.url, connector=sandbox.api.connector()))
        journal = Journal.start(tmp_path, {"id": "r1", "context": "c", "fingerprint": "another"})
        with pytest.raises(PreflightError, match="is not the cluster"):
            await recover(journal, cluster, RunClock(asyncio.get_running_loop()), Silence())
        await cluster.close()
        await sandbox.stop()

    run_virtual(main())


# ---- an existing namespace ----


def in_namespace(tmp_path: Path, labels: dict[str, str], *, lease: bool = False) -> RunResult:
    async def main() -> RunResult:
        sandbox = kubesim.Cluster(seed=3)
        await sandbox.start()
        create = sandbox.api.registry.create
        create("Namespace", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "mine", "labels": labels}})
        if lease:
            meta = {"name": "chaos-identity", "namespace": "mine"}
            create("Lease", {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta})
        try:
            ran = await run_on(sandbox, tmp_path, replace(QUICK, namespace="mine"))
            left = [
                f"{kind} {o['metadata']['name']}"
                for kind in ("Pod", "Service", "StatefulSet", "Deployment", "Lease")
                for o in sandbox.store.list(kind, "mine")
            ]
            assert left == (["Lease chaos-identity"] if lease else [])
            assert sandbox.store.get("Namespace", "", "mine") is not None
        finally:
            await sandbox.stop()
        return ran.result

    return run_virtual(main())


def test_a_namespace_that_allows_it_is_used_and_left_as_it_was(tmp_path: Path) -> None:
    result = in_namespace(tmp_path, {OPT_IN_LABEL: "true"})
    assert result.error is None
    assert outcomes(result)["identity-kept"] is VerdictOutcome.OK


def test_a_namespace_that_does_not_allow_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PreflightError, match="does not allow experiments"):
        in_namespace(tmp_path, {})


def test_a_second_run_in_a_namespace_is_refused_and_the_first_ones_lease_stays(tmp_path: Path) -> None:
    result = in_namespace(tmp_path, {OPT_IN_LABEL: "true"}, lease=True)
    assert result.error is not None
    assert "another run works in namespace mine" in result.error.message


def test_an_unknown_namespace_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PreflightError, match="no namespace nowhere"):
        run_sandboxed(tmp_path, replace(QUICK, namespace="nowhere"))


def test_a_prober_that_crashes_keeps_the_run_from_passing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a crashed callback did not measure must not look like a pass."""
    ask = DnsProber._ask
    calls = 0

    def crash_once(self: DnsProber, *args: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 500:
            raise ZeroDivisionError
        ask(self, *args)

    monkeypatch.setattr(DnsProber, "_ask", crash_once)
    ran = run_sandboxed(tmp_path, QUICK)
    assert ran.result.error is not None
    assert "ZeroDivisionError" in ran.result.error.message
    verdicts = judge(Reading(ran.history), ran.history.meta.parameters["checkers"])
    assert exit_code(verdicts, ran.history.status, [ran.result.error], rollback_failed=False) == 4


def test_a_lagging_watch_does_not_let_the_next_pod_be_hit_before_the_last_one_is_back(tmp_path: Path) -> None:
    """With watch and DNS a second late, everything still looks right just after a deletion."""
    lag = {"api_watch": (1.0, 1.0), "dns_propagation": (1.0, 1.0)}
    ran = run_sandboxed(tmp_path, Options(grace_s=1, period_s=0.05, max_qps=None), overrides=lag)
    assert ran.result.error is None
    down: set[str] = set()
    for fact in ran.truth.of("pod"):
        if fact.name.startswith("web-") and not fact.name.startswith("web-demo"):
            if "terminating" in fact.value and ran.ns(fact.at_s) < (ran.history.faults[-1].ended_ns or 0):
                down.add(fact.name)
            if "ready" in fact.value:
                down.discard(fact.name)
            assert len(down) <= 1


def test_a_method_that_exits_the_interpreter_is_an_error_and_undone(tmp_path: Path) -> None:
    async def method(run: Run) -> None:
        raise SystemExit(0)

    ran = run_sandboxed(tmp_path, QUICK, experiment=with_method(method))
    assert isinstance(ran.result.error, UsageError)
    assert Journal.load(ran.result.folder / JOURNAL).open_entries() == []


def test_pods_of_somebody_else_in_an_allowed_namespace_are_never_adopted(tmp_path: Path) -> None:
    async def main() -> None:
        sandbox = kubesim.Cluster(seed=3)
        await sandbox.start()
        create = sandbox.api.registry.create
        allowed = {"name": "mine", "labels": {OPT_IN_LABEL: "true"}}
        create("Namespace", {"apiVersion": "v1", "kind": "Namespace", "metadata": allowed})
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "web-1", "namespace": "mine", "labels": {"app": "web-stateful"}},
            "spec": {"containers": [{"name": "c", "image": "nginx:alpine"}]},
        }
        uid = create("Pod", pod)["metadata"]["uid"]
        ran = await run_on(sandbox, tmp_path, replace(QUICK, namespace="mine"))
        assert ran.result.error is not None
        assert "would adopt" in ran.result.error.message
        assert ran.history.faults == []
        (left,) = sandbox.store.list("Pod", "mine")
        assert left["metadata"]["uid"] == uid
        assert "deletionTimestamp" not in left["metadata"]
        await sandbox.stop()

    run_virtual(main())


def test_a_refused_fault_leaves_its_pod_as_it_was(tmp_path: Path) -> None:
    """Nothing happened to it, so nothing has to come back before the next fault."""

    async def method(run: Run) -> None:
        await run.steady_state(within_s=60)
        pod = run.target.pods[0]
        with contextlib.suppress(ApiError):
            async with run.inject(DeletePod(replace(pod, uid="somebody-elses"))):
                pass
        await run.steady_state(within_s=5)
        async with run.inject(DeletePod(pod, grace_s=1)):
            await run.steady_state(within_s=60)

    ran = run_sandboxed(tmp_path, QUICK, experiment=with_method(method))
    assert ran.result.error is None
    assert [f.outcome for f in ran.history.faults] == ["refused", "accepted"]
    assert outcomes(ran.result)["fault-took-effect"] is VerdictOutcome.UNKNOWN
