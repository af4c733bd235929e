"""Where a value comes from: the command line, else the environment, else a profile; the nearer one counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from chaos.errors import UsageError
from chaos.options import Flag, Many, Option, Settings, Source, Text, Trust, Whole, resolve
from chaos.options.resolve import Given
from chaos.options.table import known_options

RUN = tuple(known_options().values())
NOBODY: dict[str, str] = {}


def said(
    typed: Mapping[str, Any] = NOBODY, environment: Mapping[str, str] = NOBODY, profile: Mapping[str, Any] = NOBODY
) -> Settings:
    return resolve(RUN, typed, environment, profile, "profile p of f")


def test_the_command_line_counts_before_the_environment_before_the_profile() -> None:
    profile, environment, typed = {"seed": 1}, {"CHAOS_SEED": "2"}, {"seed": "3"}
    origins = {
        said(profile=profile).given["seed"].origin: 1,
        said({}, environment, profile).given["seed"].origin: 2,
        said(typed, environment, profile).given["seed"].origin: 3,
    }
    assert origins == {"profile p of f": 1, "CHAOS_SEED": 2, "command line": 3}
    assert said(typed, environment, profile).value("seed", 0) == 3


def test_an_empty_variable_says_nothing() -> None:
    assert said({}, {"CHAOS_SEED": ""}, {"seed": 1}).value("seed", 0) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("CHAOS_PORT", "tcp://10.0.0.1:80"),
        ("CHAOS_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("CHAOS_SERVICE_HOST", "10.0.0.1"),
    ],
)
def test_what_kubernetes_sets_beside_a_service_named_chaos_says_nothing(name: str, text: str) -> None:
    assert said({}, {name: text}).given == {}


def test_a_variable_that_only_looks_like_a_services_is_read() -> None:
    url = Option("url", Text(), "", "h")
    assert resolve([url], {}, {"CHAOS_URL": "tcp://h"}).value("url", "") == "tcp://h"
    with pytest.raises(UsageError, match="CHAOS_NODE=tcp://h cannot be a name"):
        said({}, {"CHAOS_NODE": "tcp://h"})


@pytest.mark.parametrize(
    "name", ["context", "in-cluster", "kubeconfig", "sandbox", "allow-nodes", "cut-node", "join-node"]
)
def test_a_variable_names_no_cluster_runs_no_command_and_gives_no_consent(name: str) -> None:
    variable = f"CHAOS_{name.upper().replace('-', '_')}"
    with pytest.raises(UsageError, match=f"{variable} is set, and no variable can say --{name}") as caught:
        said({}, {variable: "1"})
    assert caught.value.hint == f"unset {variable}, and say --{name}"


def test_an_identity_probe_that_runs_a_command_is_no_matter_of_a_variable() -> None:
    with pytest.raises(UsageError, match="CHAOS_IDENTIFY=exec:rm runs a command"):
        said({}, {"CHAOS_IDENTIFY": "exec:rm"})
    assert said({}, {"CHAOS_IDENTIFY": "mysql"}).value("identify", "") == "mysql"


@pytest.mark.parametrize(("slip", "meant"), [("CHAOS_SEDE", "CHAOS_SEED"), ("CHAOS_PERIODS", "CHAOS_PERIOD")])
def test_a_misspelt_variable_is_refused_with_what_was_meant(slip: str, meant: str) -> None:
    with pytest.raises(UsageError, match=f"{slip} is set") as caught:
        said({}, {slip: "5"})
    assert meant in caught.value.hint


@pytest.mark.parametrize(
    ("typed", "environment", "profile", "message"),
    [
        ({"seed": "-1"}, {}, {}, "--seed -1 must lie between 0 and"),
        ({"context": ""}, {}, {}, "--context '' is empty"),
        ({"model": ("",)}, {}, {}, "--model '' is empty"),
        ({}, {"CHAOS_SEED": "x"}, {}, "CHAOS_SEED=x must be a whole number"),
        ({}, {"CHAOS_FORCE": "maybe"}, {}, "CHAOS_FORCE=maybe must be true or false"),
        ({}, {}, {"seed": True}, "seed = true in profile p of f must be a whole number"),
        ({}, {}, {"seed": 10**400}, "seed = 1(0)+… in profile p of f must lie between"),
        ({}, {}, {"within": 10**400}, "in profile p of f must lie above 0"),
        ({}, {}, {"namespace": "\x1b\n"}, r'namespace = "\\u001b\\n" in profile p of f cannot be a name'),
        ({}, {}, {"identify": "ftp:"}, 'identify = "ftp:" in profile p of f is not known'),
    ],
)
def test_a_refusal_names_the_flag_the_variable_or_the_key(
    typed: Mapping[str, Any], environment: Mapping[str, str], profile: Mapping[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        said(typed, environment, profile)


@pytest.mark.parametrize(
    ("typed", "profile", "kept"),
    [
        ({"until-precision": "10%"}, {"trials": 5}, {"until-precision"}),
        ({"trials": "5"}, {"until-precision": "10%", "max-trials": 9}, {"trials"}),
        ({"grace": "5"}, {"force": True}, {"grace"}),
        ({"grace": "0"}, {"force": True}, {"grace"}),
        ({"force": True}, {"grace": 5}, {"force"}),
        ({"sandbox": True}, {"context": "x", "kubeconfig": "k"}, {"sandbox"}),
        ({"context": "x"}, {"sandbox": True, "kubeconfig": "k"}, {"context", "kubeconfig"}),
        ({"verbose": True}, {"quiet": True}, {"verbose"}),
    ],
)
def test_of_two_that_contradict_each_other_the_nearer_counts_and_the_other_is_told(
    typed: Mapping[str, Any], profile: Mapping[str, Any], kept: set[str]
) -> None:
    found = said(typed, {}, profile)
    assert set(found.given) == kept
    assert len(found.dropped) == len({**typed, **profile}) - len(kept)
    assert all("(profile p of f) counts for nothing beside" in sentence for sentence in found.dropped)


def test_a_flag_that_is_taken_back_contradicts_nothing() -> None:
    found = said({"force": False}, {}, {"force": True, "grace": 5})
    assert found.value("grace", None) == 5
    assert found.value("force", None) is False
    assert found.dropped == ()


def test_an_error_tells_where_options_come_from_that_were_not_typed() -> None:
    found = said({"seed": "1"}, {"CHAOS_MAX_TRIALS": "9"})
    error = found.explained(UsageError("--max-trials is for --until-precision, not for --seed", hint="do"))
    assert error.hint == "do; --max-trials 9 comes from CHAOS_MAX_TRIALS"
    assert found.explained(UsageError("--max-trials-of is another")).hint == ""


def test_what_may_hold_a_password_is_not_repeated() -> None:
    found = said({"cut-node": "ssh -p hunter2", "metrics-pushgateway": "http://u:hunter2@h"})
    assert "hunter2" not in "".join(one.said for one in found.given.values())
    with pytest.raises(UsageError, match="CHAOS_WORD=…") as caught:
        resolve([Option("word", Whole(1, 5), 1, "h", secret=True)], {}, {"CHAOS_WORD": "hunter2"})
    assert "hunter2" not in str(caught.value)


def test_what_is_about_one_call_is_taken_from_no_profile() -> None:
    """`chaos sandbox --kubeconfig` is written; the `kubeconfig` of a profile is read."""
    written = Option("kubeconfig", Text(), "", "h", trust=Trust.TYPED)
    assert resolve([written], {}, {}, {"kubeconfig": "mine"}, "p").given == {}


def test_values_are_told_as_they_would_be_typed() -> None:
    options = (Option("many", Many(), (), "h"), Option("flag", Flag(), False, "h"))
    found = resolve(options, {"many": ("a", "b\x1b"), "flag": False}, {})
    assert [one.said for one in found.given.values()] == ["--many a --many b\\x1b", "--no-flag"]


def test_a_setting_that_is_left_out_is_told() -> None:
    found = said({"seed": "5"}).without(["seed", "model"], "does nothing here")
    assert found.given == {}
    assert found.dropped == ("--seed 5 (command line) does nothing here",)


def test_sources_are_ordered() -> None:
    given = Given(RUN[0], 1, Source.PROFILE, "", "")
    assert given.source < Source.ENVIRONMENT < Source.COMMAND_LINE
