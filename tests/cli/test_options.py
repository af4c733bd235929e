"""Options as a user gives them: typed, as variables, from profiles; and what each command takes."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import get_type_hints

import pytest
from jsonschema import Draft202012Validator

from chaos.cli.command import Command
from chaos.cli.commands import NAMES, PARTS
from chaos.cli.honoured import check_honoured
from chaos.cli.main import Commands
from chaos.errors import UsageError
from chaos.experiment import find_experiment
from chaos.options import Option, Settings, options_in, resolve
from chaos.options.table import known_options
from chaos.plugins import load
from tests.commands import ROOT, run_command

EVERY = (*NAMES, *(f"{name}_{part}" for name, parts in PARTS.items() for part in parts))
COMMANDS: dict[str, Command] = {name: load(f"chaos.cli.commands.{name}").command for name in EVERY}
CLEAN = {key: value for key, value in os.environ.items() if key != "CI" and not key.startswith("CHAOS_")}
# Nothing is run: of all that is looked at before a run begins this is refused last.
LAST = ("--model", "none-such=1")
ACCEPTED = "the sandbox has no parameter 'none-such'"

MINE = '''"""Mine."""
from chaos.experiment import {names}

{declared}

async def method(run: Run) -> None:
    print("KEYS", run.options.of(KEYS))

experiment = Experiment(
    name="{name}", hypothesis="h", method=method, checkers=("steady-state",), options=(KEYS, "trials"),
)
'''
KEYS = 'KEYS = Option("keys", Whole(1, 10_000), 100, "Keys that are written.")'


def chaos(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = run_command(*words, folder=folder, environment={**CLEAN, **environment})
    assert "Traceback" not in done.stderr, done.stderr
    assert "defect" not in done.stderr, done.stderr
    return done


def there(folder: Path) -> list[Path]:
    """All files, but for what Python keeps of those that it imports."""
    return sorted(path for path in folder.rglob("*") if "__pycache__" not in path.parts)


def refused(folder: Path, *words: str, **environment: str) -> str:
    """What is said; nothing is written before."""
    before = there(folder)
    done = chaos(folder, *words, **environment)
    assert done.returncode == 2, done.stderr
    assert there(folder) == before
    return done.stderr


def mine(folder: Path, declared: str = KEYS, name: str = "mine") -> str:
    """An experiment of one's own, and how it is named."""
    names = "Experiment, Flag, File, Option, Run, Text, Trust, Whole"
    (folder / f"{name}.py").write_text(MINE.format(names=names, declared=declared, name=name))
    return f"./{name}.py"


# What each command takes.


def test_each_file_of_a_command_is_listed_and_each_listed_command_has_a_file() -> None:
    folder = ROOT / "chaos" / "cli" / "commands"
    assert sorted(EVERY) == sorted(path.stem for path in folder.glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize("name", EVERY)
def test_what_a_command_does_takes_just_the_groups_that_it_takes(name: str) -> None:
    """A parameter for each group in order; its class, or a protocol with attributes that the group has."""
    command = COMMANDS[name]
    does = load(command.does)
    parameters = list(inspect.signature(does).parameters.values())
    if parameters[-1].kind is inspect.Parameter.VAR_POSITIONAL:
        return  # it reads them from the settings
    assert len(parameters) == len(command.takes)
    hints = get_type_hints(does)
    for parameter, group in zip(parameters, command.takes, strict=True):
        kind = hints[parameter.name]
        if getattr(kind, "_is_protocol", False):
            missing = (
                {key for key in vars(kind) if isinstance(vars(kind)[key], property)} - set(dir(group)) - fields(group)
            )
            assert missing == set()
        else:
            assert issubclass(group, kind)
    assert hints["return"] is int


def fields(group: type) -> set[str]:
    return set(getattr(group, "__dataclass_fields__", ()))


@pytest.mark.parametrize("name", NAMES)
def test_a_commands_first_line_is_its_short_help(name: str) -> None:
    module = load(f"chaos.cli.commands.{name}")
    first = (module.__doc__ or "").splitlines()[0]
    assert first.endswith(".")
    listed = Commands(name="chaos").get_command(None, name)
    assert listed.get_short_help_str(limit=500).rstrip(".") in first
    assert listed.help == first


@pytest.mark.parametrize("name", EVERY)
def test_no_two_options_of_a_command_share_a_flag_or_a_variable(name: str) -> None:
    options = COMMANDS[name].options()
    flags = [
        flag for one in options for flag in (one.flag, one.short, f"--no-{one.name}" if one.is_flag else "") if flag
    ]
    variables = [one.variable for one in options if one.variable]
    assert len(set(flags)) == len(flags)
    assert len(set(variables)) == len(variables)
    assert all(one.help.strip() for one in options)


@pytest.mark.parametrize("name", EVERY)
def test_a_variable_of_another_command_is_no_slip(name: str) -> None:
    """Who sets CHAOS_TRIALS for his runs can still clean up."""
    for other in COMMANDS.values():
        for one in other.options():
            if one.variable and one.name not in {mine.name for mine in COMMANDS[name].options()}:
                resolve(COMMANDS[name].options(), {}, {one.variable: "1"})


def test_rivals_of_an_option_are_options() -> None:
    assert {rival for one in known_options().values() for rival in one.rivals} <= set(known_options())


# Whether an experiment honours it.


def test_an_option_that_the_experiment_does_not_honour_is_refused_with_those_that_do(tmp_path: Path) -> None:
    said = refused(tmp_path, "run", "service-types", "--sandbox", "--trials", "7")
    assert "--trials 7: service-types does not honour it" in said
    assert "experiments that do: force-delete, grace-period, identity-persistence" in said


def test_of_several_one_that_honours_it_is_enough() -> None:
    experiments = [find_experiment(name) for name in ("service-types", "force-delete", "dns-basics")]
    settings = resolve(known_options().values(), {"trials": "7"}, {})
    check_honoured(settings, experiments)
    with pytest.raises(UsageError, match="--trials 7: none of service-types, dns-basics honours it"):
        check_honoured(settings, [experiments[0], experiments[2]])


@pytest.mark.parametrize(("typed", "environment"), [({"force": False}, {}), ({}, {"CHAOS_TRIALS": "7"})])
def test_what_is_taken_back_or_was_not_typed_is_not_refused(
    typed: Mapping[str, object], environment: Mapping[str, str]
) -> None:
    check_honoured(resolve(known_options().values(), typed, environment), [find_experiment("service-types")])


# From where.


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("context = 'production'", "says context, which is taken from the command line only"),
        ("cut-node = 'touch ran'\njoin-node = 'touch ran'", "says cut-node"),
        ("identify = 'exec:touch ran'", "says identify"),
        ("[profile.p.mine]\ncontext = 'production'", "'context' that mine does not bring"),
    ],
)
def test_a_hostile_file_in_the_folder_is_refused_and_nothing_is_run(tmp_path: Path, table: str, said: str) -> None:
    (tmp_path / "chaos.toml").write_text(f"[profile.p]\n{table}")
    assert said in refused(tmp_path, "run", mine(tmp_path), "--sandbox", "--profile", "p")


def test_the_same_file_is_taken_where_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "chaos.toml").write_text("[profile.p]\nsandbox = true\nallow-nodes = true\nmodel = ['none-such=1']")
    assert "says sandbox" in refused(tmp_path, "run", "node-loss", "--profile", "p")
    assert ACCEPTED in refused(tmp_path, "run", "node-loss", "--profile", "p", "--config", "chaos.toml")


def test_a_pipe_in_the_folder_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "chaos.toml")
    assert "chaos.toml is no file" in refused(tmp_path, "run", "dns-basics", "--sandbox", "--profile", "p")


def test_a_profile_that_a_variable_asks_for_is_told_so(tmp_path: Path) -> None:
    assert "CHAOS_PROFILE asks for this profile" in refused(tmp_path, "recover", CHAOS_PROFILE="nightly")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--context", ""), "--context '' is empty"),
        (("-n", ""), "--namespace '' is empty"),
        (("--config", ""), "--config '' is empty"),
        (("--config", "x" * 300, "--profile", "p"), "File name too long"),
        (("--config", "x"), "--config without --profile"),
        (("--profile", "p", "--profile", "q"), "--profile names p and q, and can name one"),
        (("--grace", "5", "--grace", "6"), "--grace is given 2 times: 5, 6"),
        (("--force", "--no-force"), "--force and --no-force exclude each other"),
        (("--vantage", "local", "--agents", "2"), "--vantage local has no agents"),
        (("--period", "\x1b[31m"), "--period \\x1b[31m is no time"),
        (("--perio", "5"), "did you mean --period"),
    ],
)
def test_bad_words_are_named(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    assert said in refused(
        tmp_path, "run", "identity-persistence", *(["--sandbox"] if "" not in words[1:] else []), *words
    )


def test_a_profiles_part_in_a_contradiction_is_told(tmp_path: Path) -> None:
    (tmp_path / "chaos.toml").write_text("[profile.p]\nmax-trials = 9")
    said = refused(tmp_path, "run", "identity-persistence", "--sandbox", "--profile", "p")
    assert "--max-trials is for --until-precision" in said
    assert "--max-trials 9 comes from profile p of chaos.toml" in said


@pytest.mark.parametrize(
    ("typed", "table"), [(("--agents", "2"), "vantage = 'local'"), (("--vantage", "local"), "agents = 2")]
)
def test_agents_and_a_vantage_without_any_of_two_sources_do_not_contradict(
    tmp_path: Path, typed: tuple[str, ...], table: str
) -> None:
    (tmp_path / "chaos.toml").write_text(f"[profile.p]\n{table}")
    said = refused(tmp_path, "run", "identity-persistence", "--context", "none", "--profile", "p", *typed)
    assert "--vantage local has no agents" not in said


@pytest.mark.parametrize("table", ["agents = 3", "vantage = 'both'", "cut-node = 'x {node}'\njoin-node = 'y {node}'"])
def test_what_a_profile_of_a_cluster_says_counts_for_nothing_on_the_sandbox(tmp_path: Path, table: str) -> None:
    (tmp_path / "c.toml").write_text(f"[profile.p]\n{table}")
    words = ("run", "identity-persistence", "--sandbox", "--profile", "p", "--config", "c.toml", *LAST)
    assert ACCEPTED in refused(tmp_path, *words)


def test_agents_that_are_typed_are_refused_on_the_sandbox(tmp_path: Path) -> None:
    said = refused(tmp_path, "run", "identity-persistence", "--sandbox", "--agents", "2")
    assert "--agents 2 means nothing on the sandbox" in said


def test_what_an_own_option_is_given_is_no_experiment(tmp_path: Path) -> None:
    """A file that stands behind an option of one's own is not executed."""
    (tmp_path / "client.py").write_text("raise SystemExit('executed')")
    path = mine(tmp_path, 'KEYS = Option("client", File(), None, "A file.")')
    said = refused(tmp_path, "run", path, "--sandbox", "--client", "./client.py", *LAST)
    assert ACCEPTED in said
    assert "executed" not in said


def test_after_tab_nothing_of_ones_own_is_executed(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("raise SystemExit('executed')")
    asked = {"_CHAOS_COMPLETE": "complete_bash", "COMP_WORDS": "chaos run ./mine.py --per", "COMP_CWORD": "3"}
    done = chaos(tmp_path, **asked)
    assert "--period" in done.stdout
    assert "executed" not in done.stdout + done.stderr


def test_a_secret_that_is_given_twice_is_not_told(tmp_path: Path) -> None:
    said = refused(tmp_path, "run", "node-loss", "--sandbox", "--cut-node", "hunter2", "--cut-node", "hunter3")
    assert "--cut-node is given 2 times" in said
    assert "hunter" not in said


def test_wrong_metrics_of_several_are_refused_before_the_first(tmp_path: Path) -> None:
    said = refused(tmp_path, "run", "service-types", "dns-basics", "--sandbox", "--metrics-job", "x")
    assert "--metrics-job without --metrics-pushgateway" in said


def test_a_profiles_kubeconfig_is_not_what_the_sandbox_writes(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text("[profile.p]\nkubeconfig = 'mine'\n")
    (tmp_path / "mine").write_text("precious")
    assert ACCEPTED in refused(tmp_path, "sandbox", "--profile", "p", "--config", "c.toml", *LAST)
    assert (tmp_path / "mine").read_text() == "precious"


# Options of one's own.


def test_an_option_of_ones_own_is_given_in_three_ways_and_the_plan_says_which(tmp_path: Path) -> None:
    (tmp_path / "chaos.toml").write_text("[profile.p]\nseed = 3\n[profile.p.mine]\nkeys = 7\n[profile.p.other]\nx = 1")
    words = ("run", mine(tmp_path), "--sandbox", "--profile", "p")
    of_profile = chaos(tmp_path, *words)
    assert "KEYS 7" in of_profile.stdout
    assert "options: --seed 3 --keys 7 (profile p of chaos.toml)" in of_profile.stderr
    of_variable = chaos(tmp_path, *words, CHAOS_KEYS="6")
    assert "KEYS 6" in of_variable.stdout
    assert "options: --keys 6 (CHAOS_KEYS)" in of_variable.stderr
    typed = chaos(tmp_path, *words, "--keys", "5", CHAOS_KEYS="6")
    assert "KEYS 5" in typed.stdout
    assert "options: --sandbox --keys 5 (command line)" in typed.stderr
    written = [json.loads(path.read_text())["parameters"] for path in sorted(tmp_path.glob("reports/mine/*/run.json"))]
    assert sorted(one["own"]["keys"] for one in written) == [5, 6, 7]
    schema = json.loads((ROOT / "docs/schemas/parameters.json").read_text())
    assert [error.message for one in written for error in Draft202012Validator(schema).iter_errors(one)] == []


def test_the_file_may_stand_behind_its_options(tmp_path: Path) -> None:
    assert ACCEPTED in refused(tmp_path, "run", "--sandbox", "--keys", "5", *LAST, mine(tmp_path))


def test_a_file_that_is_an_options_value_is_not_executed(tmp_path: Path) -> None:
    (tmp_path / "not_mine.py").write_text("raise RuntimeError('executed')")
    said = refused(tmp_path, "run", "dns-basics", "--sandbox", "--reports", "not_mine.py", *LAST)
    assert "executed" not in said


@pytest.mark.parametrize(
    ("declared", "words", "said"),
    [
        (KEYS, ("--keys", "0"), "--keys 0 must lie between 1 and 10000"),
        (KEYS, ("--kesy", "5"), "did you mean --keys?"),
        (KEYS.replace("100", "None"), (), "mine needs --keys"),
        (KEYS.replace('"keys"', '"Bad Name"'), (), "an option named 'Bad Name', which cannot be a flag"),
        (KEYS.replace('"keys"', '"no-force"'), (), "brings an option --no-force, which means something else"),
        (KEYS.replace('"keys"', '"profile"'), (), "brings an option --profile, which means something else"),
        (KEYS.replace('"keys"', '"identify-password"'), (), "which means something else"),
        (KEYS.replace('"keys"', '"seed"'), (), "brings an option --seed, which is there already"),
        (KEYS.replace("100", "0"), (), "the default of --keys must lie between 1 and 10000"),
        (KEYS.replace("100", '"1"'), (), 'the default of --keys is "1", and must be a whole number'),
        (KEYS.replace("Whole(1, 10_000)", "int"), (), "the kind of --keys is <class 'int'>"),
        (KEYS.replace('written."', 'written.", short="-n"'), (), "--keys has a short flag -n"),
        (KEYS.replace('"Keys that are written."', "None"), (), "--keys has no help"),
    ],
)
def test_what_an_option_of_ones_own_cannot_be(tmp_path: Path, declared: str, words: tuple[str, ...], said: str) -> None:
    assert said in refused(tmp_path, "run", mine(tmp_path, declared), "--sandbox", *words, *LAST)


def test_an_option_of_ones_own_may_need_more_trust(tmp_path: Path) -> None:
    (tmp_path / "chaos.toml").write_text("[profile.p.mine]\nkeys = 'rm'")
    words = ("run", mine(tmp_path, 'KEYS = Option("keys", Text(), "", "h", trust=Trust.NAMED)'), "--sandbox", *LAST)
    assert "says keys, which is taken from the command line only" in refused(tmp_path, *words, "--profile", "p")
    assert ACCEPTED in refused(tmp_path, *words, "--profile", "p", "--config", "chaos.toml")
    assert "no variable can say --keys" in refused(tmp_path, *words, CHAOS_KEYS="rm")


def test_two_experiments_may_share_an_option_and_not_a_name(tmp_path: Path) -> None:
    words = ("run", mine(tmp_path, name="a"), mine(tmp_path, name="b"), "--sandbox", "--keys", "5", *LAST)
    assert ACCEPTED in refused(tmp_path, *words)
    mine(tmp_path, KEYS.replace("10_000", "999"), name="b")
    assert "a and b both bring an option --keys, and it is not the same one" in refused(tmp_path, *words)


def test_a_secret_of_ones_own_is_neither_told_nor_written(tmp_path: Path) -> None:
    path = mine(tmp_path, 'KEYS = Option("keys", File(), None, "h", secret=True)')
    done = chaos(tmp_path, "run", path, "--sandbox", "--keys", "hunter2")
    assert "KEYS hunter2" in done.stdout
    assert "--keys … (command line)" in done.stderr
    (written,) = tmp_path.glob("reports/mine/*")
    assert json.loads((written / "run.json").read_text())["parameters"]["own"] == {"keys": "…"}
    assert [path.name for path in written.iterdir() if b"hunter2" in path.read_bytes()] == []


def test_settings_are_no_group_of_options() -> None:
    assert Settings not in COMMANDS["run"].groups()
    assert all(isinstance(one, Option) for group in COMMANDS["run"].groups() for one in options_in(group))
