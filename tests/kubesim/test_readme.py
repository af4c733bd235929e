"""The examples of kubesim's README are run as its reader would run them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import kubesim

ROOT = Path(__file__).parents[2]
README = (ROOT / "kubesim" / "README.md").read_text(encoding="utf-8")
BLOCKS: list[str] = re.findall(r"^```python\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def _block(start: str) -> str:
    (found,) = [block for block in BLOCKS if start in block]
    return found


def test_its_tests_pass_and_its_operator_works(tmp_path: Path) -> None:
    """In a process and a folder of their own, in real time where the README says so."""
    web = re.search(r'WEB = """.*?"""\n', README, re.DOTALL)
    assert web is not None
    (tmp_path / "test_pod.py").write_text(_block("test_a_pod_is_replaced"))
    (tmp_path / "test_settings.py").write_text(_block("test_settings_are_kept"))
    (tmp_path / "test_app.py").write_text(_block("test_the_app_says_hello"))
    (tmp_path / "addresses.py").write_text(_block("@kopf.on.login"))
    (tmp_path / "test_addresses.py").write_text(web[0] + _block("import addresses"))
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "kubesim.pytest_plugin", "-p", "no:cacheprovider"]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "", "HOME": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, env=environment)
    assert "4 passed" in done.stdout, done.stdout + done.stderr


def test_it_names_all_that_is_public() -> None:
    interface = README[README.index("## The interface") : README.index("## What it models")]
    named = set(re.findall(r"\w+", " ".join(re.findall(r"`([^`]*)`", interface))))
    own = {name for name in vars(kubesim.Cluster) if not name.startswith("_")}
    assert ({*kubesim.__all__} | own) - named == set()
