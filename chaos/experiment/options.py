"""What the command line may change about a run."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, field
from typing import Any

from chaos.agents.options import AgentOptions, PodOptions
from chaos.errors import UsageError
from chaos.experiment.identify import Identify

# facts.md and design.md, "Vantages": somebody else lives on a real cluster.
DEFAULT_MAX_QPS = 500
VANTAGES = ("auto", "local", "agent", "both")
_SHORTEST_PERIOD_S = 0.001
_LONGEST_PERIOD_S = 60.0
_STATEFULSET = ("statefulset", "statefulsets", "sts", "statefulset.apps")
_PORTS = 65536
# `--until-precision`: the least number of faults that says anything at its level, and where such a run gives up.
_FEWEST_TRIALS, _MAX_TRIALS = 7, 60
_MOST_TRIALS = 500  # to plan the looks for more takes seconds, and nobody waits for so many
_LOWEST_PERCENT, _HIGHEST_PERCENT = 1, 100
# A pod's terminationGracePeriodSeconds may be longer; nobody waits for it.
_LONGEST_GRACE_S = 2**31 - 1
# Kubernetes, "Object names and IDs": a namespace is a label, most other objects and domains are subdomains.
_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
_IS_LABEL = re.compile(_LABEL)
_IS_SUBDOMAIN = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(\.{_LABEL})*")


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a run.

    Attributes:
        trials: number of faults; None: one for each pod.
        until_precision: go on until the median of the outage is known so precisely (the relative half-width of its
            interval, such as 0.1); None: as many faults as `trials` says.
        max_trials: faults at most, with `until_precision`; None: 60.
        within_s: seconds in which a pod's records must be right again.
        grace_s: grace period of deletions; None: the pod's own.
        force: delete with grace 0.
        period_s: between two DNS queries for one record in one view; None: 10 ms on the sandbox, 20 ms on a cluster.
        connect_period_s: between two connections of one kind to one pod.
        max_qps: DNS queries per second in total; None: no limit (the sandbox). The period is stretched to keep it.
        timeout_s: after which a probe counts as unanswered.
        namespace: an existing one to run in; empty: one is made and removed.
        target: ``statefulset/NAME`` of that namespace, the user's own; empty: the experiment brings its workload.
        identify: how a pod of that target says who it is; see `chaos.experiment.identify`.
        port: of that target's pods; 0: the first of its governing service.
        cluster_domain: such as ``cluster.local``; empty: as cluster DNS's configuration says.
        allow_kube_system: cluster DNS, which everybody in the cluster uses, may be changed.
        allow_nodes: a node may be taken out of service.
        node: which; empty: the one with most of the run's pods.
        cut_node: shell command that cuts the node ``{node}`` off the network.
        join_node: shell command that joins it again.
        vantage: of `VANTAGES`: where probes run from. ``auto`` is this process where it reaches cluster DNS, and an
            agent where it does not.
        agents: probe pods, where the vantage asks for them.
        pods: what every pod that the run makes is given.
    """

    trials: int | None = None
    until_precision: float | None = None
    max_trials: int | None = None
    within_s: float = 60.0
    grace_s: int | None = None
    force: bool = False
    period_s: float = 0.02
    connect_period_s: float = 0.1
    max_qps: float | None = DEFAULT_MAX_QPS
    timeout_s: float = 1.0
    namespace: str = ""
    target: str = ""
    identify: str = "none"
    port: int = 0
    cluster_domain: str = ""
    allow_kube_system: bool = False
    allow_nodes: bool = False
    node: str = ""
    cut_node: str = ""
    join_node: str = ""
    vantage: str = "auto"
    agents: AgentOptions = field(default_factory=AgentOptions)
    pods: PodOptions = field(default_factory=PodOptions)

    def __post_init__(self) -> None:
        if self.trials is not None and self.trials < 1:
            raise UsageError("--trials must be at least 1")
        self._check_precision()
        if self.grace_s is not None and not 0 <= self.grace_s <= _LONGEST_GRACE_S:
            raise UsageError(f"--grace must lie between 0 and {_LONGEST_GRACE_S} seconds")
        if self.force and self.grace_s:
            raise UsageError("--force means a grace period of 0; leave --grace out")
        self._check_rates()
        self._check_names()
        self._check_target()
        self._check_vantage()
        self._check_commands()

    def _check_precision(self) -> None:
        if self.until_precision is None:
            if self.max_trials is not None:
                raise UsageError("--max-trials is for --until-precision", hint="--trials N says how many faults")
            return
        if self.trials is not None:
            raise UsageError(
                "--trials and --until-precision exclude each other: either says how many faults there are",
                hint="--max-trials N with --until-precision says how many at most",
            )
        percent = 100 * self.until_precision
        if not (_LOWEST_PERCENT <= round(percent, 6) <= _HIGHEST_PERCENT and round(percent, 6).is_integer()):
            raise UsageError(
                f"--until-precision {percent:g}% must be a whole percentage between 1% and 100%",
                hint="such as 10%, or 0.1",
            )
        if self.max_trials is not None and not _FEWEST_TRIALS <= self.max_trials <= _MOST_TRIALS:
            raise UsageError(
                f"--max-trials must lie between {_FEWEST_TRIALS} and {_MOST_TRIALS}",
                hint=f"of fewer than {_FEWEST_TRIALS} faults no median is known so surely",
            )

    def _check_rates(self) -> None:
        if not 0 < self.within_s < math.inf:
            raise UsageError("--within must be a positive number of seconds")
        if not _SHORTEST_PERIOD_S <= self.period_s <= _LONGEST_PERIOD_S:
            raise UsageError(
                f"--period must lie between {_SHORTEST_PERIOD_S * 1000:.0f} ms and {_LONGEST_PERIOD_S:.0f} s"
            )
        if not _SHORTEST_PERIOD_S <= self.connect_period_s <= _LONGEST_PERIOD_S:
            raise UsageError(
                f"--connect-period must lie between {_SHORTEST_PERIOD_S * 1000:.0f} ms and {_LONGEST_PERIOD_S:.0f} s"
            )
        if not 0 < self.timeout_s <= _LONGEST_PERIOD_S:
            raise UsageError(f"--timeout must be positive, and {_LONGEST_PERIOD_S:.0f} s at most")
        if self.max_qps is not None and not 0 < self.max_qps < math.inf:
            raise UsageError("--max-qps must be a positive number", hint="leave it out for the default")

    def _check_names(self) -> None:
        """They become parts of URLs, labels and questions to DNS servers."""
        for option, name, form in (
            ("--namespace", self.namespace, _IS_LABEL),
            ("--cluster-domain", self.cluster_domain, _IS_SUBDOMAIN),
            ("--node", self.node, _IS_SUBDOMAIN),
            ("--target", self.target_name, _IS_SUBDOMAIN),
        ):
            if name and not form.fullmatch(name):
                parts = "parts of them between single dots" if form is _IS_SUBDOMAIN else "no dots"
                raise UsageError(
                    f"{option} {name} cannot be a name in Kubernetes",
                    hint=f"small letters, digits and dashes inside, at most 63; {parts}",
                )

    def _check_commands(self) -> None:
        commands = (self.cut_node, self.join_node)
        if any(commands) and not all(commands):
            raise UsageError("--cut-node and --join-node go together: what is cut off must be joined again")
        if all(commands) and not self.node and not all("{node}" in command for command in commands):
            raise UsageError("--cut-node and --join-node must say {node}", hint="or name the node they are for: --node")

    def _check_target(self) -> None:
        Identify.parse(self.identify)
        if not 0 <= self.port < _PORTS:
            raise UsageError(f"--port {self.port} is none", hint="1 to 65535")
        if not self.target:
            for option, given in (("--identify", self.identify != "none"), ("--port", self.port)):
                if given:
                    raise UsageError(
                        f"{option} is about a target of your own", hint="--target statefulset/NAME -n NAMESPACE"
                    )
            return
        kind, _, name = self.target.partition("/")
        if kind not in _STATEFULSET or not name:
            raise UsageError(f"--target {self.target} cannot be used", hint="statefulset/NAME")
        if not self.namespace:
            raise UsageError("--target is in a namespace: name it too", hint="-n NAMESPACE")

    def _check_vantage(self) -> None:
        if self.vantage not in VANTAGES:
            raise UsageError(f"--vantage {self.vantage} does not exist", hint=f"one of {', '.join(VANTAGES)}")
        if self.pods.pull_secrets and not self.namespace:
            raise UsageError(
                "--image-pull-secret names a Secret, and a namespace that is made for the run has none",
                hint="name the namespace that holds it with --namespace",
            )

    @property
    def target_name(self) -> str:
        """Of the StatefulSet that `target` names."""
        return self.target.partition("/")[2]

    @property
    def most_trials(self) -> int | None:
        """How many faults there are at most; None: one for each pod."""
        return self.trials if self.until_precision is None else self.max_trials or _MAX_TRIALS

    @property
    def deletion_grace_s(self) -> int | None:
        """What is sent with a deletion."""
        return 0 if self.force else self.grace_s

    def as_parameters(self) -> dict[str, Any]:
        """For run.json; without the commands for a node, which may hold passwords."""
        said = asdict(self)
        if self.until_precision is not None:
            said["max_trials"] = self.most_trials
        return said | {key: bool(said[key]) for key in ("cut_node", "join_node")}
