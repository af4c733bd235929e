"""Which cluster a context led to when it was used first. A file for each, in the user's state folder."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime

from chaos.cluster.address import ClusterAddress
from chaos.cluster.state import make_state_folder, read_own, told, write_own

_LARGEST = 10_000  # bytes


@dataclass(frozen=True, slots=True)
class Known:
    """What is remembered.

    Attributes:
        fingerprint: of the cluster; empty: nothing is remembered.
        since: the day of its first use.
        missing: why nothing can be remembered here, as half a sentence.
    """

    fingerprint: str = ""
    since: str = ""
    missing: str = ""


class Pins:
    """Remembers each context's cluster. Contexts of one name in different kubeconfigs are different ones."""

    def of(self, address: ClusterAddress, fingerprint: str) -> Known:
        """What is remembered of a context.

        Args:
            address: that names it.
            fingerprint: of its cluster now; one of a namespace is remembered for that namespace. Empty: what is
                remembered of the whole cluster.
        """
        try:
            path = make_state_folder() / _name(address, fingerprint)
            row = json.loads(read_own(path, _LARGEST))
            return Known(str(row["fingerprint"]), str(row["since"]))
        except FileNotFoundError:
            return Known()
        except (OSError, RuntimeError, ValueError, KeyError, TypeError) as exc:
            return Known(missing=told(exc))

    def remember(self, address: ClusterAddress, fingerprint: str) -> str:
        """Write it down in place of what was; returns why that cannot be done, as half a sentence."""
        row = {"context": address.describe(), "fingerprint": fingerprint, "since": f"{datetime.now(UTC):%Y-%m-%d}"}
        try:
            write_own(make_state_folder() / _name(address, fingerprint), json.dumps(row).encode())
        except (OSError, RuntimeError, ValueError) as exc:
            return told(exc)
        return ""


def _name(address: ClusterAddress, fingerprint: str) -> str:
    kind, _, rest = fingerprint.partition(" ")
    namespace = rest.partition(" ")[0] if kind == "namespace" else ""
    named = json.dumps([address.for_journal(), address.url, namespace], sort_keys=True)
    return f"cluster-{hashlib.sha256(named.encode()).hexdigest()[:32]}.json"
