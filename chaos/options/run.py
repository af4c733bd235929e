"""What may be said about a run. A field is an option: its flag, its variable, its key in a profile and in run.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from chaos.errors import UsageError
from chaos.options import (
    Choice,
    Duration,
    Flag,
    Name,
    Number,
    Option,
    Percentage,
    RefusedError,
    Text,
    Trust,
    Whole,
    check_group,
    declared,
    option,
    options_in,
)
from chaos.options.aborting import AbortOptions
from chaos.options.agents import AgentOptions, PodOptions
from chaos.options.guards import GuardOptions
from chaos.options.hooks import HookOptions
from chaos.options.identify import Identify

T = TypeVar("T")
UNSAID = "…"  # stands for a value that may hold a password
# facts.md and design.md, "Vantages": somebody else lives on a real cluster.
DEFAULT_MAX_QPS = 500
VANTAGES = ("auto", "local", "agent", "both")
_SHORTEST_PERIOD_S, _LONGEST_PERIOD_S = 0.001, 60.0
_DAY_S = 86_400.0
# As kubectl takes the kind.
STATEFULSET = ("statefulset", "statefulsets", "sts", "statefulset.apps")
_LARGEST_PORT = 65535
_MOST_FAULTS = 100_000
# `--until-precision`: the least number of faults that says anything at its level, and where such a run gives up.
_FEWEST_TRIALS, _MAX_TRIALS = 7, 60
_MOST_TRIALS = 500  # to plan the looks for more takes seconds, and nobody waits for so many
# A pod's terminationGracePeriodSeconds may be longer; nobody waits for it.
_LONGEST_GRACE_S = 2**31 - 1
_CONNECTING = {"tcp", "http", "clusterip", "address", "stream"}
# Checkers that judge by the limit.
_LIMITED = {"recovered-within", "identity-kept"}


def _with_target(experiment: Any) -> bool:
    return bool(experiment.any_target)


def _with_probes(experiment: Any) -> bool:
    return bool(experiment.probes)


def _with_clients(experiment: Any) -> bool:
    return not _CONNECTING.isdisjoint(experiment.probes)


def _with_limit(experiment: Any) -> bool:
    return any(one in _LIMITED for one in experiment.checkers)


def _until_precise(experiment: Any) -> bool:
    return "trials" in experiment.declared and bool(experiment.tells_outage)


def _with_need(need: str) -> Any:
    return lambda experiment: need in experiment.needs


def _target(text: str) -> None:
    kind, _, name = text.partition("/")
    if kind not in STATEFULSET or not name:
        raise RefusedError("must be statefulset/NAME")
    Name(dots=True).check(name)


def _identify(text: str) -> None:
    try:
        Identify.parse(text)
    except UsageError as exc:
        raise RefusedError(f"is not known: {exc.hint}") from exc


def _runs_command(value: object) -> bool:
    return isinstance(value, str) and value.startswith("exec:")


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a run.

    Attributes:
        agents: probe pods, where the vantage asks for them.
        pods: what every pod that the run makes is given.
        guards: what is allowed beyond what every run may do.
        aborting: what ends it early.
        hooks: what is run before and after it.
        own: of an experiment of one's own, by name; read with `of`.
        origins: where what was given comes from, for the plan: as it would be typed → origin.
        dropped: what was given and counts for nothing, for the plan; sentences.
    """

    namespace: str = option(
        Name(), "", "An existing namespace that allows it; default: one is made, and removed after the run.", short="-n"
    )
    target: str = option(
        Text("statefulset/NAME", _target),
        "",
        "Your own workload, in the namespace that -n names.",
        honoured_by=_with_target,
    )
    identify: str = option(
        Text("HOW", _identify),
        "none",
        "How a pod of that target says who it is: http:/path (the page names its pod), mysql, redis (as "
        "$CHAOS_IDENTIFY_USER with $CHAOS_IDENTIFY_PASSWORD), exec:hostname or none.",
        distrusted=_runs_command,
        honoured_by=_with_target,
    )
    container: str = option(
        Name(),
        "",
        "Of that target's pods, for --identify exec:COMMAND; default: the one that kubectl exec takes.",
        honoured_by=_with_target,
    )
    port: int = option(
        Whole(1, _LARGEST_PORT),
        0,
        "Of that target's pods; default: of its service, or of its containers.",
        honoured_by=_with_target,
    )
    cluster_domain: str = option(
        Name("DOMAIN", dots=True), "", "Default: as the Corefile says; for DNS servers that have none."
    )
    allow_kube_system: bool = option(
        Flag(),
        False,
        "Cluster DNS may be changed, which everybody there uses.",
        trust=Trust.NAMED,
        honoured_by=_with_need("kube-system"),
    )
    allow_nodes: bool = option(
        Flag(),
        False,
        "A node may be taken out of service for a while.",
        trust=Trust.NAMED,
        honoured_by=_with_need("nodes"),
    )
    node: str = option(
        Name(dots=True), "", "That node; default: the one with most of the run's pods.", honoured_by=_with_need("nodes")
    )
    local_journal_only: bool = option(
        Flag(),
        False,
        "What is to be undone is known to this machine only, and not to the cluster: no ConfigMap is written.",
        trust=Trust.NAMED,
        simulated=(True,),
    )
    events: bool = option(
        Flag(),
        True,
        "Kubernetes Events on the target say what is done to it; --no-events leaves them out.",
        default_said="yes, but on the sandbox",
        simulated=(False,),
    )
    cut_node: str = option(
        Text("COMMAND"),
        "",
        "Shell command that cuts the node {node} off the network.",
        trust=Trust.NAMED,
        honoured_by=_with_need("node-commands"),
        secret=True,
    )
    join_node: str = option(
        Text("COMMAND"),
        "",
        "Shell command that joins it again; it must do no harm twice.",
        trust=Trust.NAMED,
        honoured_by=_with_need("node-commands"),
        secret=True,
    )
    trials: int | None = option(
        Whole(1, _MOST_FAULTS),
        None,
        "Number of faults; default: one for each pod.",
        honoured_by=declared,
        rivals=("until-precision", "max-trials"),
    )
    until_precision: float | None = option(
        Percentage(),
        None,
        "Instead: until the median of the outage is known so precisely, such as 10%.",
        honoured_by=_until_precise,
        rivals=("trials",),
    )
    max_trials: int | None = option(
        Whole(_FEWEST_TRIALS, _MOST_TRIALS),
        None,
        f"Faults at most, with --until-precision: of fewer than {_FEWEST_TRIALS} no median is known so surely.",
        default_said=str(_MAX_TRIALS),
        honoured_by=_until_precise,
        rivals=("trials",),
    )
    grace_s: int | None = option(
        Duration(0, _LONGEST_GRACE_S, zero=True, whole=True),
        None,
        "Grace period of deletions; default: the manifest's.",
        honoured_by=declared,
        rivals=("force",),
    )
    force: bool = option(Flag(), False, "Delete with grace period 0.", honoured_by=declared, rivals=("grace",))
    within_s: float = option(
        Duration(0, _DAY_S), 60.0, "In which records must be right again.", honoured_by=_with_limit
    )
    period_s: float = option(
        Duration(_SHORTEST_PERIOD_S, _LONGEST_PERIOD_S),
        0.02,
        "Between DNS queries for one record in one view.",
        default_said="10ms on the sandbox, 20ms on a cluster",
        simulated=(0.01,),
        honoured_by=_with_probes,
    )
    connect_period_s: float = option(
        Duration(_SHORTEST_PERIOD_S, _LONGEST_PERIOD_S),
        0.1,
        "Between connections of a kind to a pod.",
        honoured_by=_with_clients,
    )
    max_qps: float | None = option(
        Number(1_000_000),
        DEFAULT_MAX_QPS,
        "Limit of DNS queries per second in all; longer periods keep to it.",
        default_said="none on the sandbox, 500 on a cluster",
        simulated=(None,),
        honoured_by=_with_probes,
    )
    timeout_s: float = option(Duration(0, _LONGEST_PERIOD_S), 1.0, "After which a probe counts as unanswered.")
    vantage: str = option(
        Choice(VANTAGES),
        "auto",
        "Where probes run: in this process, in agent pods, or both. auto: here where cluster DNS can be reached from "
        "here, else in an agent.",
    )
    agents: AgentOptions = field(default_factory=AgentOptions)
    pods: PodOptions = field(default_factory=PodOptions)
    guards: GuardOptions = field(default_factory=GuardOptions)
    aborting: AbortOptions = field(default_factory=AbortOptions)
    hooks: HookOptions = field(default_factory=HookOptions)
    own: Mapping[str, Any] = field(default_factory=dict)
    origins: Mapping[str, str] = field(default_factory=dict, compare=False)
    dropped: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        check_group(self)
        self._check_precision()
        if self.force and self.grace_s:
            raise UsageError("--force means a grace period of 0; leave --grace out")
        self._check_target()
        if self.pods.pull_secrets and not self.namespace:
            raise UsageError(
                "--image-pull-secret names a Secret, and a namespace that is made for the run has none",
                hint="name the namespace that holds it with --namespace",
            )
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

    def _check_commands(self) -> None:
        commands = (self.cut_node, self.join_node)
        if any(commands) and not all(commands):
            raise UsageError("--cut-node and --join-node go together: what is cut off must be joined again")
        if all(commands) and not self.node and not all("{node}" in command for command in commands):
            raise UsageError("--cut-node and --join-node must say {node}", hint="or name the node they are for: --node")

    def _check_target(self) -> None:
        if not self.target:
            for flag, given in (
                ("--identify", self.identify != "none"),
                ("--container", self.container),
                ("--port", self.port),
            ):
                if given:
                    raise UsageError(
                        f"{flag} is about a target of your own", hint="--target statefulset/NAME -n NAMESPACE"
                    )
        elif not self.namespace:
            raise UsageError("--target is in a namespace: name it too", hint="-n NAMESPACE")

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

    def with_own(self, own: Iterable[Option[Any]]) -> Options:
        """The same with a value for each option of an experiment's own: what was given, or its default."""
        return replace(self, own={one.name: self.own.get(one.name, one.default) for one in own})

    def of(self, option: Option[T]) -> T:
        """The value of an option of one's own, which the experiment names in `options`.

        Raises:
            UsageError: the experiment does not name it, or it has neither a value nor a default.
        """
        if option.name not in self.own:
            raise UsageError(
                f"the method reads the option {option.flag}, which its experiment does not name",
                hint="name it there: Experiment(options=(…,))",
            )
        value: T | None = self.own[option.name]
        if value is None:
            raise UsageError(f"{option.flag} must be given", hint=option.help)
        return value

    def as_parameters(self, own: Iterable[Option[Any]] = ()) -> dict[str, Any]:
        """For run.json; of what may hold passwords only whether it was given.

        Args:
            own: options of the experiment's own.
        """
        said = {key: value for key, value in asdict(self).items() if key not in ("origins", "dropped")}
        if self.until_precision is not None:
            said["max_trials"] = self.most_trials
        said["own"] = {one.name: _recorded(one, self.own.get(one.name, one.default)) for one in own}
        for name, (group, _) in GROUPS_OF_RUN.items():
            said[name] |= {one.field: bool(said[name][one.field]) for one in options_in(group) if one.secret}
        return said | {one.field: bool(said[one.field]) for one in options_in(Options) if one.secret}


# Its groups: the attribute, and what is said of it in the schema of run.json.
GROUPS_OF_RUN: dict[str, tuple[type, str]] = {
    "agents": (AgentOptions, "Of agent pods, where there are any."),
    "pods": (PodOptions, "Of all pods that the run makes."),
    "guards": (GuardOptions, "What was allowed beyond what every run may do."),
    "aborting": (AbortOptions, "What would have ended it early."),
    "hooks": (HookOptions, "What was run before and after it."),
}


def _recorded(option: Option[Any], value: Any) -> Any:
    """As JSON has it."""
    if option.secret:
        return UNSAID if value else None
    return str(value) if isinstance(value, Path) else value
