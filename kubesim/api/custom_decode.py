"""Reading an object of a custom kind: what its schema does not know goes; metadata is read as every object's."""

from __future__ import annotations

from kubesim.api.decode import DecodeError, Decoder
from kubesim.fields.structural import prune
from kubesim.kinds.kind import Schema
from kubesim.store import Object, clone

_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"


class CustomDecoder:
    """Reads one object, as `Decoder`. Afterwards `unknown` holds what strict decoding refuses.

    Keys that come twice are not noticed.

    Attributes:
        definition: empty, since no published type has it.
    """

    definition = ""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self.unknown: list[str] = []

    def decode(self, obj: Object) -> Object:
        """The object without unknown fields.

        Raises:
            DecodeError: something in the metadata has the wrong type.
        """
        out: Object = clone(obj)
        if out.get("metadata") is not None:
            if not isinstance(out["metadata"], dict):
                raise DecodeError("metadata: expected an object")
            meta = Decoder(_META)
            out["metadata"] = meta.decode(out["metadata"])
            self.unknown = [text.replace('field "', 'field "metadata.') for text in meta.unknown]
        self.unknown += [f'unknown field "{path}"' for path in prune(out, self._schema)]
        return out
