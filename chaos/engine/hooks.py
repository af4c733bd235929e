"""The user's own commands before and after a run: each once, bounded, and told of where it did not work."""

from __future__ import annotations

from chaos.cluster.journal import Journal, UndoEntry
from chaos.cluster.shell import run_hook
from chaos.errors import ChaosError, PreflightError
from chaos.options.hooks import HookOptions

AFTER = "after-hook"


class Hooks:
    """Of one run.

    The after hook's entry is in the journal before the before hook runs, so that whoever recovers a run that was killed
    learns that it did not run. It belongs to no change of the cluster: the rollback leaves it alone.

    Args:
        options: which, and how long each may take.
        environment: what they are told of the run.
    """

    def __init__(self, options: HookOptions, journal: Journal, environment: dict[str, str]) -> None:
        self._options = options
        self._journal = journal
        self._environment = environment
        self._entry: UndoEntry | None = None

    async def before(self) -> None:
        """Run the one before the run.

        Raises:
            PreflightError: it failed, or took too long.
        """
        if self._options.after_hook:
            self._entry = self._journal.intend(
                change="run the after hook",
                undo="hook",
                kind="Hook",
                name=AFTER,
                command=self._options.after_hook,
                environment=self._environment,
            )
        if not self._options.before_hook:
            return
        try:
            await run_hook(
                "the before hook",
                self._options.before_hook,
                self._options.hook_timeout_s,
                {**self._environment, "CHAOS_PHASE": "before"},
            )
        except PreflightError as exc:
            exc.message += ", so nothing is begun"
            raise

    @property
    def due(self) -> bool:
        """Whether the one after the run is still to be run."""
        return self._entry is not None and self._entry.is_open

    async def after(self, outcome: str) -> ChaosError | None:
        """Run the one after it, where `before` came so far; returns why it failed.

        Args:
            outcome: as run.json will have it.
        """
        if self._entry is None or not self._entry.is_open:
            return None
        told = {**self._environment, "CHAOS_PHASE": "after", "CHAOS_OUTCOME": outcome}
        failure: ChaosError | None = None
        try:
            await run_hook("the after hook", self._options.after_hook, self._options.hook_timeout_s, told)
        except ChaosError as exc:
            failure = exc
        try:
            self._journal.update(
                self._entry, "undone"
            )  # marked even where it failed, so that `chaos recover` does not run it a second time
        except ChaosError as exc:
            failure = failure or exc
        return failure
