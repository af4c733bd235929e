"""A journal that was damaged, or that somebody wrote into: what is wrong costs its own line only, and is told."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chaos.cluster.journal import JOURNAL, Journal
from chaos.cluster.line import Line, read_line, write_line
from chaos.errors import InconclusiveError, PreflightError, UsageError

RUN = {"id": "r1", "context": "c", "kubeconfig": "", "fingerprint": "f"}
KEY, OTHER_KEY = b"k" * 32, b"o" * 32
SIGNED = pytest.mark.parametrize("key", [KEY, b""], ids=["signed", "unsigned"])
GARBAGE = [b"hello", b"\x00" * 4096, b"\xff\xfe", b"{}", b"null", b'{"v":1,"n":', b'{"entry":{', b"[" * 5000]


def written(folder: Path, key: bytes = b"", run: dict[str, Any] | None = None) -> Journal:
    """One of a run that has restored one object and left another."""
    folder.mkdir(exist_ok=True)
    journal = Journal.start(folder, run or RUN, key)
    first = journal.intend(change="create Service s", undo="delete", kind="Service", name="s", namespace="x")
    journal.update(first, "done", "u1")
    second = journal.intend(
        change="patch Node n",
        undo="restore",
        kind="Node",
        name="n",
        uid="u2",
        applied={"spec": {"unschedulable": True}},
        restore={"spec": {"unschedulable": None}},
    )
    journal.update(second, "done")
    journal.update(second, "undone")
    journal.close()
    return journal


def states(journal: Journal) -> dict[str, tuple[str, str]]:
    return {entry.name: (entry.state, entry.uid) for entry in journal.entries.values()}


def after(lines: list[bytes]) -> dict[str, tuple[str, str]]:
    """What those lines of a journal say that are whole."""
    found = {}
    for line in lines:
        entry = read_line(line.rstrip(b"\n"), b"").row.get("entry")
        if entry is not None:
            found[entry["name"]] = (entry["state"], entry["uid"])
    return found


@SIGNED
def test_a_flipped_bit_costs_its_own_line_and_is_told(tmp_path: Path, key: bytes) -> None:
    path = written(tmp_path, key).path
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    rng = random.Random(1)
    for at in (*rng.sample(range(len(data) - 30), 200), *range(len(data) - 30, len(data))):
        damaged = bytearray(data)
        damaged[at] ^= 1 << rng.randrange(8)
        path.write_bytes(damaged)
        ends = [sum(map(len, lines[: n + 1])) for n in range(len(lines))]
        hit = next(n for n, end in enumerate(ends) if at < end)
        lost = {hit, hit + 1} if at == ends[hit] - 1 else {hit}  # without its newline it is one with the next
        read = Journal.load(path, key)
        assert states(read) == after([line for n, line in enumerate(lines) if n not in lost]), at
        assert read.unfit, at
        assert read.run["fingerprint"] == "f"


@SIGNED
def test_what_a_crash_cut_short_costs_only_what_never_began(tmp_path: Path, key: bytes) -> None:
    path = written(tmp_path, key).path
    data = path.read_bytes()
    first = data.index(b"\n") + 1
    for length in (*random.Random(1).sample(range(first, len(data) - 30), 100), *range(len(data) - 30, len(data))):
        path.write_bytes(data[:length])
        read = Journal.load(path, key)
        whole = data[:length].splitlines(keepends=True)
        if not data[:length].endswith(b"\n") and data[length : length + 1] != b"\n":
            whole.pop()
        assert states(read) == after(whole), length
        assert read.unfit == [], length


@SIGNED
@pytest.mark.parametrize("garbage", GARBAGE, ids=lambda g: repr(g[:10]))
def test_garbage_between_lines_costs_nothing_else_and_is_told_by_its_place(
    tmp_path: Path, key: bytes, garbage: bytes
) -> None:
    path = written(tmp_path, key).path
    lines = path.read_bytes().splitlines(keepends=True)
    for place in range(len(lines) + 1):
        path.write_bytes(b"".join([*lines[:place], garbage + b"\n", *lines[place:]]))
        read = Journal.load(path, key)
        assert states(read) == after(lines)
        assert [line.number for line in read.unfit] == [place + 1]


@SIGNED
@pytest.mark.parametrize("tail", GARBAGE, ids=lambda g: repr(g[:10]))
def test_what_is_written_after_a_tail_of_any_kind_counts(tmp_path: Path, key: bytes, tail: bytes) -> None:
    """A crash leaves a torn line, a lost block NUL bytes; whoever recovers goes on behind it, more than once."""
    path = written(tmp_path, key).path
    for _ in range(3):
        with path.open("ab") as file:
            file.write(tail)
        read = Journal.load(path, key)
        read.update(read.entries[1], "undone")
        read = Journal.load(path, key)
        assert read.open_entries() == []
        assert bool(read.unfit) is not tail.startswith(b'{"v"')
        assert read.is_signed is bool(key)
        read.update(read.entries[1], "done")


def test_lines_that_are_gone_are_told(tmp_path: Path) -> None:
    path = written(tmp_path, KEY).path
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2] + lines[4:]))
    (unfit,) = Journal.load(path, KEY).unfit
    assert (unfit.number, unfit.why) == (0, "2 lines are missing")


@SIGNED
def test_a_line_that_is_cut_short_makes_up_for_none_that_is_gone(tmp_path: Path, key: bytes) -> None:
    """What was never acknowledged had no number yet."""
    path = written(tmp_path, key).path
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], *lines[4:], b'{"v":1,"n":7,"of']))
    read = Journal.load(path, key)
    assert [line.why for line in read.unfit] == ["a line is missing"]
    assert read.torn == 1


def test_a_journal_without_its_first_line_still_says_of_which_run_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, KEY).path
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([b"\xff\n", *lines[1:]]))
    read = Journal.load(path, KEY)
    assert read.run == {"id": "r1", "fingerprint": "f"}
    assert states(read) == after(lines)


def test_unknown_fields_are_kept(tmp_path: Path) -> None:
    """A later version of the same format may say more of a change."""
    path = written(tmp_path, KEY).path
    last = read_line(path.read_bytes().splitlines()[-1], KEY)
    more = {"entry": {**last.row["entry"], "state": "done", "since": "then"}}
    with path.open("ab") as file:
        file.write(write_line(replace(last, row=more, number=last.number + 1), KEY))
    read = Journal.load(path, KEY)
    assert read.unfit == []
    read.update(read.entries[2], "undone")
    assert Journal.load(path, KEY).entries[2].more == {"since": "then"}


def test_a_line_of_a_later_version_is_left_alone_and_told(tmp_path: Path) -> None:
    path = written(tmp_path).path
    with path.open("ab") as file:
        file.write(write_line(Line({"entry": {"id": 9}}, 2, 7, {"id": "r1", "fingerprint": "f"}), b""))
    assert "a later version of this tool" in Journal.load(path).unfit[0].why


def test_among_signed_lines_others_do_not_count(tmp_path: Path) -> None:
    """Unsigned, signed by another key, of another run, or moved: none can hide a change, or add one."""
    path = written(tmp_path, KEY).path
    data = path.read_bytes()
    lines = data.splitlines(keepends=True)
    last = read_line(lines[-1].rstrip(), KEY)
    foreign = replace(last, row={"entry": {**last.row["entry"], "state": "done"}}, number=7)
    elsewhere = written(tmp_path / "elsewhere", KEY, {**RUN, "id": "r2"}).path.read_bytes().splitlines(keepends=True)
    old = b'{"entry":{"id":2,"change":"c","undo":"delete","kind":"Service","name":"n"}}\n'
    for more in (write_line(foreign, b""), write_line(foreign, OTHER_KEY), elsewhere[-2], lines[-2], old):
        path.write_bytes(data + more)
        read = Journal.load(path, KEY)
        assert states(read) == after(lines)
        assert [line.number for line in read.unfit] == [7]
        assert read.is_signed


def test_a_journal_that_another_user_signed_is_read_as_unsigned_and_goes_on_unsigned(tmp_path: Path) -> None:
    path = written(tmp_path, OTHER_KEY).path
    read = Journal.load(path, KEY)
    assert (read.is_signed, read.unfit) == (False, [])
    read.update(read.entries[1], "undone")
    assert Journal.load(path, KEY).open_entries() == []


def test_a_journal_of_earlier_versions_is_read_as_unsigned_and_goes_on_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL
    entry = '{"entry":{"id":1,"change":"c","undo":"delete","kind":"Service","name":"s","namespace":"x"}}'
    path.write_text('{"run":{"id":"r1","context":"c","fingerprint":"f"}}\n' + entry + "\n")
    read = Journal.load(path, KEY)
    assert not read.is_signed
    read.update(read.entries[1], "undone")
    again = Journal.load(path, KEY)
    assert (again.open_entries(), again.unfit) == ([], [])


def test_nothing_but_damage_is_no_journal(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_bytes(b"\x00" * 100 + b"\n")
    with pytest.raises(UsageError, match="does not say which cluster"):
        Journal.load(tmp_path / JOURNAL)


def test_of_very_many_lines_that_are_none_some_are_told_and_all_are_counted(tmp_path: Path) -> None:
    path = written(tmp_path).path
    good = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*good[:3], b"x\n" * 20_000, *good[3:]]))
    read = Journal.load(path)
    assert states(read) == after(good)
    assert len(read.unfit) == 51
    assert read.unfit[-1].why == "19950 more lines are as unfit as the last one"


@pytest.mark.parametrize("deep", [b"[" * 900 + b"]" * 900, b'{"a":' * 900 + b"1" + b"}" * 900], ids=["list", "map"])
def test_a_line_that_is_nested_deeper_than_any_is_none(tmp_path: Path, deep: bytes) -> None:
    """It could be read, and not be written again once it was undone: that would cost the lines after it."""
    path = written(tmp_path).path
    for name in (b"applied", b"more", b"of another version"):
        said = b'{"entry":{"id":9,"change":"c","undo":"delete","kind":"Pod","name":"p","%s":%s}}' % (name, deep)
        path.write_bytes(path.read_bytes() + said + b"\n")
    read = Journal.load(path)
    assert [line.why for line in read.unfit] == ["it is nested too deeply"] * 3
    assert states(read) == {"s": ("done", "u1"), "n": ("undone", "u2")}


def test_a_journal_is_read_again_once_it_is_held(tmp_path: Path) -> None:
    """Its run may have gone on since it was read, and have undone what was open."""
    live = written(tmp_path, KEY)
    read = Journal.load(live.path, KEY)
    assert read.is_unfinished
    live.update(live.entries[1], "undone")
    assert read.claim()
    read.read_again(KEY)
    assert (read.is_unfinished, read.is_signed, read.torn, read.unfit) == (False, True, 0, [])
    read.close()


def test_a_journal_that_was_swapped_for_a_link_is_not_written_through(tmp_path: Path) -> None:
    """Whoever may write into a shared folder knows its name, and what would be appended may be a shell's commands."""
    path = written(tmp_path / "run").path
    precious = tmp_path / ".bashrc"
    precious.write_text("x")
    read = Journal.load(path)
    path.unlink()
    path.symlink_to(precious)
    with pytest.raises(PreflightError, match="cannot be opened"):
        read.claim()
    with pytest.raises(InconclusiveError, match="cannot be written"):
        read.update(read.entries[1], "undone")
    with pytest.raises(UsageError, match="it is a link"):
        Journal.load(path)
    assert precious.read_text() == "x"


def test_a_journal_that_was_swapped_while_it_is_held_is_not_written_on(tmp_path: Path) -> None:
    """What its run would change from then on would be known to nobody who recovers, and told to somebody else."""
    (tmp_path / "run").mkdir()
    journal = Journal.start(tmp_path / "run", RUN)
    (tmp_path / "run").rename(tmp_path / "moved")
    swapped = written(tmp_path / "run").path
    before = swapped.read_bytes()
    with pytest.raises(InconclusiveError, match="another file is in its place"):
        journal.intend(change="create", undo="delete", kind="Pod", name="p", namespace="n")
    assert swapped.read_bytes() == before
    journal.close()
