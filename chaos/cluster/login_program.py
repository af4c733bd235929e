"""What goes wrong with the program of a kubeconfig that logs its user in (`exec`).

The API's client library logs it and goes on without a login. It quotes what the program said, which may be what it was
given: tokens and passwords stand in its environment and its arguments.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_LIBRARY = "kubernetes.aio.config.kube_config"
# Shorter values are no secrets, and to replace them would spoil words that happen to contain them.
_SHORTEST = 4


class _Complaints(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextmanager
def complaints(kubeconfig: dict[str, Any]) -> Iterator[list[str]]:
    """Collect what the library logs meanwhile, without the secrets that the login program was given.

    Args:
        kubeconfig: of one user.
    """
    logger, handler, told = logging.getLogger(_LIBRARY), _Complaints(), list[str]()
    before = logger.propagate
    logger.addHandler(handler)
    logger.propagate = False
    try:
        yield told
    finally:
        logger.propagate = before
        logger.removeHandler(handler)
        told += [_without(text, _given(kubeconfig)) for text in handler.said]


def _given(kubeconfig: dict[str, Any]) -> list[str]:
    """Values that the programs are given, the longest first, since one may be a part of another."""
    found: list[str] = []
    for entry in kubeconfig.get("users") or ():
        program = (entry.get("user") or {}).get("exec") or {}
        found += [str(one.get("value", "")) for one in program.get("env") or ()]
        found += [str(one).rpartition("=")[2] for one in program.get("args") or ()]
    return sorted((one for one in found if len(one) >= _SHORTEST), key=len, reverse=True)


def _without(text: str, values: list[str]) -> str:
    for value in values:
        text = text.replace(value, "***")
    return text
