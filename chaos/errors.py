"""Every error that this tool raises on purpose.

    ChaosError                       a message that says what happened, to which object, and what to do next
    ├── UsageError            exit 2  the command line, a definition or a file says something impossible
    ├── PreflightError        exit 3  the cluster cannot be reached or used as asked
    │   └── ApiError          exit 3  the API server answered with an error status
    ├── BlastRadiusError      exit 2  a fault would touch more than its experiment declared
    ├── SteadyStateError      exit 1  the target did not reach its steady state in time (4 before any fault)
    ├── InconclusiveError     exit 4  nothing can be said about the hypothesis
    │   └── AbortedError      exit 4  a guard or an abort condition ended a run that had begun
    ├── InterruptedRunError   exit 130  somebody stopped it before anything was begun
    └── RollbackError         exit 5  something could not be undone
        └── UnprovenError     exit 5  a file says that a run did it, and the cluster does not
            └── InUseError    exit 5  it was the run's, and others have put things into it

Other libraries' exceptions are converted where they are caught, with the cause chained.
"""

from __future__ import annotations

from collections.abc import Sequence

# Request timeout, too many requests, and what a server or a proxy answers that is not well.
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


class ChaosError(Exception):
    """Base of all errors whose message is meant for the user.

    Args:
        message: what happened, to which object.
        hint: what to do next; shown on a line of its own.
    """

    exit_code = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  {self.hint}" if self.hint else self.message


class UsageError(ChaosError):
    """The command line, an experiment definition or a file says something impossible."""

    exit_code = 2


class BlastRadiusError(UsageError):
    """A fault would touch more than its experiment declared."""


class PreflightError(ChaosError):
    """The cluster cannot be reached, or not be used as asked."""

    exit_code = 3


class ApiError(PreflightError):
    """The API server answered with an error.

    Attributes:
        status: HTTP status (0 where no answer came).
        reason: the Status object's reason, such as ``NotFound`` or ``Conflict``.
        causes: the reasons of its details, such as ``DisruptionBudget``.
        unsent: whether the request never left.
        lost: whether it left, or would have, and its answer did not come back whole.
        retry_after_s: seconds that the server asks to wait; 0 where it does not.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        reason: str = "",
        hint: str = "",
        causes: Sequence[str] = (),
        unsent: bool = False,
        lost: bool = False,
        retry_after_s: float = 0.0,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.reason = reason
        self.causes = tuple(causes)
        self.unsent = unsent
        self.lost = lost
        self.retry_after_s = retry_after_s

    @property
    def is_refusal(self) -> bool:
        """Whether the server said that it did not do it; after a 5xx, or without an answer, nobody knows."""
        return 400 <= self.status < 500 and self.status != 408  # noqa: PLR2004 - HTTP; 408: request timeout

    @property
    def is_answer(self) -> bool:
        """Whether it says what the server thinks of the request: another try a moment later would be refused too."""
        return self.is_refusal and not self.may_pass

    @property
    def is_undone(self) -> bool:
        """Whether it is known that nothing was done."""
        return self.is_refusal or self.unsent

    @property
    def may_pass(self) -> bool:
        """Whether the same request may succeed a moment later: no answer came, or the server was not able to.

        A PodDisruptionBudget refuses with 429, too, which is no overload.
        """
        if self.status:
            return self.status in _PASSING and "DisruptionBudget" not in self.causes
        return self.unsent or self.lost


class SteadyStateError(ChaosError):
    """The target did not reach its steady state in time.

    Args:
        message: what was missing.
        hint: what to do next.
        after_fault: whether a fault had been injected: before one, nothing is said about the hypothesis.
    """

    def __init__(self, message: str, *, hint: str = "", after_fault: bool) -> None:
        super().__init__(message, hint=hint)
        self.exit_code = 1 if after_fault else 4


class InconclusiveError(ChaosError):
    """Nothing can be said about the hypothesis."""

    exit_code = 4


class AbortedError(InconclusiveError):
    """A guard, or a condition that the user set, ended a run that had begun; all is undone at once."""


class InterruptedRunError(ChaosError):
    """Somebody stopped it before anything was begun."""

    exit_code = 130


class RollbackError(ChaosError):
    """Something could not be undone; the message says what, and how to undo it by hand.

    Attributes:
        may_pass: whether another try may succeed.
    """

    exit_code = 5

    def __init__(self, message: str, *, hint: str = "", may_pass: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.may_pass = may_pass


class UnprovenError(RollbackError):
    """A file says that a run did it, and the live object does not: it is left alone."""


class InUseError(UnprovenError):
    """A namespace that a run made has things of others in it: it stays, and what is the run's goes by itself."""
