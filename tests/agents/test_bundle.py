"""The program that is shipped runs alone, on a bare Python, and is always the same."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from chaos.agents import bundle
from chaos.errors import InconclusiveError


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "agent.pyz"
    path.write_bytes(bundle.build_bundle())
    return path


def bare(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Without this environment's packages."""
    return subprocess.run(
        [sys.executable, "-I", "-S", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_the_same_sources_give_the_same_bytes() -> None:
    one, two = bundle.build_bundle(), bundle.build_bundle()
    assert one == two
    assert len(one) < 900_000


def test_all_of_it_can_be_imported_with_nothing_else(archive: Path) -> None:
    """Dnspython loads record types by name, so those are imported too."""
    names = [
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in zipfile.ZipFile(io.BytesIO(archive.read_bytes())).namelist()
        if name.startswith(("chaos/", "dns/rdtypes/IN/A")) or name.endswith(("SRV.py", "TXT.py", "PTR.py"))
    ]
    assert len(names) > 25
    code = f"import sys; sys.path.insert(0, {str(archive)!r})\nfor n in {names!r}: __import__(n)\n"
    code += "from chaos.probes import DnsQuestion\nDnsQuestion('a.b', 'SRV')\n"
    code += "foreign = [m for m in sys.modules if m.split('.')[0] in ('kubernetes', 'aiohttp', 'typer', 'pandas')]\n"
    code += "assert not foreign, foreign\n"
    done = bare("-c", code)
    assert done.returncode == 0, done.stderr


def test_an_old_python_is_told_in_one_line(archive: Path) -> None:
    text = zipfile.ZipFile(archive).read("__main__.py").decode()
    done = bare("-c", f"import sys; sys.version_info = (3, 9, 1)\nexec({text!r})")
    assert done.returncode == 3
    assert done.stderr == "the agent needs Python 3.11 or later; this image has 3.9\n"


def test_it_says_how_it_is_used(archive: Path) -> None:
    done = bare(str(archive), "dance")
    assert done.returncode == 1
    assert "serve|attach" in done.stderr


def test_what_does_not_fit_into_a_configmap_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "_LIMIT_BYTES", 1000)
    with pytest.raises(InconclusiveError, match="ConfigMap"):
        bundle.build_bundle()
