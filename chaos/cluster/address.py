"""Which cluster is meant."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class ClusterAddress:
    """How to reach a cluster. Exactly one of the forms is used.

    Attributes:
        context: a context of the kubeconfig.
        kubeconfig: its file; None: those of `$KUBECONFIG`, merged, or ``~/.kube/config``.
        in_cluster: the service account of the pod that this runs in.
        url: an API server without authentication other than `token`, as the sandbox's.
        connector: an aiohttp connector that carries requests there in memory.
    """

    context: str = ""
    kubeconfig: Path | None = None
    in_cluster: bool = False
    url: str = ""
    token: str = ""
    connector: Any = None

    def for_journal(self) -> dict[str, Any]:
        """What a journal keeps of it. Whoever recovers is told the kubeconfig, and reads it only by naming it."""
        where = self.kubeconfig.absolute() if self.kubeconfig is not None else ""
        return {"context": self.context, "kubeconfig": str(where), "in_cluster": self.in_cluster}

    def describe(self) -> str:
        """For messages."""
        if self.in_cluster:
            return "the cluster of this pod"
        return f"context {self.context}" if self.context else self.url

    def recovery(self, run: str, namespace: str = "") -> str:
        """The command that recovers a run from this cluster.

        Args:
            run: its id.
            namespace: where it is looked for, where not all may be looked at.
        """
        where = ("--namespace", namespace) if namespace else ()
        return shlex.join(["chaos", "recover", *self.as_options(), "--from-cluster", run, *where])

    def cleanup(self, run: str = "") -> str:
        """The command that removes what carries the label of runs, or of one that somebody says is over."""
        over = ("--run", run) if run else ()
        return shlex.join(["chaos", "cleanup", *self.as_options(), *over])

    def as_options(self) -> list[str]:
        """What names it on a command line."""
        where = ["--in-cluster"] if self.in_cluster else ["--context", self.context or "NAME"]
        return [*where, *(("--kubeconfig", str(self.kubeconfig)) if self.kubeconfig is not None else ())]
