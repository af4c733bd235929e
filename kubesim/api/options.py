"""Query parameters and bodies of requests, read and refused as the real server does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kubesim.api.decode import DecodeError, Decoder
from kubesim.api.status import bad_request
from kubesim.fields.causes import Cause, forbidden_field, invalid_value, not_supported
from kubesim.store import Object, StoreError

_TRUE = ("1", "t", "true")
_PROPAGATIONS = ("Foreground", "Background", "Orphan")
DELETE_OPTIONS = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions"
_MATCHES = ("Exact", "NotOlderThan")


def _invalid(kind: str, cause: Cause) -> StoreError:
    message = f'{kind}.meta.k8s.io "" is invalid: {cause.field}: {cause.message}'
    details = {"group": "meta.k8s.io", "kind": kind, "causes": [cause._asdict()]}
    return StoreError(422, "Invalid", message, details)


def _flag(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in _TRUE


def _integer(text: str) -> int | None:
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """Options of POST, PUT and PATCH.

    Attributes:
        validation: ``Strict``, ``Warn`` or ``Ignore``: what becomes of unknown fields.
    """

    dry_run: bool
    validation: str

    @classmethod
    def read(cls, query: Mapping[str, str], kind: str) -> WriteOptions:
        """Options from the query; `kind` such as ``CreateOptions``.

        Raises:
            StoreError: 422.
        """
        dry_run, validation = query.get("dryRun", ""), query.get("fieldValidation", "")
        if dry_run not in ("", "All"):
            raise _invalid(kind, not_supported("dryRun", [dry_run], ("All",)))
        if validation not in ("", "Ignore", "Strict", "Warn"):
            raise _invalid(kind, not_supported("fieldValidation", validation, ("", "Ignore", "Strict", "Warn")))
        return cls(bool(dry_run), validation or "Warn")


@dataclass(frozen=True, slots=True)
class DeleteOptions:
    """Options of DELETE: see `deletion.delete`."""

    grace_s: int | None
    propagation: str | None
    uid: str
    resource_version: str
    dry_run: bool

    @classmethod
    def read(cls, query: Mapping[str, str], body: bytes) -> DeleteOptions:
        """Options from the body, or from the query where there is none.

        Raises:
            StoreError: 400, 422 or 500.
        """
        if body.strip():  # then the query does not count, not even for a dry run
            return cls.of(_delete_body(body), {})
        return cls.of(_delete_query(query), query)

    @classmethod
    def of(cls, fields: Object, query: Mapping[str, str]) -> DeleteOptions:
        """Options from a decoded object; the query may add a dry run.

        Raises:
            StoreError: 422.
        """
        propagation = fields.get("propagationPolicy")
        orphan = fields.get("orphanDependents")
        if propagation is not None and propagation not in _PROPAGATIONS:
            raise _invalid("DeleteOptions", not_supported("propagationPolicy", propagation, (*_PROPAGATIONS, "nil")))
        if orphan is not None and propagation is not None:
            text = "orphanDependents and deletionPropagation cannot be both set"
            raise _invalid("DeleteOptions", invalid_value("propagationPolicy", propagation, text))
        if orphan is not None:
            propagation = "Orphan" if orphan else "Background"
        dry_run = fields.get("dryRun") or ([query["dryRun"]] if query.get("dryRun") else [])
        if dry_run not in ([], ["All"]):
            raise _invalid("DeleteOptions", not_supported("dryRun", dry_run, ("All",)))
        precondition = fields.get("preconditions", {})
        return cls(
            fields.get("gracePeriodSeconds"),
            propagation,
            precondition.get("uid", ""),
            precondition.get("resourceVersion", ""),
            bool(dry_run),
        )


def _delete_body(body: bytes) -> Object:
    try:
        parsed: Any = json.loads(body)
    except ValueError as exc:
        raise bad_request(f"unable to read delete options: {exc}") from exc
    kind = parsed.get("kind", "DeleteOptions") if isinstance(parsed, dict) else ""
    if kind != "DeleteOptions":
        raise bad_request(f'no kind "{kind}" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"')
    try:
        return Decoder(DELETE_OPTIONS).decode(parsed)
    except DecodeError as exc:
        raise bad_request(str(exc)) from exc


def _delete_query(query: Mapping[str, str]) -> Object:
    fields: Object = {"gracePeriodSeconds": _integer(query.get("gracePeriodSeconds", ""))}
    if query.get("propagationPolicy"):
        fields["propagationPolicy"] = query["propagationPolicy"]
    if query.get("orphanDependents"):
        fields["orphanDependents"] = _flag(query, "orphanDependents")
    return fields


@dataclass(frozen=True, slots=True)
class ListOptions:
    """Options of list and watch.

    Attributes:
        resource_version: as asked, empty where not.
        timeout_s: seconds after which a watch ends; None for the server's choice.
    """

    labels: str
    fields: str
    watch: bool
    resource_version: str
    match: str
    timeout_s: int | None
    bookmarks: bool
    initial_events: bool

    @classmethod
    def read(cls, query: Mapping[str, str]) -> ListOptions:
        """Options from the query.

        Raises:
            StoreError: 400 or 422.
        """
        _integer(query.get("limit", ""))
        if query.get("continue"):
            text = "continue key is not valid: this server gives whole lists and no tokens"
            raise bad_request(f"invalid continue token: {text}")
        options = cls(
            labels=query.get("labelSelector", ""),
            fields=query.get("fieldSelector", ""),
            watch=_flag(query, "watch"),
            resource_version=query.get("resourceVersion", ""),
            match=query.get("resourceVersionMatch", ""),
            timeout_s=_integer(query.get("timeoutSeconds", "")),
            bookmarks=_flag(query, "allowWatchBookmarks"),
            initial_events=_flag(query, "sendInitialEvents"),
        )
        if cause := options._mistake(explicit="sendInitialEvents" in query):
            raise _invalid("ListOptions", cause)
        return options

    def _mistake(self, *, explicit: bool) -> Cause | None:
        at = "resourceVersionMatch"
        if self.match and self.watch and not explicit:
            return forbidden_field(
                at, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            )
        if explicit and not self.watch:
            return forbidden_field("sendInitialEvents", "sendInitialEvents is forbidden for list")
        if explicit and self.match != "NotOlderThan":
            return forbidden_field(at, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        if self.match and not self.watch and not self.resource_version:
            return forbidden_field(at, "resourceVersionMatch is forbidden unless resourceVersion is provided")
        if self.match and self.match not in _MATCHES:
            return not_supported(at, self.match, (*_MATCHES, ""))
        return None
