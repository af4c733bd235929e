"""The user's key: made once, kept from others, and done without where that cannot be."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest

from chaos.cluster.signing import user_key


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state" / "chaos-identity"


def test_it_is_made_once_and_nobody_else_may_read_it(state: Path) -> None:
    first = user_key(make=True)
    assert len(first.data) == 32
    assert user_key(make=True) == user_key() == first
    assert stat.S_IMODE(state.stat().st_mode) == 0o700
    assert [(path.name, stat.S_IMODE(path.stat().st_mode)) for path in state.iterdir()] == [("journal-key", 0o600)]


def test_reading_a_journal_makes_none(state: Path) -> None:
    key = user_key()
    assert (key.data, key.missing) == (b"", "No such file or directory")
    assert not state.exists()


def test_of_many_that_make_it_at_once_all_have_the_same() -> None:
    found: list[bytes] = []
    threads = [threading.Thread(target=lambda: found.append(user_key(make=True).data)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found[0]) == 32


@pytest.mark.parametrize("mode", [0o644, 0o620])
def test_one_that_others_may_use_is_none(state: Path, mode: int) -> None:
    user_key(make=True)
    (state / "journal-key").chmod(mode)
    key = user_key(make=True)
    assert key.data == b""
    assert "chmod go=" in key.missing


def test_one_in_a_folder_of_others_is_none(state: Path) -> None:
    user_key(make=True)
    state.chmod(0o777)
    assert user_key().data == b""


def test_what_is_no_key_is_none_and_nothing_hangs(state: Path) -> None:
    state.mkdir(parents=True, mode=0o700)
    path = state / "journal-key"
    path.write_bytes(b"short")
    path.chmod(0o600)
    assert user_key(make=True).missing == f"{path} is no key"
    path.unlink()
    os.mkfifo(path, 0o600)
    assert user_key(make=True).missing == f"{path} is no regular file"
    path.unlink()
    path.symlink_to("/dev/zero")
    assert user_key(make=True).data == b""


def test_without_a_home_or_a_place_to_write_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/proc/nowhere")
    assert user_key(make=True).data == b""
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").write_text("a file")
    assert user_key(make=True).data == b""
