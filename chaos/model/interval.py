"""An instant known only to lie between two others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """The instant t lies in (after_ns, before_ns].

    Attributes:
        after_ns: the latest instant at which it had not happened yet, on the run's clock.
        before_ns: the earliest at which it had; None where it was not seen to happen: right-censored at `after_ns`.
    """

    after_ns: int
    before_ns: int | None

    @property
    def width_ns(self) -> int | None:
        """How much is not known; None without an end."""
        return None if self.before_ns is None else self.before_ns - self.after_ns

    def covers(self, instant_ns: int) -> bool:
        """Whether the instant may be this one."""
        return self.after_ns <= instant_ns and (self.before_ns is None or instant_ns <= self.before_ns)
