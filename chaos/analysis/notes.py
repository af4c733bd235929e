"""What a method writes down while it runs: its own measurements beside the samples of the probes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields, replace
from typing import Any, ClassVar, TypeVar, dataclass_transform

from chaos.analysis.claims import UnmeasuredError, known
from chaos.analysis.reading import Reading
from chaos.model.own import as_dataclass

_N = TypeVar("_N", bound="Note")


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
@dataclass(frozen=True, slots=True)
class Note:
    """One kind of thing that a method finds out; each kind is a class of its own, and by that a frozen dataclass.

    The first line of its docstring is the caption of its table in the report. Values are what JSON knows; tuples come
    back as tuples.

    Attributes:
        at_ns: when it was written down, on the run's clock; set where it is read.
    """

    kind: ClassVar[str] = ""  # in events.jsonl: the class's name, with dashes
    at_ns: int = field(default=0, kw_only=True, compare=False)

    def __init_subclass__(cls) -> None:
        if "kind" not in cls.__dict__:
            cls.kind = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", cls.__name__).lower()
        if "__slots__" not in cls.__dict__:
            as_dataclass(cls)
            # One that is decorated too is made a dataclass once more, which refuses what is there. Note's own stay.
            del cls.__setattr__, cls.__delattr__

    @classmethod
    def caption(cls) -> str:
        """Of its table."""
        return (cls.__doc__ or cls.kind).strip().split("\n")[0].rstrip(".") + ":"

    def details(self) -> dict[str, Any]:
        """Its values by name, as events.jsonl has them."""
        return {one.name: getattr(self, one.name) for one in fields(self) if one.name != "at_ns"}


def notes(reading: Reading, kind: type[_N], **where: Any) -> list[_N]:
    """All notes of a kind whose values are those of `where`, in the order in which they were written down.

    Raises:
        UnmeasuredError: one lacks a value, as in a folder of another version of the experiment.
    """
    found = (_read(kind, at_ns, details) for at_ns, what, details in reading.marks if what == kind.kind)
    return [one for one in found if all(getattr(one, key) == value for key, value in where.items())]


def note(reading: Reading, kind: type[_N], missing: str = "", **where: Any) -> _N:
    """The last of them.

    Raises:
        UnmeasuredError: there is none; it says `missing`.
    """
    found = notes(reading, kind, **where)
    return known(found[-1] if found else None, missing or f"the method did not come as far as to note {kind.kind}")


def _read(kind: type[_N], at_ns: int, details: dict[str, Any]) -> _N:
    wanted = [one.name for one in fields(kind) if one.name != "at_ns"]
    if lacking := [name for name in wanted if name not in details]:
        raise UnmeasuredError(f"a note of the kind {kind.kind} lacks {', '.join(lacking)}")
    values = {name: tuple(v) if isinstance(v := details[name], list) else v for name in wanted}
    return replace(kind(**values), at_ns=at_ns)  # type: ignore[arg-type]  # checked above, by name
