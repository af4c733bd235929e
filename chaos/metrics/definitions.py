"""Every metric, once: both exporters and docs/metrics.md are made from these definitions.

Names and units are OpenTelemetry's (dots, UCUM units; its semantic conventions for `k8s.*`). The Prometheus names
follow by the rules with which an OTLP receiver translates them, so that both ways lead to the same metric.

All are gauges: they describe one run that is over. A counter says how much a long-lived process did since its start,
and `rate()` over figures that each run sets anew would be nonsense.
"""

from __future__ import annotations

from dataclasses import dataclass

_OWN_PREFIX = "chaos."

# Attributes that say what was measured. They are on every point and in the grouping key of a push, or a simulated run
# would replace the figures of a real one.
EXPERIMENT = "chaos.experiment"
SIMULATED = "chaos.simulated"
NAMESPACE = "k8s.namespace.name"
STATEFULSET = "k8s.statefulset.name"
IDENTITY = (EXPERIMENT, SIMULATED, NAMESPACE, STATEFULSET)

BOUND = "chaos.bound"
CHECKER = "chaos.checker"
CLUSTER = "k8s.cluster.uid"
FAULT = "chaos.fault"
KUBERNETES = "chaos.kubernetes_version"
OUTCOME = "chaos.outcome"
POD = "k8s.pod.name"
PROBE = "chaos.probe"
RECORD = "chaos.record"
STAGE = "chaos.stage"
STATISTIC = "chaos.statistic"
VERSION = "chaos.version"
VIEW = "chaos.view"

# What each attribute may be, for docs/metrics.md; the bound on the number of time series follows from it.
ATTRIBUTES = {
    EXPERIMENT: "the experiment's name",
    SIMULATED: "`true` for the sandbox, `false` for a real cluster",
    NAMESPACE: "that of `--namespace`; empty where the run made one, whose name is another each time",
    STATEFULSET: "the workload under test",
    BOUND: "`lower` or `upper`: the true time lies between the two",
    CHECKER: "the checker's name",
    CLUSTER: "UID of the namespace kube-system",
    FAULT: "the fault's name",
    KUBERNETES: "the API server's version",
    OUTCOME: "see the metric",
    POD: "a pod of the StatefulSet: as many as faults chose",
    PROBE: "`tcp`, `http` (both by the pod's name), `clusterip` or `stream`",
    RECORD: "`pod-a`, `service-a` or `srv`; of a dual-stack service `pod-aaaa` and `service-aaaa` too",
    STAGE: "what ends it: `old-gone`, `created`, `scheduled`, `addressed`, `ready`, `dns-back` or `http`",
    STATISTIC: "`median` or `max` over pods, trials, views of that kind, and vantages",
    VERSION: "of this tool",
    VIEW: "`replica` (every CoreDNS pod asked directly, whose names change) or `service` (the cluster DNS address)",
}


@dataclass(frozen=True, slots=True)
class Metric:
    """A gauge.

    Attributes:
        name: OpenTelemetry's.
        unit: UCUM: ``s``, or an annotation such as ``{fault}`` for what is counted.
        help: one sentence, or a few.
        attributes: beside `IDENTITY`.
        endpoint_only: whether it makes sense only while a run goes on.
    """

    name: str
    unit: str
    help: str
    attributes: tuple[str, ...] = ()
    endpoint_only: bool = False

    @property
    def prometheus(self) -> str:
        """Dots become underscores, the base unit a suffix; annotations are dropped (the OTLP compatibility rules)."""
        return self.name.replace(".", "_") + ("_seconds" if self.unit == "s" else "")


def label(attribute: str) -> str:
    """The Prometheus label of an attribute.

    `k8s_pod_name` and not `pod`: a scrape attaches `pod`, `namespace` and `job` of its own, and would rename ours.
    """
    return attribute.removeprefix(_OWN_PREFIX).replace(".", "_")


RUN_INFO = Metric("chaos.run.info", "{run}", "Always 1; what ran, and where.", (VERSION, KUBERNETES, CLUSTER))
LAST_RUN = Metric("chaos.last_run.timestamp", "s", "When the last run began, in Unix time.")
LAST_SUCCESS = Metric(
    "chaos.last_success.timestamp", "s", "When the last run with exit code 0 began, in Unix time. Outlives failed runs."
)
EXIT_CODE = Metric("chaos.run.exit_code", "{code}", "Exit code of the run; the README lists them. 0: it held.")
STATUS = Metric(
    "chaos.run.status", "{run}", "1 for the run's status, of complete, interrupted and incomplete; 0 for the others.",
    (OUTCOME,),
)  # fmt: skip
DURATION = Metric("chaos.run.duration", "s", "From the run's start to the last thing recorded, on the run's clock.")
VERDICT = Metric(
    "chaos.verdict", "{verdict}", "1 for what the checker concluded, of ok, fail and unknown; 0 for the others.",
    (CHECKER, OUTCOME),
)  # fmt: skip
FAULTS = Metric(
    "chaos.faults", "{fault}", "Injected faults by what became of them: accepted, refused, partial, unknown, sent.",
    (FAULT, OUTCOME),
)  # fmt: skip
RECOVERIES = Metric(
    "chaos.recoveries", "{recovery}",
    "DNS records by what became of them: recovered, never-lost, not-recovered, unknown. "
    "One for each trial, pod, record, view and vantage.",
    (RECORD, VIEW, OUTCOME),
)  # fmt: skip
RECOVERY = Metric(
    "chaos.recovery.duration", "s",
    "From the acceptance of the fault to the record giving the new address alone. "
    "Missing where the figure depends on a record that did not recover.",
    (RECORD, VIEW, STATISTIC, BOUND),
)  # fmt: skip
POD_RECOVERY = Metric(
    "chaos.pod.recovery.duration", "s",
    "The same for the pod's own A record: the longest of all its trials, views and vantages. "
    "Missing where one did not recover.",
    (POD, BOUND),
)  # fmt: skip
OUTAGES = Metric(
    "chaos.client.outages", "{trial}",
    "Trials by what clients of their pod saw: ended (an outage that ended), lasting (one that did not), none.",
    (PROBE, OUTCOME),
)  # fmt: skip
OUTAGE = Metric(
    "chaos.client.outage.duration", "s",
    "How long clients of the pod failed without a break, in trials with an outage. "
    "Missing where the figure depends on one that lasted.",
    (PROBE, STATISTIC, BOUND),
)  # fmt: skip
EXCHANGES = Metric(
    "chaos.client.exchanges", "{exchange}", "Exchanges that clients tried in trials, by result: ok or failed.",
    (PROBE, OUTCOME),
)  # fmt: skip
STAGES = Metric(
    "chaos.stage.duration", "s",
    "Part of an outage by name that ends with this step. Missing where the steps at its ends were not seen.",
    (STAGE, STATISTIC, BOUND),
)  # fmt: skip
VANTAGES = Metric(
    "chaos.run.vantages", "{vantage}", "Places that were probed from: kept to the end, or lost on the way.", (OUTCOME,)
)
DNS_QUERIES = Metric("chaos.run.dns_queries", "{query}", "DNS queries that the run sent to the cluster.")
API_REQUESTS = Metric("chaos.run.api_requests", "{request}", "Requests that the run sent to the API server.")
IN_PROGRESS = Metric("chaos.run.in_progress", "{run}", "1 while the run goes on, 0 afterwards.", endpoint_only=True)
SAMPLES = Metric("chaos.run.samples", "{sample}", "Samples recorded so far.", endpoint_only=True)

METRICS = (
    RUN_INFO,
    LAST_RUN,
    LAST_SUCCESS,
    EXIT_CODE,
    STATUS,
    DURATION,
    VERDICT,
    FAULTS,
    RECOVERIES,
    RECOVERY,
    POD_RECOVERY,
    OUTAGES,
    OUTAGE,
    EXCHANGES,
    STAGES,
    VANTAGES,
    DNS_QUERIES,
    API_REQUESTS,
    IN_PROGRESS,
    SAMPLES,
)
