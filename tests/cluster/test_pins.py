"""Which cluster a context led to is remembered, for this user alone."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from chaos.cluster.address import ClusterAddress
from chaos.cluster.pins import Pins
from chaos.cluster.state import state_folder

PROD, TEST = ClusterAddress(context="prod"), ClusterAddress(context="test")


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_what_is_remembered_is_told_and_of_another_context_nothing_is() -> None:
    pins = Pins()
    assert pins.of(PROD, "a").fingerprint == ""
    assert pins.remember(PROD, "a") == ""
    assert pins.of(PROD, "b").fingerprint == "a"
    assert pins.of(TEST, "b").fingerprint == ""
    assert pins.of(ClusterAddress(context="prod", kubeconfig=Path("other")), "b").fingerprint == ""


def test_the_newest_counts() -> None:
    pins = Pins()
    pins.remember(PROD, "a")
    pins.remember(PROD, "b")
    assert pins.of(PROD, "x").fingerprint == "b"
    assert len(list(state_folder().iterdir())) == 1


def test_where_only_a_namespace_tells_clusters_apart_each_is_remembered() -> None:
    pins = Pins()
    pins.remember(PROD, "namespace one 1")
    assert pins.of(PROD, "namespace two 2").fingerprint == ""
    assert pins.of(PROD, "namespace one 3").fingerprint == "namespace one 1"


def test_nobody_else_can_read_or_change_it() -> None:
    Pins().remember(PROD, "a")
    folder = state_folder()
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())]
    assert modes == [0o700, 0o600]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"fingerprint": 1}', b"x" * 20_000])
def test_a_file_that_cannot_be_read_is_no_first_use(content: bytes) -> None:
    """Else whoever can break it could lead the tool elsewhere."""
    pins = Pins()
    pins.remember(PROD, "a")
    (path,) = state_folder().iterdir()
    path.write_bytes(content)
    known = pins.of(PROD, "b")
    assert (known.fingerprint, bool(known.missing)) == ("", True)


def test_a_file_that_others_may_change_tells_nothing() -> None:
    pins = Pins()
    pins.remember(PROD, "a")
    (path,) = state_folder().iterdir()
    path.chmod(0o666)
    assert "others may use" in pins.of(PROD, "b").missing


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    pins = Pins()
    pins.remember(PROD, "a")
    (path,) = state_folder().iterdir()
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert pins.of(PROD, "b").missing


def test_where_nothing_can_be_remembered_that_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    assert Pins().remember(PROD, "a")
    assert Pins().of(PROD, "a").missing
