"""What the API server needs to know of one kind of object: its names, and how its objects differ from others.

Everything but the names has the generic behaviour as its default, as in kube-apiserver, where a kind's strategy.go
overrides the hooks of pkg/registry/rest; each field says which.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from kubesim.fields import names
from kubesim.fields.causes import Cause
from kubesim.objects import Object

Schema = dict[str, Any]
Row = Callable[[Object, datetime], list[Any]]


@dataclass(frozen=True, slots=True)
class Resource:
    """The names of a kind.

    Attributes:
        group: API group, empty for core.
        plural: the name in URLs, such as ``statefulsets``.
        subresources: such as ``status`` and ``scale``.
        categories: groups of kinds that kubectl knows, such as ``all``.
    """

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def words(self) -> tuple[str, ...]:
        """What kubectl takes for the kind, all lower case."""
        return (self.kind.lower(), self.plural, *self.short_names)


class Column(NamedTuple):
    """One column of a table.

    Attributes:
        type: ``string``, ``integer``, ``number``, ``boolean`` or ``date``.
        wide: whether only `-o wide` prints it.
    """

    name: str
    type: str = "string"
    wide: bool = False


def _name_and_creation(obj: Object, _: datetime) -> list[Any]:
    return [obj["metadata"]["name"], obj["metadata"].get("creationTimestamp", "")]


@dataclass(frozen=True, slots=True)
class Table:
    """What `kubectl get` prints (pkg/printers/internalversion).

    Attributes:
        row: the cells of an object at a time, in the order of the columns.
    """

    columns: tuple[Column, ...] = (Column("Name"), Column("Created At", "date"))
    row: Row = _name_and_creation

    @classmethod
    def of(cls, headers: str, row: Row, types: Mapping[str, str] = MappingProxyType({})) -> Table:
        """A table of headers with commas between them, those of `-o wide` with a trailing +.

        `types` are those of the columns whose cells are no text.
        """
        given = [(text.rstrip("+"), text.endswith("+")) for text in headers.split(",")]
        return cls(tuple(Column(name, types.get(name, "string"), wide) for name, wide in given), row)


def _leave(_obj: Object) -> None:
    """Change nothing."""


def _leave_new(_obj: Object, _new_uid: Callable[[], str]) -> None:
    """Change nothing."""


def _leave_update(_old: Object, _new: Object) -> None:
    """Change nothing."""


def _nothing(_obj: Object) -> tuple[()]:
    return ()


def _nothing_between(_old: Object, _new: Object) -> tuple[()]:
    return ()


def _uses_nothing(_obj: Object) -> dict[str, str]:
    return {}


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Kind:
    """One kind of object.

    Functions that fill in or change do it in place. Those that validate give `Cause`s, which a client gets as 422; they
    see objects with their defaults filled in, whose types fit the schema.

    Attributes:
        resource: its names.
        schema: the structural OpenAPI schema of its objects; None: the type of that name that Kubernetes publishes.

        name: what is wrong with a name (ValidateNameFunc).
        checks_finalizers: whether those of its objects must be qualified names.
        has_spec: whether an object without a spec has an empty one.
        defaults: fill in what an object leaves out (SetDefaults). Twice must be as good as once.
        prepare: settle a new object before it is validated; the second argument makes a UID (PrepareForCreate).
        prepare_update: the same for a new state, beside the old one (PrepareForUpdate).
        canonicalize: bring a valid new object into the form that is kept (Canonicalize).
        validate: what is wrong with an object (Validate).
        immutable: fields that never change, such as ``spec.selector``.
        validate_update: what else is wrong with the step from an old state to a new one (ValidateUpdate).
        warnings: what the server says about an object that it accepts (WarningsOnCreate, WarningsOnUpdate).
        deprecation: what it says with each answer about such objects.

        initial_status: the status of a new object, whatever the client sent, where the kind has the subresource; None:
            none at all.
        status_at_create: whether a new object keeps the status that the client sent instead.
        validate_status: what is wrong with a new status.
        generation: the part of an object whose changes metadata.generation counts; None: there is no generation.

        create_on_update: whether PUT makes an object that is not there (AllowCreateOnUpdate).
        unconditional_update: whether an update may lack a resourceVersion (AllowUnconditionalUpdate).
        deletes_collections: whether DELETE of a collection is served.
        returned_when_gone: whether DELETE answers with the object and not with a Status (ReturnDeletedObject).
        grace_s: seconds that an object lives on after its first DELETE, given what the client asked for, or None; None:
            objects of this kind go at once (CheckGracefulDelete).
        undeletable: names of objects that the server never deletes.
        is_held: whether something besides its metadata.finalizers keeps a terminating object; None: nothing ever.
        mark_terminating: what changes in an object whose deletion begins, beside its metadata.
        orphan_warning: not empty: dependents stay where DELETE says nothing of them (DefaultGarbageCollectionPolicy),
            and this is what the client is told.

        table: what `kubectl get` prints.
        selectable: fields that field selectors know; empty: name and namespace, as for every kind.
        has_addresses: whether the server draws addresses and ports for its objects.
        is_counted: whether quotas count its objects.
        usage: what an object uses of a quota beside its count (pkg/quota/v1/evaluator).
    """

    resource: Resource
    schema: Schema | None = None

    name: Callable[[str], list[str]] = names.subdomain
    checks_finalizers: bool = True
    has_spec: bool = False
    defaults: Callable[[Object], None] = _leave
    prepare: Callable[[Object, Callable[[], str]], None] = _leave_new
    prepare_update: Callable[[Object, Object], None] = _leave_update
    canonicalize: Callable[[Object], None] = _leave
    validate: Callable[[Object], Iterable[Cause]] = _nothing
    immutable: tuple[str, ...] = ()
    validate_update: Callable[[Object, Object], Iterable[Cause]] = _nothing_between
    warnings: Callable[[Object], Iterable[str]] = _nothing
    deprecation: str = ""

    initial_status: Callable[[Object], Object] | None = None
    status_at_create: bool = False
    validate_status: Callable[[Object], Iterable[Cause]] = _nothing
    generation: Callable[[Object], Object] | None = None

    create_on_update: bool = False
    unconditional_update: bool = True
    deletes_collections: bool = True
    returned_when_gone: bool = False
    grace_s: Callable[[Object, int | None], int] | None = None
    undeletable: tuple[str, ...] = ()
    is_held: Callable[[Object], bool] | None = None
    mark_terminating: Callable[[Object], None] = _leave
    orphan_warning: str = ""

    table: Table = Table()
    selectable: tuple[str, ...] = ()
    has_addresses: bool = False
    is_counted: bool = True
    usage: Callable[[Object], dict[str, str]] = _uses_nothing


def spec_of(obj: Object) -> Object:
    """The `generation` of most kinds: their spec."""
    return obj.get("spec", {})  # type: ignore[no-any-return]
