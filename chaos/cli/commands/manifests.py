"""Print what it takes to run inside a cluster, for `kubectl apply -f -`."""

from dataclasses import dataclass

from chaos.cli.command import Command
from chaos.cli.complete import manifest_kinds
from chaos.options import Many, Text, option
from chaos.options.argument import argument
from chaos.options.option import Trust, same
from chaos.options.run import Options

RUNNER = "chaos-identity"


@dataclass(frozen=True, slots=True)
class ManifestOptions:
    """What to print."""

    kind: str = argument("KIND", "namespace, rbac, cronjob, networkpolicy or all.", complete=manifest_kinds)
    namespace: str = same(Options, "namespace", default=RUNNER, help="To run in, and to work on.")
    image: str = option(Text("IMAGE"), "", "With this tool; kind/Dockerfile builds one.", trust=Trust.NAMED)
    service_account: str = option(Text("NAME"), RUNNER, "Of the runner's pod.", trust=Trust.NAMED)
    schedule: str = option(Text("CRON"), "17 2 * * *", "Of the CronJob, in UTC.", trust=Trust.NAMED)
    opt_ins: tuple[str, ...] = option(
        Many("WHAT"),
        (),
        "Beyond one's own namespace: read-dns (ask each DNS server; read only), disturb-dns (kill and configure them), "
        "make-namespace, node-conditions (for --abort-if). Repeatable.",
        name="with",
        trust=Trust.NAMED,
    )
    experiments: tuple[str, ...] = option(
        Many("NAME"),
        (),
        "Also what this experiment does beyond identity-persistence. Repeatable.",
        name="experiment",
        trust=Trust.NAMED,
    )
    arguments: tuple[str, ...] = option(
        Many("ARG"), (), "One more argument of `chaos run`. Repeatable.", name="argument", trust=Trust.NAMED
    )


command = Command("chaos.cli.manifests:print_manifests", (ManifestOptions,), profiles=False)
