"""What the kernel tells a client."""

from __future__ import annotations

import errno


def refused() -> ConnectionRefusedError:
    """A reset, or ICMP port unreachable: nothing listens there, or kube-proxy rejects."""
    return ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")


def rejected(*, on_a_node: bool) -> list[OSError]:
    """What a UDP client hears of kube-proxy's REJECT, in this order.

    A process on the node itself is told by `send` (EPERM), and by ICMP as well, as realk8s does; a pod by ICMP alone.
    """
    return [*([PermissionError(errno.EPERM, "Operation not permitted")] if on_a_node else []), refused()]


def reset() -> ConnectionResetError:
    """The peer does not know the connection."""
    return ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")


def timed_out() -> TimeoutError:
    """The kernel gave up."""
    return TimeoutError(errno.ETIMEDOUT, "Connection timed out")
