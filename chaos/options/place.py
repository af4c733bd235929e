"""Where a command looks or runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chaos.errors import UsageError
from chaos.options.kinds import File, Flag, Many, Text
from chaos.options.numbers import Whole
from chaos.options.option import Trust, check_group, option

_LARGEST_SEED = 2**63 - 1


@dataclass(frozen=True)
class ClusterOptions:
    """A real cluster. A context is never guessed."""

    context: str = option(
        Text("NAME"),
        "",
        "A context of the kubeconfig. Never guessed: name it.",
        trust=Trust.NAMED,
        rivals=("sandbox", "in-cluster"),
    )
    in_cluster: bool = option(
        Flag(),
        False,
        "The cluster of the pod that this runs in.",
        trust=Trust.NAMED,
        rivals=("sandbox", "context", "kubeconfig"),
    )
    kubeconfig: Path | None = option(
        File(),
        None,
        "Only this one. Default: all of $KUBECONFIG, else ~/.kube/config.",
        trust=Trust.NAMED,
        rivals=("sandbox", "in-cluster"),
    )

    def __post_init__(self) -> None:
        check_group(self)
        if self.in_cluster and (self.context or self.kubeconfig is not None):
            other = "--context" if self.context else "--kubeconfig"
            raise UsageError(f"{other} and --in-cluster exclude each other", hint="name one of them")

    @property
    def is_named(self) -> bool:
        """Whether a cluster is named."""
        return bool(self.context or self.in_cluster)

    def check_named(self) -> None:
        """Refuse to guess.

        Raises:
            UsageError: no cluster is named.
        """
        if not self.is_named:
            raise UsageError("no cluster is named", hint="a context is never guessed: name it with --context")


@dataclass(frozen=True)
class SandboxOptions:
    """The simulated cluster."""

    seed: int = option(Whole(0, _LARGEST_SEED), 0, "Of every modelled delay of the sandbox.")
    model: tuple[str, ...] = option(Many("NAME=LOW..HIGH"), (), "Set a delay of the sandbox, in seconds. Repeatable.")

    def __post_init__(self) -> None:
        check_group(self)


@dataclass(frozen=True)
class PlaceOptions(ClusterOptions, SandboxOptions):
    """Where experiments run: the sandbox, or a real cluster."""

    sandbox: bool = option(
        Flag(),
        False,
        "On a simulated cluster; needs nothing. The default at a terminal.",
        trust=Trust.NAMED,
        rivals=("context", "in-cluster", "kubeconfig"),
    )
    realtime: bool = option(Flag(), False, "Run the sandbox in real time, over loopback.")

    def __post_init__(self) -> None:
        check_group(self)
        if sum((self.sandbox, bool(self.context), self.in_cluster)) > 1:
            raise UsageError("--sandbox, --context and --in-cluster exclude each other", hint="name one of them")
