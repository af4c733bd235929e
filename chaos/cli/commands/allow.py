"""Allow experiments in a namespace, for a while or until that is taken back; its owner does.

Each run reads it before it begins and again before each fault. Cluster DNS, nodes and the namespace default need a
consent of their own besides; namespaces of Kubernetes itself (kube-*) are never worked in.
"""

from dataclasses import dataclass

from chaos.cli.command import Command
from chaos.errors import UsageError
from chaos.options import Flag, option
from chaos.options.numbers import Duration
from chaos.options.option import Trust, check_group, same
from chaos.options.place import ClusterOptions
from chaos.options.run import Options

_LONGEST_S = 366 * 86_400.0


@dataclass(frozen=True, slots=True)
class Allowed:
    """What is allowed, and for how long."""

    namespace: str = same(Options, "namespace", help="That is allowed.", trust=Trust.NAMED)
    for_s: float | None = option(
        Duration(0, _LONGEST_S),
        None,
        "How long, such as 8h.",
        trust=Trust.NAMED,
        rivals=("until-revoked", "revoke"),
    )
    until_revoked: bool = option(
        Flag(), False, "Until it is taken back, as for a nightly job.", trust=Trust.NAMED, rivals=("for", "revoke")
    )
    revoke: bool = option(Flag(), False, "Take it back: no fault is injected there from now on.", trust=Trust.NAMED)

    def __post_init__(self) -> None:
        check_group(self)
        if not self.namespace:
            raise UsageError("name the namespace that is allowed", hint="-n NAMESPACE")
        if sum((self.for_s is not None, self.until_revoked, self.revoke)) != 1:
            raise UsageError("say one of --for DURATION, --until-revoked and --revoke")


command = Command("chaos.cli.allow:allow", (Allowed, ClusterOptions))
