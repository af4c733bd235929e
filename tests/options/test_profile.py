"""Profiles: a table of a file that may be anybody's."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from chaos.errors import UsageError
from chaos.options import Option, Text, Trust, Whole
from chaos.options.profile import Profile, read_profile
from chaos.options.table import known_options

KEYS = Option("keys", Whole(1, 10_000), 100, "Keys that are written.")
TWO_WORDS = Option("two-words", Whole(1, 10), 1, "h")
HOOK = Option("hook", Text(), "", "h", trust=Trust.NAMED)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(content: str | bytes, name: str = "p", *, named: bool = False) -> Profile:
    path = Path("chaos.toml")
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_profile(name, path if named else None, known_options())


def test_keys_may_have_dashes_or_underscores_and_a_byte_order_mark_is_an_editors_habit() -> None:
    profile = read(b"\xef\xbb\xbf[profile.p]\r\nmax_qps = 5\r\nmax-trials = 9\r\n")
    assert profile.values == {"max-qps": 5, "max-trials": 9}


def test_other_profiles_of_the_file_are_not_looked_at() -> None:
    assert read("[profile.other]\nnonsense = 1\n[profile.p]\nseed = 1").values == {"seed": 1}


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        ("", "chaos.toml has no profile 'p'", "it has no"),
        ("[profile.pp]", "has no profile 'p'", "did you mean pp|known: pp"),
        ("[profile.p]\nperido = 5", "names 'perido', which is no option of profiles", "did you mean period?"),
        ("[profile.p]\nkeys = 5", "names 'keys', which is no option", r"\[profile.NAME.EXPERIMENT\]"),
        ("[profile.p]\nprofile = 'q'", "names 'profile', which is no option", ""),
        ('[profile.p]\n"\\u001b[31m" = 5', r"names '\\x1b\[31m'", ""),
        ("[profile.p]\nmax-qps = 5\nmax_qps = 5", "says max-qps twice", "leave one out"),
        ("seed = 1", "has 'seed', and can have tables", r"\[profile.nightly\]"),
        ("profile = 5", "profile must have tables", "nightly"),
        ("[[profile.p]]", "profile must have tables", "nightly"),
        ("[profile.p]\n[profile.p]", "is no TOML: Cannot declare", "such as"),
        ("[profile.p]\n\0", "is no TOML", "such as"),
        ("[profile.p]\nseed = " + "[" * 3000, "is no TOML: maximum recursion", "such as"),
        ("[profile.p]\nseed" + ".a" * 20_000 + " = 5", "line 2 is longer than 4000 characters", "split it"),
        (
            "[profile.p]\nnamespace = '\xff'".encode("latin-1"),
            "is not in UTF-8: invalid start byte at byte 25",
            "UTF-8",
        ),
        ("#\n" * 40_000, "is longer than 65536 bytes", "--config"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_file_that_says_nothing_good_is_named_with_what_to_do(content: str | bytes, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        read(content)
    assert re.search(hint, caught.value.hint)
    assert "chaos.toml" in caught.value.message


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("pipe", "chaos.toml is no file"),
        ("link to a pipe", "chaos.toml is no file"),
        ("device", "chaos.toml is no file"),
        ("folder", "chaos.toml cannot be read: Is a directory"),
        ("nothing", "chaos.toml cannot be read: No such file"),
        ("loop", "chaos.toml cannot be read: Too many levels"),
        ("huge", "chaos.toml is longer than"),
        ("long name", "cannot be read: File name too long"),
    ],
)
def test_what_is_no_file_of_profiles_is_refused_without_waiting_for_it(what: str, message: str) -> None:
    path = Path("chaos.toml")
    match what:
        case "pipe":
            os.mkfifo(path)
        case "link to a pipe":
            os.mkfifo("pipe")
            path.symlink_to("pipe")
        case "device":
            path.symlink_to("/dev/zero")
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to(path)
        case "huge":
            path.touch()
            os.truncate(path, 2**40)
    with pytest.raises(UsageError, match=message) as caught:
        read_profile("p", Path("x" * 300) if what == "long name" else None, known_options())
    assert caught.value.hint


DISTRUSTED = [
    ("context", "'x'"),
    ("kubeconfig", "'x'"),
    ("in-cluster", "true"),
    ("sandbox", "true"),
    ("cut-node", "'rm'"),
    ("join_node", "'rm'"),
    ("allow-kube-system", "true"),
    ("allow_nodes", "false"),
    ("identify", "'exec:rm'"),
    ("reports", "'/'"),
    ("agent-image", "'x'"),
    ("image-mirror", "'x'"),
    ("metrics-pushgateway", "'http://x'"),
    ("metrics-textfile", "'x'"),
    ("metrics-listen", "':1'"),
    ("metrics-otlp", "true"),
]


@pytest.mark.parametrize(("key", "value"), DISTRUSTED)
def test_a_file_that_lies_in_the_folder_runs_names_sends_and_allows_nothing(key: str, value: str) -> None:
    name = key.replace("_", "-")
    with pytest.raises(UsageError, match=f"profile p of chaos.toml says {name}, which is taken from") as caught:
        read(f"[profile.p]\n{key} = {value}")
    assert f"say --{name}; or, if the file is yours, name it: --config chaos.toml" in caught.value.hint
    assert name in read(f"[profile.p]\n{key} = {value}", named=True).values


def test_options_of_ones_own_stand_in_a_table_of_the_experiment() -> None:
    profile = read("[profile.p]\nseed = 1\n[profile.p.mine]\nkeys = 5\ntwo_words = 6\n[profile.p.other]\nbla = 7")
    assert profile.of({}) == {"seed": 1}
    assert profile.of({"mine": [KEYS, TWO_WORDS]}) == {"seed": 1, "keys": 5, "two-words": 6}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("kesy = 5", "names an option 'kesy' that mine does not bring"),
        ("context = 'evil'", "names an option 'context' that mine does not bring"),
        ("cut-node = 'evil'", "names an option 'cut-node' that mine does not bring"),
        ("two-words = 5\ntwo_words = 5", "says two-words twice"),
        ("hook = 'rm'", "says hook, which is taken from the command line only"),
    ],
)
def test_a_table_of_an_experiment_says_only_what_the_experiment_brings(table: str, message: str) -> None:
    """Else a file that lies in the folder could name clusters and commands there."""
    with pytest.raises(UsageError, match=message):
        read(f"[profile.p.mine]\n{table}").of({"mine": [KEYS, TWO_WORDS, HOOK]})


def test_a_shipped_experiment_brings_none() -> None:
    with pytest.raises(UsageError, match="'trials' that dns-basics does not bring") as caught:
        read("[profile.p.dns-basics]\ntrials = 5").of({"dns-basics": []})
    assert caught.value.hint == "options of chaos run stand in [profile.p]"


def test_two_experiments_that_share_an_option_must_be_told_the_same() -> None:
    both = {"a": [KEYS], "b": [KEYS]}
    assert read("[profile.p.a]\nkeys = 5\n[profile.p.b]\nkeys = 5").of(both) == {"keys": 5}
    for content in (
        "[profile.p.a]\nkeys = 5",
        "[profile.p.b]\nkeys = 5",
        "[profile.p.a]\nkeys = 5\n[profile.p.b]\nkeys = 6",
    ):
        with pytest.raises(UsageError, match="does not say the same keys for a and for b"):
            read(content).of(both)


def test_a_table_whose_name_is_nearly_the_experiments_is_a_slip() -> None:
    profile = read("[profile.p.mnie-own]\nkeys = 5\n[profile.p.other]\nkeys = 6")
    with pytest.raises(UsageError, match="table 'mnie-own'"):
        profile.of({"mine-own": [KEYS]})
    assert profile.of({"quite-another": [KEYS]}) == {}
