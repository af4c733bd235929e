"""The agents' program as one file: a zipapp of the probe code and dnspython, small enough for a ConfigMap."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import dns

import chaos
from chaos.errors import InconclusiveError

# What agents run of this package; the same files that the local vantage runs.
_PARTS = (
    "__init__.py",
    "errors.py",
    "plugins.py",
    "clock.py",
    "model",
    "probes",
    "vantage",
    "agents/__init__.py",
    "agents/protocol.py",
    "agents/pod",
)
# Parts of dnspython that a probe of plain UDP has no use for, and that nothing else in it needs.
_LEFT_OUT = ("quic", "dnssecalgs", "_asyncio_backend.py", "_trio_backend.py", "asyncquery.py", "asyncresolver.py")
# The API server's limit of a ConfigMap's data, with room for what else is in the object.
_LIMIT_BYTES = 1_000_000
# The earliest date that a zip file can hold: the same content gives the same bytes.
_DATE = (1980, 1, 1, 0, 0, 0)

# Must run on any Python, so that an old one can say what is wrong.
_MAIN = b"""import sys
if sys.version_info < (3, 11):
    sys.stderr.write("the agent needs Python 3.11 or later; this image has %d.%d\\n" % sys.version_info[:2])
    sys.exit(3)
from chaos.agents.pod.main import main
main(sys.argv[1:])
"""


def build_bundle() -> bytes:
    """The zipapp; the same bytes for the same sources.

    Raises:
        InconclusiveError: it would not fit into a ConfigMap.
    """
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        _add(archive, "__main__.py", _MAIN)
        for name, path in sorted(_sources().items()):
            _add(archive, name, path.read_bytes())
    bundle = written.getvalue()
    if len(bundle) > _LIMIT_BYTES:
        raise InconclusiveError(f"the agents' program has {len(bundle)} bytes; a ConfigMap takes {_LIMIT_BYTES}")
    return bundle


def bundle_digest(bundle: bytes) -> str:
    """A short name of its content."""
    return hashlib.sha256(bundle).hexdigest()[:12]


def _sources() -> dict[str, Path]:
    """Name in the archive → file."""
    found: dict[str, Path] = {}
    here = Path(chaos.__file__).parent
    for part in _PARTS:
        for path in _python_files(here / part):
            found[f"chaos/{path.relative_to(here).as_posix()}"] = path
    library = Path(dns.__file__).parent
    for path in _python_files(library):
        name = path.relative_to(library).as_posix()
        if name.partition("/")[0] not in _LEFT_OUT:
            found[f"dns/{name}"] = path
    return found


def _python_files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(path.rglob("*.py"))


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)
