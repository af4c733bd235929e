"""CustomResourceDefinitions (apiextensions-apiserver), and the kinds that they define.

A kind is served as soon as its definition is there: discovery, create, read, update, patch, delete, watch, its status,
its columns. Unknown fields are dropped, defaults filled in, types checked; `kubesim.fields.structural` says what of a
schema is not looked at.

Not modelled: versions other than the one that is stored, conversion, the scale subresource, two kinds of one name in
different groups (the second is not accepted), and waiting for the finalizers of objects whose definition goes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

from kubesim.fields import jsonpath, names, structural
from kubesim.fields.causes import Cause, invalid_value, not_supported, required
from kubesim.fields.durations import age
from kubesim.kinds.kind import Column, Kind, Resource, Table, spec_of
from kubesim.objects import Object

_SCOPES = ("Cluster", "Namespaced")
_AGE = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
_NUMBERS = ("integer", "number")
_COLUMNS = "Name,Scope,Versions,Created At,Group+,Kind+,ShortNames+,Established+"


def _defaults(obj: Object) -> None:
    given = obj["spec"].setdefault("names", {})
    kind = given.get("kind", "")
    given.setdefault("singular", kind.lower())
    if kind:
        given.setdefault("listKind", f"{kind}List")
    obj["spec"].setdefault("conversion", {"strategy": "None"})


def _initial_status(obj: Object) -> Object:
    stored = [version.get("name", "") for version in obj["spec"].get("versions") or () if version.get("storage")]
    return {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": stored[:1]}


def _validate(obj: Object) -> Iterator[Cause]:
    spec, name = obj["spec"], obj["metadata"].get("name", "")
    group = spec.get("group", "")
    if name != f"{spec['names'].get('plural', '')}.{group}":
        yield invalid_value("metadata.name", name, 'must be spec.names.plural+"."+spec.group')
    if not group:
        yield required("spec.group")
    elif complaints := names.subdomain(group):
        yield invalid_value("spec.group", group, ",".join(complaints))
    elif "." not in group:
        yield invalid_value("spec.group", group, "should be a domain with at least one dot")
    if not spec.get("scope"):
        yield required("spec.scope")
    elif spec["scope"] not in _SCOPES:
        yield not_supported("spec.scope", spec["scope"], _SCOPES)
    yield from _versions(spec.get("versions") or [])
    yield from _names(spec["names"])
    if not obj["status"]["storedVersions"]:
        yield invalid_value("status.storedVersions", None, "must have at least one stored version")


def _versions(versions: list[Object]) -> Iterator[Cause]:
    for i, version in enumerate(versions):
        if "openAPIV3Schema" not in (version.get("schema") or {}):
            yield required(f"spec.versions[{i}].schema.openAPIV3Schema")
    for i, version in enumerate(versions):
        at, name = f"spec.versions[{i}]", version.get("name", "")
        yield from (invalid_value(f"{at}.name", name, text) for text in names.identifier(name))
        for j, column in enumerate(version.get("additionalPrinterColumns") or ()):
            yield from _required(column, ("name", "type", "jsonPath"), f"{at}.additionalPrinterColumns[{j}]")
        for j, field in enumerate(version.get("selectableFields") or ()):
            yield from _required(field, ("jsonPath",), f"{at}.selectableFields[{j}]")
    if sum(bool(version.get("storage")) for version in versions) != 1:
        yield invalid_value(
            "spec.versions", versions or None, "must have exactly one version marked as storage version"
        )


def _required(obj: Object, fields: tuple[str, ...], at: str) -> Iterator[Cause]:
    yield from (required(f"{at}.{field}") for field in fields if not obj.get(field))


def _names(given: Object) -> Iterator[Cause]:
    fields = ("plural", "singular", "kind", "listKind")
    yield from _required(given, fields, "spec.names")
    for field in fields:
        at, value = f"spec.names.{field}", given.get(field, "")
        complaints = names.identifier(value.lower() if "ind" in field else value) if value else []
        if complaints:
            prefix = "may have mixed case, but should otherwise match: " if "ind" in field else ""
            yield invalid_value(at, value, prefix + ",".join(complaints))


def _validate_update(old: Object, new: Object) -> Iterator[Cause]:
    for path, before, after in (
        ("spec.scope", old["spec"].get("scope"), new["spec"].get("scope")),
        ("spec.names.kind", old["spec"]["names"].get("kind"), new["spec"]["names"].get("kind")),
    ):
        if _is_established(old) and before != after:
            yield invalid_value(path, after, "field is immutable")


def _is_established(obj: Object) -> bool:
    rows = obj.get("status", {}).get("conditions") or ()
    return any(row.get("type") == "Established" and row.get("status") == "True" for row in rows)


def _row(obj: Object, _: datetime) -> list[Any]:
    meta, spec = obj["metadata"], obj["spec"]
    versions = [f"{v['name']}{'(storage)' if v.get('storage') else ''}" for v in spec["versions"] if v.get("served")]
    return [
        meta["name"],
        spec["scope"],
        ",".join(sorted(versions)),
        meta.get("creationTimestamp", ""),
        spec["group"],
        spec["names"]["kind"],
        ",".join(spec["names"].get("shortNames") or ()),
        _is_established(obj),
    ]


def kind_of(definition: Object) -> Kind | None:
    """The kind that a definition defines; None where none of its versions is served."""
    spec, given = definition["spec"], definition["spec"]["names"]
    version = next((version for version in spec["versions"] if version.get("storage")), None)
    if version is None or not version.get("served"):
        return None
    schema: Object = version["schema"]["openAPIV3Schema"]
    has_status = "status" in (version.get("subresources") or {})
    fields = tuple(row["jsonPath"].removeprefix(".") for row in version.get("selectableFields") or ())
    check = partial(structural.check, schema=schema)
    warning = f"{spec['group']}/{version['name']} {given['kind']} is deprecated"
    return Kind(
        resource=Resource(
            spec["group"],
            version["name"],
            given["plural"],
            given["kind"],
            spec["scope"] == "Namespaced",
            tuple(given.get("shortNames") or ()),
            ("status",) if has_status else (),
            tuple(given.get("categories") or ()),
        ),
        schema=schema,
        defaults=partial(structural.fill, schema=schema),
        validate=check,
        validate_status=check,
        generation=partial(_counted, without_status=has_status),
        unconditional_update=False,
        deprecation=(version.get("deprecationWarning") or warning) if version.get("deprecated") else "",
        selectable=("metadata.name", "metadata.namespace", *fields),
        table=_table(version.get("additionalPrinterColumns") or [_AGE]),
    )


def _counted(obj: Object, *, without_status: bool) -> Object:
    left = ("metadata", "status") if without_status else ("metadata",)
    return {key: value for key, value in obj.items() if key not in left}


def _table(columns: list[Object]) -> Table:
    def row(obj: Object, now: datetime) -> list[Any]:
        return [obj["metadata"]["name"], *(_cell(jsonpath.first(obj, c["jsonPath"]), c["type"], now) for c in columns)]

    shown = (Column(c["name"], c["type"], wide=c.get("priority", 0) > 0) for c in columns)
    return Table((Column("Name"), *shown), row)


def _cell(value: Any, type_: str, now: datetime) -> Any:
    """A value as cellForJSONValue shows it: nothing where it is of another type than its column."""
    if value is None:
        return None
    if type_ == "string":
        return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    if type_ == "date":
        return age(value, now) if isinstance(value, str) else None
    if type_ in _NUMBERS:
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    return value if isinstance(value, bool) else None


KIND = Kind(
    resource=Resource(
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        False,
        ("crd", "crds"),
        ("status",),
        ("api-extensions",),
    ),
    has_spec=True,
    defaults=_defaults,
    validate=_validate,
    immutable=("spec.group", "spec.names.plural"),
    validate_update=_validate_update,
    initial_status=_initial_status,
    generation=spec_of,
    unconditional_update=False,
    table=Table.of(_COLUMNS, _row, {"Created At": "date", "Established": "boolean"}),
)
