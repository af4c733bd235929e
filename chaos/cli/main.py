"""The commands. Nothing heavy is imported before a command needs it: `--help` must not wait for pandas."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chaos import __version__
from chaos.agents.options import DEFAULT_IMAGE, AgentOptions, PodOptions
from chaos.cli.complete import experiment_names, run_folders
from chaos.cli.durations import duration
from chaos.cli.percentages import percentage
from chaos.cli.streams import Streams
from chaos.errors import ChaosError, InconclusiveError, InterruptedRunError, UsageError
from chaos.visible import visible

if TYPE_CHECKING:
    from chaos.cluster import ClusterAddress

app = typer.Typer(
    name="chaos",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="""
Measures what happens to the network identity of StatefulSet pods when things fail.

It deletes a pod and watches, every few milliseconds, when the pod's DNS names go away and come back, what clients see
meanwhile, and where the time goes. Start without a cluster:

**chaos run identity-persistence --sandbox**

and then with one; from a laptop too, which it asks for nothing but a context:

**chaos run identity-persistence --context NAME**
""",
    epilog="Exit codes: 0 the hypothesis held; 1 it did not; 2 usage; 3 the cluster cannot be reached or used; "
    "4 inconclusive; 5 something could not be undone; 130 interrupted and undone.",
)


class Output(StrEnum):
    """What is printed on stdout."""

    text = "text"
    json = "json"


class Vantage(StrEnum):
    """Where probes run from."""

    auto = "auto"
    local = "local"
    agent = "agent"
    both = "both"


ReportsOption = Annotated[Path, typer.Option("--reports", metavar="DIR", help="Where runs are kept.")]
OutputOption = Annotated[
    Output, typer.Option("--output", "-o", help="What is printed on stdout; progress is on stderr.")
]
ContextOption = Annotated[
    str, typer.Option("--context", metavar="NAME", help="A context of the kubeconfig. Never guessed: name it.")
]
KubeconfigOption = Annotated[
    Path | None,
    typer.Option(
        "--kubeconfig", metavar="FILE", help="Only this one. Default: all of $KUBECONFIG, else ~/.kube/config."
    ),
]
InClusterOption = Annotated[bool, typer.Option("--in-cluster", help="The cluster of the pod that this runs in.")]
ExperimentFileOption = Annotated[
    str,
    typer.Option(
        "--experiment",
        metavar="FILE",
        help="The file of an experiment of your own that the run was of; it is executed.",
    ),
]
REPORTS = Path("reports")


@app.command()
def run(
    experiments: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="EXPERIMENT...",
            help="Names from `chaos list`, or files: ./my_experiment.py",
            autocompletion=experiment_names,
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="All that ship with the tool, and one overview.")] = False,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="On a simulated cluster; needs nothing. The default at a terminal.")
    ] = False,
    context: ContextOption = "",
    in_cluster: InClusterOption = False,
    kubeconfig: KubeconfigOption = None,
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="An existing namespace that allows it; default: one is made.")
    ] = "",
    target: Annotated[
        str, typer.Option(metavar="statefulset/NAME", help="Your own workload, in the namespace that -n names.")
    ] = "",
    identify: Annotated[
        str,
        typer.Option(
            metavar="HOW",
            help="How a pod of that target says who it is: http:/path (the page names its pod), mysql, redis (as "
            "$CHAOS_IDENTIFY_USER with $CHAOS_IDENTIFY_PASSWORD), exec:hostname or none.",
        ),
    ] = "none",
    port: Annotated[int, typer.Option(help="Of that target's pods; default: the first of its service.")] = 0,
    cluster_domain: Annotated[
        str, typer.Option(metavar="DOMAIN", help="Default: as the Corefile says; for DNS servers that have none.")
    ] = "",
    allow_kube_system: Annotated[
        bool, typer.Option("--allow-kube-system", help="Cluster DNS may be changed, which everybody there uses.")
    ] = False,
    allow_nodes: Annotated[
        bool, typer.Option("--allow-nodes", help="A node may be taken out of service for a while.")
    ] = False,
    node: Annotated[
        str, typer.Option(metavar="NAME", help="That node; default: the one with most of the run's pods.")
    ] = "",
    cut_node: Annotated[
        str, typer.Option(metavar="COMMAND", help="Shell command that cuts the node {node} off the network.")
    ] = "",
    join_node: Annotated[
        str, typer.Option(metavar="COMMAND", help="Shell command that joins it again; it must do no harm twice.")
    ] = "",
    trials: Annotated[int | None, typer.Option(help="Number of faults; default: one for each pod.")] = None,
    until_precision: Annotated[
        float | None,
        typer.Option(
            metavar="PERCENT",
            parser=percentage,
            help="Instead: until the median of the outage is known so precisely, such as 10%.",
        ),
    ] = None,
    max_trials: Annotated[
        int | None, typer.Option(metavar="N", help="Faults at most, with --until-precision. Default: 60.")
    ] = None,
    grace: Annotated[int | None, typer.Option(metavar="S", help="Grace period; default: the manifest's.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Delete with grace period 0.")] = False,
    within: Annotated[
        float, typer.Option(metavar="TIME", parser=duration, help="In which records must be right again.")
    ] = 60.0,
    period: Annotated[
        float | None,
        typer.Option(
            metavar="TIME",
            parser=duration,
            help="Between DNS queries for one record in one view. Default: 10ms on the sandbox, 20ms on a cluster.",
        ),
    ] = None,
    connect_period: Annotated[
        float, typer.Option(metavar="TIME", parser=duration, help="Between connections of a kind to a pod.")
    ] = 0.1,
    max_qps: Annotated[
        float | None, typer.Option(help="Limit of DNS queries per second in all. Default: 500 on a cluster.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(metavar="TIME", parser=duration, help="After which a probe counts as unanswered.")
    ] = 1.0,
    vantage: Annotated[
        Vantage,
        typer.Option(
            help="Where probes run: in this process, in agent pods, or both. auto: here where cluster DNS can be "
            "reached from here, else in an agent."
        ),
    ] = Vantage.auto,
    agents: Annotated[
        int | None, typer.Option(metavar="N", help="Number of agent pods, one per node first. Implies --vantage agent.")
    ] = None,
    agent_image: Annotated[
        str, typer.Option(metavar="IMAGE", help="Any image with Python 3.11 or later.")
    ] = DEFAULT_IMAGE,
    agent_cpu: Annotated[str, typer.Option(metavar="CPU", help="Limit of an agent pod.")] = "1",
    agent_memory: Annotated[str, typer.Option(metavar="MEMORY", help="Limit of an agent pod.")] = "96Mi",
    agent_clock: Annotated[
        list[str] | None,
        typer.Option(hidden=True, help="For tests: offset=S,drift=RATE,step=S@S. Repeatable: one for each agent."),
    ] = None,
    image_mirror: Annotated[
        str, typer.Option(metavar="PREFIX", help="Take all images from this registry instead of their own.")
    ] = "",
    image_pull_secret: Annotated[
        list[str] | None, typer.Option(metavar="SECRET", help="Of the namespace, for all pods made. Repeatable.")
    ] = None,
    toleration: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY[=VALUE][:EFFECT]", help="For all pods made; * tolerates everything. Repeatable."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of every modelled delay of the sandbox.")] = 0,
    model: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=LOW..HIGH", help="Set a delay of the sandbox, in seconds. Repeatable."),
    ] = None,
    realtime: Annotated[bool, typer.Option("--realtime", help="Run the sandbox in real time, over loopback.")] = False,
    metrics_textfile: Annotated[
        Path | None, typer.Option(metavar="FILE.prom", help="Metrics for node_exporter's textfile collector.")
    ] = None,
    metrics_pushgateway: Annotated[
        str, typer.Option(metavar="URL", envvar="CHAOS_METRICS_PUSHGATEWAY", help="Metrics to a Pushgateway.")
    ] = "",
    metrics_job: Annotated[
        str, typer.Option(metavar="NAME", help="Job of a push; two clusters need two.")
    ] = "chaos-identity",
    metrics_listen: Annotated[
        str, typer.Option(metavar="ADDRESS:PORT", help="Serve metrics for Prometheus while the command lives.")
    ] = "",
    metrics_linger: Annotated[
        float, typer.Option(metavar="TIME", parser=duration, help="Go on serving them for so long after the run.")
    ] = 0.0,
    metrics_otlp: Annotated[
        bool, typer.Option("--metrics-otlp", help="Metrics to an OpenTelemetry collector, as OTEL_* variables say.")
    ] = False,
    reports: ReportsOption = REPORTS,
    output: OutputOption = Output.text,
) -> None:
    """Run experiments: measure, inject, undo, judge, report. Of several, one overview is written too.

    Without --sandbox or --context it runs on the sandbox at a terminal, and refuses elsewhere: a nightly job must not
    pass on a simulator by mistake.
    """
    if every == bool(experiments):
        raise UsageError("name experiments, or say --all", hint="chaos list shows them")
    from chaos.cli.run import RunRequest, run_experiment  # noqa: PLC0415
    from chaos.metrics import MetricsOptions  # noqa: PLC0415

    request = RunRequest(
        sandbox=sandbox,
        context=context,
        in_cluster=in_cluster,
        kubeconfig=kubeconfig,
        options={
            "namespace": namespace,
            "target": target,
            "identify": identify,
            "port": port,
            "cluster_domain": cluster_domain.removesuffix("."),
            "allow_kube_system": allow_kube_system,
            "allow_nodes": allow_nodes,
            "node": node,
            "cut_node": cut_node,
            "join_node": join_node,
            "trials": trials,
            "until_precision": until_precision,
            "max_trials": max_trials,
            "grace_s": grace,
            "force": force,
            "within_s": within,
            "connect_period_s": connect_period,
            "timeout_s": timeout,
            "vantage": _vantage(vantage, agents),
            "agents": AgentOptions(
                1 if agents is None else agents, agent_image, agent_cpu, agent_memory, tuple(agent_clock or ())
            ),
            "pods": PodOptions(image_mirror, tuple(image_pull_secret or ()), tuple(toleration or ())),
        },
        period_s=period,
        max_qps=max_qps,
        seed=seed,
        model=tuple(model or ()),
        realtime=realtime,
        reports=reports,
        metrics=MetricsOptions(
            textfile=metrics_textfile,
            pushgateway=metrics_pushgateway,
            listen=metrics_listen,
            linger_s=metrics_linger,
            otlp=metrics_otlp,
            job=metrics_job,
        ),
        as_json=output is Output.json,
    )
    names = experiments or []
    if len(names) == 1:
        raise typer.Exit(run_experiment(request, names[0]))
    from chaos.cli.many import run_many  # noqa: PLC0415

    raise typer.Exit(run_many(request, names, every=every))


def _vantage(vantage: Vantage, agents: int | None) -> str:
    """Asking for agents means wanting them."""
    if agents is None or vantage in (Vantage.agent, Vantage.both):
        return vantage.value
    if vantage is Vantage.local:
        raise UsageError("--vantage local has no agents", hint="leave --agents out, or say --vantage both")
    return Vantage.agent.value


@app.command("list")
def list_experiments(output: OutputOption = Output.text) -> None:
    """Show the experiments that ship with the tool, one line each."""
    from chaos.cli.catalogue import show_list  # noqa: PLC0415

    show_list(as_json=output is Output.json)


@app.command()
def show(
    experiment: Annotated[
        str, typer.Argument(help="A name from `chaos list`, or a file.", autocompletion=experiment_names)
    ],
    output: OutputOption = Output.text,
) -> None:
    """Show an experiment: hypothesis, what it does, its blast radius, what it asks."""
    from chaos.cli.catalogue import show_experiment  # noqa: PLC0415

    show_experiment(experiment, as_json=output is Output.json)


@app.command()
def new(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="experiment or fault.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of it: small letters, digits and dashes.")],
    folder: Annotated[Path, typer.Option(metavar="DIR", help="Where to write it.")] = Path(),
    fault: Annotated[
        str, typer.Option(metavar="NAME", help="That the experiment uses; it is written too where there is none.")
    ] = "break-selector",
) -> None:
    """Write an experiment or a fault of your own to begin with: complete, and it runs on the sandbox as it is."""
    from chaos.cli.commands.new import Kind, command  # noqa: PLC0415

    if kind not in list(Kind):
        raise UsageError(
            f"there is no {kind!r} to be written", hint="chaos new experiment NAME, or chaos new fault NAME"
        )
    command(Kind(kind), name, folder, fault)


@app.command()
def report(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.", autocompletion=run_folders)],
    experiment: ExperimentFileOption = "",
    anew: Annotated[
        bool, typer.Option("--anew", help="Judge it again instead of rendering what run.json says was concluded.")
    ] = False,
    full: Annotated[bool, typer.Option("--full", help="Print the whole report, not only what matters most.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Render a saved run again; one that was cut short, or with an experiment file, is judged first."""
    from chaos.cli.catalogue import own_experiment  # noqa: PLC0415
    from chaos.cli.saved import render_again  # noqa: PLC0415

    own = own_experiment(experiment)
    raise typer.Exit(render_again(folder, own, anew=anew, as_json=output is Output.json, full=full))


@app.command()
def check(
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="A run's folder.", autocompletion=run_folders)],
    within: Annotated[
        float | None, typer.Option(metavar="TIME", parser=duration, help="Judge recovery by another limit.")
    ] = None,
    experiment: ExperimentFileOption = "",
    output: OutputOption = Output.text,
) -> None:
    """Judge a saved run again, without writing anything; the exit code is that of its verdicts."""
    from chaos.cli.catalogue import own_experiment  # noqa: PLC0415
    from chaos.cli.saved import judge_again  # noqa: PLC0415

    raise typer.Exit(judge_again(folder, within, own_experiment(experiment), as_json=output is Output.json))


@app.command()
def doctor(
    context: ContextOption = "",
    in_cluster: InClusterOption = False,
    kubeconfig: KubeconfigOption = None,
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="That a run would use; default: it would make one.")
    ] = "",
    agent_image: Annotated[str, typer.Option(metavar="IMAGE", help="That agents would use.")] = DEFAULT_IMAGE,
    image_mirror: Annotated[str, typer.Option(metavar="PREFIX", help="That images would be taken from.")] = "",
    output: OutputOption = Output.text,
) -> None:
    """Say what a run here could and could not do, and what to do about it. Changes nothing in the cluster.

    Exit code 3 where the main experiment could not run.
    """
    from chaos.cli.doctor import examine  # noqa: PLC0415
    from chaos.cluster import ClusterAddress  # noqa: PLC0415

    if context and in_cluster:
        raise UsageError("--context and --in-cluster exclude each other", hint="name one of them")
    if not context and (kubeconfig is not None or (namespace and not in_cluster)):
        raise UsageError("no cluster is named", hint="a context is never guessed: name it with --context")
    address = None
    if context or in_cluster:
        address = ClusterAddress(context=context, kubeconfig=kubeconfig, in_cluster=in_cluster)
    pods = PodOptions(mirror=image_mirror)
    raise typer.Exit(examine(address, namespace, agent_image, pods, as_json=output is Output.json))


@app.command()
def diagnose(
    target: Annotated[
        str, typer.Argument(metavar="[statefulset/NAME]", help="One StatefulSet; default: all of the namespace.")
    ] = "",
    files: Annotated[
        list[str] | None,
        typer.Option(
            "-f",
            "--file",
            metavar="FILE",
            help="Manifests or a folder of them, instead of a cluster; - is stdin. Repeatable.",
        ),
    ] = None,
    context: ContextOption = "",
    in_cluster: InClusterOption = False,
    kubeconfig: KubeconfigOption = None,
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="To look at; default: default.")] = "",
    fix: Annotated[bool, typer.Option("--fix", help="Offer to mend what can be mended safely; asks first.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Agree to all that --fix offers.")] = False,
    reports: ReportsOption = REPORTS,
    output: OutputOption = Output.text,
) -> None:
    """Find every fault of network identity, in a namespace or in manifests. Changes nothing, unless --fix is agreed to.

    Exit code 1 where something is wrong, 0 where it is not, 4 where that could not be told.
    """
    from chaos.cli.diagnose import DiagnoseRequest, run_diagnosis  # noqa: PLC0415

    request = DiagnoseRequest(
        address=_address(context, kubeconfig, in_cluster=in_cluster, needed=not files),
        namespace=namespace,
        target=target,
        files=tuple(files or ()),
        fix=fix,
        agreed=yes,
        reports=reports,
        as_json=output is Output.json,
    )
    raise typer.Exit(run_diagnosis(request))


def _address(context: str, kubeconfig: Path | None, *, in_cluster: bool, needed: bool) -> ClusterAddress | None:
    """The cluster that was named; None where none was and none is needed."""
    from chaos.cluster import ClusterAddress  # noqa: PLC0415

    if context and in_cluster:
        raise UsageError("--context and --in-cluster exclude each other", hint="name one of them")
    if context or in_cluster:
        return ClusterAddress(context=context, kubeconfig=kubeconfig, in_cluster=in_cluster)
    if needed or kubeconfig is not None:
        raise UsageError("no cluster is named", hint="a context is never guessed: name it with --context")
    return None


@app.command()
def manifests(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="namespace, rbac, cronjob, networkpolicy or all.")],
    namespace: Annotated[str, typer.Option("--namespace", "-n", help="To run in, and to work on.")] = "chaos-identity",
    image: Annotated[str, typer.Option(metavar="IMAGE", help="With this tool; kind/Dockerfile builds one.")] = "",
    service_account: Annotated[str, typer.Option(metavar="NAME", help="Of the runner's pod.")] = "chaos-identity",
    schedule: Annotated[str, typer.Option(metavar="CRON", help="Of the CronJob, in UTC.")] = "17 2 * * *",
    opt_in: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            metavar="WHAT",
            help="Beyond one's own namespace: read-dns (ask each DNS server; read only), disturb-dns (kill and "
            "configure them), make-namespace. Repeatable.",
        ),
    ] = None,
    experiment: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Also what this experiment does beyond identity-persistence. Repeatable.",
            autocompletion=experiment_names,
        ),
    ] = None,
    argument: Annotated[
        list[str] | None, typer.Option(metavar="ARG", help="One more argument of `chaos run`. Repeatable.")
    ] = None,
) -> None:
    """Print what it takes to run inside a cluster, for `kubectl apply -f -`."""
    from chaos.cli.manifests import ManifestRequest, print_manifests  # noqa: PLC0415

    print_manifests(
        ManifestRequest(
            kind,
            namespace,
            image,
            service_account,
            schedule,
            tuple(opt_in or ()),
            tuple(argument or ()),
            tuple(experiment or ()),
        )
    )


@app.command()
def recover(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[RUN]", help="A run's folder; default: all below --reports.")
    ] = None,
    context: ContextOption = "",
    in_cluster: InClusterOption = False,
    kubeconfig: KubeconfigOption = None,
    reports: ReportsOption = REPORTS,
    run_commands: Annotated[
        bool,
        typer.Option(
            "--run-commands", help="Also run shell commands that a journal names, such as one for --join-node."
        ),
    ] = False,
) -> None:
    """Undo what a run that was killed left in a cluster, from its journal.

    The journal is a file, so it is believed where the cluster agrees: what is deleted must carry the run's label, what
    is put back must still have the run's values. The kubeconfig is yours; one that the journal names is read only if
    you name it.
    """
    from chaos.cli.recover import RecoverRequest, recover_runs  # noqa: PLC0415

    if in_cluster and (context or kubeconfig is not None):
        raise UsageError("--in-cluster excludes --context and --kubeconfig", hint="name one of them")
    request = RecoverRequest(folder, reports, context, kubeconfig, in_cluster, run_commands)
    raise typer.Exit(recover_runs(request))


@app.command()
def cleanup(
    context: ContextOption = "",
    in_cluster: InClusterOption = False,
    kubeconfig: KubeconfigOption = None,
    over: Annotated[
        list[str] | None,
        typer.Option("--run", metavar="ID", help="A run that is over although it looks as if it were not. Repeatable."),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Remove what runs left that are surely over, without asking.")
    ] = False,
    reports: ReportsOption = REPORTS,
) -> None:
    """Remove everything that this tool ever left in a cluster; shows it first, and asks.

    It goes by the label that each object carries, so it needs no journal; where there is one, `chaos recover` knows
    more.
    Exit code 0 where nothing is left, 5 where something is.
    """
    from chaos.cli.cleanup import CleanupRequest, clean_up  # noqa: PLC0415

    address = _address(context, kubeconfig, in_cluster=in_cluster, needed=True)
    assert address is not None  # noqa: S101 - it was needed
    raise typer.Exit(clean_up(CleanupRequest(address, reports, frozenset(over or ()), yes)))


@app.command()
def sandbox(
    kubeconfig: Annotated[
        Path | None, typer.Option("--kubeconfig", metavar="FILE", help="Where to write it; default: a new file.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of every modelled delay.")] = 0,
    model: Annotated[
        list[str] | None, typer.Option(metavar="NAME=LOW..HIGH", help="Set a delay, in seconds. Repeatable.")
    ] = None,
) -> None:
    """Serve the simulated cluster in real time until Ctrl-C, for kubectl and other programs."""
    from chaos.cli.sandbox import serve_sandbox  # noqa: PLC0415

    raise typer.Exit(serve_sandbox(kubeconfig, seed, tuple(model or ())))


@app.command()
def version(output: OutputOption = Output.text) -> None:
    """Show the version."""
    if output is Output.json:
        print(f'{{"version": "{__version__}"}}')
    else:
        print(f"chaos-identity {__version__}")


def main() -> None:
    """The entry point of the scripts."""
    try:
        streams = Streams()
    except ChaosError as exc:
        sys.exit(_told(exc))
    code = _exit_code()
    failure = streams.failure()
    if failure is not None:
        # What a command found weighs more than that it could not say so; only a 0 would say that all went well.
        code = code or failure.exit_code
        _told(failure)
    sys.exit(code)


def _exit_code() -> int:
    """Run the command that was asked for."""
    try:
        app()
    except SystemExit as exc:
        if exc.code is None or isinstance(exc.code, int):
            return exc.code or 0
        return _told(InconclusiveError(str(exc.code)))
    except ChaosError as exc:
        return _told(exc)
    except KeyboardInterrupt:
        return InterruptedRunError.exit_code
    except Exception as exc:
        # Exit code 1 would say that the hypothesis did not hold.
        print(visible(f"chaos: a defect of this tool: {type(exc).__name__}: {exc}"), file=sys.stderr)
        print("  please report it; CHAOS_DEBUG=1 shows where", file=sys.stderr)
        if os.environ.get("CHAOS_DEBUG"):
            raise
        return InconclusiveError.exit_code
    return 0


def _told(error: ChaosError) -> int:
    """Print an error; returns its exit code."""
    print(f"chaos: {visible(str(error))}", file=sys.stderr)
    return error.exit_code
