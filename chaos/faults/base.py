"""What every fault is: one thing that is done to a cluster, its values, and how reports speak of it."""

from __future__ import annotations

import inspect
import re
from abc import ABC, abstractmethod
from dataclasses import field, fields
from typing import Any, ClassVar, dataclass_transform

from chaos.cluster.changes import Acknowledged, Changes
from chaos.model import CauseWords, PodIdentity
from chaos.model.own import as_dataclass

_PLAIN = (str, int, float, bool, type(None))
# What a class says of itself, and what it must be.
_SAID: tuple[tuple[str, type, str], ...] = (
    ("words", CauseWords, 'CauseWords("its port was broken", "the change of the port", "port broken")'),
    ("replaces", bool, "True or False"),
    ("one_by_one", bool, "True or False"),
    ("keeps_budgets", bool, "True or False"),
    ("needs", tuple, 'a tuple such as ("nodes",)'),
    ("undone", str, "a text"),
)


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
class Fault(ABC):
    """Something that is done to a cluster; each kind is a class of its own, and by that a frozen dataclass.

    `inject` is all that a fault must have. The rest follows from its class and its values, and is overridden where
    that does not fit. See CONTRIBUTING.md, "A fault of your own".

    Attributes:
        replaces: whether each target is to be replaced by a new pod of its name, whose recovery is then measured.
        one_by_one: whether a controller deletes the targets, each when its turn comes, so that the t0 of each is when
            the watch first showed its deletion.
        keeps_budgets: whether the API server asks PodDisruptionBudgets before it does it, as for an eviction; else the
            tool asks them.
        needs: what an experiment that injects it has to declare in its own `needs`, such as ``nodes``.
        words: what happened to a target and when its time begins, in the words of reports.
        undone: how it is taken back at the run's end, or by `chaos recover`, in words.
    """

    replaces: ClassVar[bool] = False
    one_by_one: ClassVar[bool] = False
    keeps_budgets: ClassVar[bool] = False
    needs: ClassVar[tuple[str, ...]] = ()
    words: ClassVar[CauseWords] = CauseWords("the fault was accepted", "the fault", "fault accepted")
    undone: ClassVar[str] = "what it changed is put back"

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        given = cls.__dict__.get("inject")
        if given is not None and not inspect.iscoroutinefunction(given):
            how = "without yield" if inspect.isasyncgenfunction(given) else "and is a `def`"
            raise TypeError(f"inject of {cls.__name__} must be an `async def`, {how}")
        for name, kind, wanted in _SAID:
            if not isinstance(getattr(cls, name), kind):
                raise TypeError(f"{name} of {cls.__name__} is {getattr(cls, name)!r:.60}, and must be {wanted}")
        if "__slots__" not in cls.__dict__:
            as_dataclass(cls)
            # Python refuses to make a class frozen that has these methods, so a user's own @dataclass above the class
            # would fail. Without them the class is frozen by the base's __setattr__.
            del cls.__setattr__, cls.__delattr__

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a {type(self).__name__} is never changed: make another one")

    @property
    def name(self) -> str:
        """Its name in reports, such as ``delete-pod``: the class's, with dashes."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", type(self).__name__).lower()

    @property
    def targets(self) -> tuple[PodIdentity, ...]:
        """The pods that it touches, which the blast radius is counted in: all pods among its values."""
        found: list[PodIdentity] = []
        for value in self._values().values():
            found += [one for one in (value if isinstance(value, tuple) else (value,)) if isinstance(one, PodIdentity)]
        return tuple(found)

    @property
    def parameters(self) -> dict[str, object]:
        """What distinguishes it from another of its name, for reports: all texts and numbers among its values."""
        return {name: value for name, value in self._values().items() if isinstance(value, _PLAIN)}

    @abstractmethod
    async def inject(self, changes: Changes, namespace: str) -> Acknowledged:
        """Do it, through `changes` only, which writes the undo down first.

        Raises:
            ApiError: the API server refused.
        """

    def _values(self) -> dict[str, Any]:
        return {one.name: getattr(self, one.name) for one in fields(self)}  # type: ignore[arg-type]  # subclasses are
