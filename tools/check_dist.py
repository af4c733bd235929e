"""Builds the wheel and the sdist, looks at what is in them, installs each into an empty environment, and runs it there.

What both need stands in locks/run.lock, with hashes; the wheel of the sdist is built from the sdist alone.

python -m tools.check_dist [--python PYTHON]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from tools.installed import ROOT

DIST = ROOT / "build" / "dist"
# What a user does first; each in an empty folder.
FIRST = (
    ("--version",),
    ("list",),
    ("run", "identity-persistence", "--sandbox", "--trials", "1", "--grace", "1"),
    ("new", "experiment", "web-outage"),
    ("run", "./web_outage.py", "--sandbox"),
)
# What a test of another project sees of the plugin that the wheel has for pytest.
_TEST = """
def test_the_plugin_is_found(kubesim_run):
    async def story(cluster):
        return cluster.get("Namespace", "default")["metadata"]["name"]
    assert kubesim_run(story) == "default"
"""
_BESIDE = ("CHANGELOG.md", "LICENSE", "README.md", "SECURITY.md", "pyproject.toml")
_MADE = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")


def sources() -> set[str]:
    """What git has of the two packages."""
    listed = subprocess.check_output(["git", "ls-files", "chaos", "kubesim", "experiments"], cwd=ROOT, text=True)
    return set(listed.splitlines())


def expected_in_wheel(files: Iterable[str], made: str) -> set[str]:
    """The experiments lie inside the package there; `made` is the folder of the metadata."""
    moved = {f"chaos/_{name}" if name.startswith("experiments/") else name for name in files}
    return moved | {f"{made}/{name}" for name in _MADE}


def expected_in_sdist(files: Iterable[str], root: str) -> set[str]:
    """The sources, what the build reads, and what hatchling adds."""
    return {f"{root}/{name}" for name in (*files, *_BESIDE, ".gitignore", "PKG-INFO")}


def differences(expected: set[str], found: Sequence[str]) -> list[str]:
    """A line for each file that is missing, too much, or there twice."""
    twice = {name for name in found if found.count(name) > 1} if len(set(found)) != len(found) else set()
    return (
        [f"missing: {name}" for name in sorted(expected - set(found))]
        + [f"too much: {name}" for name in sorted(set(found) - expected)]
        + [f"twice: {name}" for name in sorted(twice)]
    )


def build(folder: Path, source: Path, *kinds: str) -> Path:
    """Build with hatchling as it is installed here; nothing is fetched."""
    targets = [word for kind in kinds for word in ("--target", kind)]
    _call([sys.executable, "-m", "hatchling", "build", "--directory", str(folder), *targets], cwd=source)
    return folder


def names_in(path: Path) -> list[str]:
    """Files of a wheel or an sdist."""
    if path.suffix == ".whl":
        return zipfile.ZipFile(path).namelist()
    with tarfile.open(path) as archive:
        return [one.name for one in archive.getmembers()]


def try_out(wheel: Path, python: str, within: Path) -> None:
    """Install it into an empty environment, and do what a user does first."""
    home, folder = within / "environment", within / "folder"
    folder.mkdir(parents=True)
    uv = [sys.executable, "-m", "uv", "--quiet"]
    _call([*uv, "venv", "--python", python, str(home)])
    into = ["--python", str(home / "bin" / "python")]
    _call([*uv, "pip", "install", *into, "--require-hashes", "-r", str(ROOT / "locks" / "run.lock")])
    _call([*uv, "pip", "install", *into, "--no-deps", "--no-index", str(wheel)])
    _call([*uv, "pip", "check", *into])
    # Of the caller's environment nothing that leads Python to other packages.
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "CHAOS_", "VIRTUAL"))
    }
    for words in FIRST:
        print(f"  chaos {' '.join(words)}", flush=True)
        _call([str(home / "bin" / "chaos"), *words], cwd=folder, env=environment)


def try_plugin(wheel: Path, within: Path) -> None:
    """Run a test with the pytest that is installed here, which is to find the plugin by the wheel's entry point."""
    unpacked, folder = within / "unpacked", within / "tests"
    folder.mkdir(parents=True)
    zipfile.ZipFile(wheel).extractall(unpacked)
    (folder / "test_plugin.py").write_text(_TEST, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, str(folder)]
    _call(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(unpacked)})


def _call(words: Sequence[str], cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    """Raises SystemExit: it failed."""
    done = subprocess.run(words, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}")


def main() -> int:
    """Exit code 1 where something is wrong with either."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--python", default=sys.executable, help="that the empty environments have")
    wanted = parser.parse_args()
    shutil.rmtree(DIST, ignore_errors=True)
    build(DIST, ROOT, "sdist", "wheel")
    (wheel,), (sdist,) = DIST.glob("*.whl"), DIST.glob("*.tar.gz")
    root = sdist.name.removesuffix(".tar.gz")
    files = sources()
    wrong = differences(expected_in_wheel(files, f"{root}.dist-info"), names_in(wheel))
    wrong += differences(expected_in_sdist(files, root), names_in(sdist))
    with tempfile.TemporaryDirectory() as kept:
        within = Path(kept)
        with tarfile.open(sdist) as archive:
            archive.extractall(within, filter="data")
        (rebuilt,) = build(within / "rebuilt", within / root, "wheel").glob("*.whl")
        if rebuilt.read_bytes() != wheel.read_bytes():
            wrong.append("the wheel of the sdist is another than that of the checkout")
        print(*wrong or [f"{wheel.name}, {sdist.name}: all that is needed, and nothing else"], sep="\n", flush=True)
        print("wheel, its plugin for pytest", flush=True)
        try_plugin(wheel, within / "plugin")
        for name, one in (("wheel", wheel), ("sdist", rebuilt)):
            print(f"{name}, in an empty environment:", flush=True)
            try_out(one, wanted.python, within / name)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
