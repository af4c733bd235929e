"""What the kernel tells a client."""

from __future__ import annotations

import errno


def refused() -> ConnectionRefusedError:
    """A reset, or ICMP port unreachable: nothing listens there, or kube-proxy rejects."""
    return ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")


def reset() -> ConnectionResetError:
    """The peer does not know the connection."""
    return ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")


def timed_out() -> TimeoutError:
    """The kernel gave up."""
    return TimeoutError(errno.ETIMEDOUT, "Connection timed out")
