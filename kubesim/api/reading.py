"""Whole objects in requests' bodies, and what patches make: read into the types of their kinds, or refused."""

from __future__ import annotations

from typing import Any

from kubesim.api.bodies import check_custom_kind, check_kind, parsed_object
from kubesim.api.custom_decode import CustomDecoder
from kubesim.api.decode import DecodeError, Decoder
from kubesim.api.options import WriteOptions
from kubesim.api.schema import name_of
from kubesim.api.status import bad_request
from kubesim.kinds.kind import Resource
from kubesim.scheme import Scheme
from kubesim.store import Object


class Reader:
    """Reads objects of the kinds of a scheme; what it has to say of those that it takes goes into `warnings`."""

    def __init__(self, scheme: Scheme, warnings: list[str]) -> None:
        self._scheme = scheme
        self._warnings = warnings

    def decoder(self, resource: Resource) -> Decoder | CustomDecoder:
        """What reads one object of a kind."""
        schema = self._scheme[resource.kind].schema
        if schema is not None:
            return CustomDecoder(schema)
        return Decoder(name_of(resource.group, resource.version, resource.kind))

    def read(self, resource: Resource, body: bytes, options: WriteOptions) -> Object:
        """The object in a request's body.

        Raises:
            StoreError: 400, or 422 for a custom object that says that it is of another kind.
        """
        parsed = parsed_object(body, resource.kind)
        if self._scheme[resource.kind].schema is not None:
            check_custom_kind(resource, parsed, body)
        check_kind(resource, parsed, self._scheme)
        return self.read_as(self.decoder(resource), resource.kind, parsed, options)

    def read_as(
        self, decoder: Decoder | CustomDecoder, kind: str, parsed: Any, options: WriteOptions, *, whole: bool = True
    ) -> Object:
        """What a decoder makes of parsed JSON.

        Raises:
            StoreError: 400, where it is the `whole` of a request's body.
            DecodeError: where it is not, so that the caller can say what it is.
        """
        version = (parsed.get("apiVersion") or "v1").rpartition("/")[2]
        try:
            obj = decoder.decode(parsed)
            if decoder.unknown and options.validation == "Strict":
                raise DecodeError(f"strict decoding error: {', '.join(decoder.unknown)}")  # noqa: TRY301  # one message form
        except DecodeError as exc:
            if not whole:
                raise
            raise bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {exc}') from exc
        if options.validation == "Warn":
            self._warnings += decoder.unknown
        obj.setdefault("metadata", {})
        return obj
