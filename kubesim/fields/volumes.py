"""What a pod's volumes must not say (pkg/apis/core/validation: ValidateVolumes)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kubesim.fields import names
from kubesim.fields.causes import Cause, duplicate, forbidden_field, invalid_value, required
from kubesim.fields.quantity import value as number_of
from kubesim.objects import Object

_MOST_FILE_MODE = 0o777
# Where a source of files has its name.
_NAME_FIELDS = {"configMap": "name", "secret": "secretName"}


class Volumes:
    """The volumes of one pod; iterating gives what is wrong with them.

    Attributes:
        mountable: afterwards, names of those with which nothing is wrong.
    """

    def __init__(self, volumes: Iterable[Object], at: str) -> None:
        self._volumes, self._at = volumes, at
        self.mountable: set[str] = set()

    def __iter__(self) -> Iterator[Cause]:
        for i, volume in enumerate(self._volumes):
            causes = [
                *_source(volume, f"{self._at}[{i}]"),
                *self._name(volume.get("name", ""), f"{self._at}[{i}].name"),
            ]
            yield from causes
            if not causes:
                self.mountable.add(volume["name"])

    def _name(self, name: str, at: str) -> Iterator[Cause]:
        if not name:
            yield required(at)
            return
        yield from (invalid_value(at, name, text) for text in names.label(name))
        if name in self.mountable:
            yield duplicate(at, name)


def relative_path(path: str, at: str) -> Iterator[Cause]:
    """A path below a volume."""
    if path.startswith("/"):
        yield invalid_value(at, path, "must be a relative path")
    if ".." in path.split("/"):
        yield invalid_value(at, path, "must not contain '..'")


def _source(volume: Object, at: str) -> Iterator[Cause]:
    sources = sorted(key for key in volume if key != "name")
    for kind, name_field in _NAME_FIELDS.items():
        if kind in sources[:1]:
            yield from _files(volume[kind], f"{at}.{kind}", name_field)
    first = sources[0] if sources else ""
    source = volume.get(first) or {}
    if first == "emptyDir" and number_of(str(source.get("sizeLimit", "0"))) < 0:
        yield forbidden_field(f"{at}.emptyDir.sizeLimit", "SizeLimit field must be a valid resource quantity")
    if first == "persistentVolumeClaim" and not source.get("claimName"):
        yield required(f"{at}.persistentVolumeClaim.claimName")
    if first == "hostPath" and not source.get("path"):
        yield required(f"{at}.hostPath.path")
    yield from (forbidden_field(f"{at}.{s}", "may not specify more than 1 volume type") for s in sources[1:])


def _files(source: Object, at: str, name_field: str) -> Iterator[Cause]:
    if not source.get(name_field):
        yield required(f"{at}.{name_field}")
    yield from _mode(source, "defaultMode", at)
    for i, item in enumerate(source.get("items", ())):
        if not item.get("key"):
            yield required(f"{at}.items[{i}].key")
        if not item.get("path"):
            yield required(f"{at}.items[{i}].path")
        else:
            yield from relative_path(item["path"], f"{at}.items[{i}].path")
        yield from _mode(item, "mode", f"{at}.items[{i}]")


def _mode(obj: Object, field: str, at: str) -> Iterator[Cause]:
    mode = obj.get(field, 0)
    if not 0 <= mode <= _MOST_FILE_MODE:
        yield invalid_value(f"{at}.{field}", mode, "must be a number between 0 and 0777 (octal), both inclusive")
