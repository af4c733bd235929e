"""What the tool needs to run has licences that the project allows; `make licences` fails by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.supply.made_up import made_up
from tools.installed import EXTRAS, installed, needed
from tools.licences import is_allowed, licence_of, main, problems, settings

ALLOWED = ("MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception")


def test_all_that_is_installed_is_allowed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0, capsys.readouterr().out


def test_each_licence_that_is_told_for_a_package_is_of_one_that_is_needed() -> None:
    """Else it stays when the package is gone, or when its metadata tell it themselves."""
    here = installed()
    known = settings()["known"]
    assert set(known) <= needed(here, EXTRAS)
    assert [name for name in known if licence_of(here[name], {})] == []


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (("License-Expression: GPL-3.0-only",), "GPL-3.0-only"),
        (("License-Expression: MIT AND GPL-3.0-only",), "MIT AND GPL-3.0-only"),
        (("License: my own",), "no licence that is known (it says 'my own')"),
        (
            ("Classifier: License :: OSI Approved :: BSD License",),
            "no licence that is known (it says 'License :: OSI Approved :: BSD License')",
        ),
        ((), "no licence that is known (it says '')"),
    ],
)
def test_what_is_not_allowed_or_not_known_is_told_by_name(tmp_path: Path, lines: tuple[str, ...], told: str) -> None:
    found = [made_up(tmp_path, "made-up", *lines), made_up(tmp_path, "fine", "License-Expression: MIT")]
    assert problems(found, ALLOWED, {}) == [f"made-up 1.0: {told}"]


@pytest.mark.parametrize(
    "lines",
    [
        ("License-Expression: mit",),
        ("License-Expression: MIT OR GPL-3.0-only",),
        ("License-Expression: Apache-2.0 WITH LLVM-exception AND (MIT OR GPL-2.0-only)",),
        ("License: Apache 2.0",),
        ("License: MIT",),
        ("License: see the file", "Classifier: License :: OSI Approved :: MIT License"),
    ],
)
def test_what_is_allowed_is_found_in_each_place_where_packages_say_it(tmp_path: Path, lines: tuple[str, ...]) -> None:
    assert problems([made_up(tmp_path, "made-up", *lines)], ALLOWED, {}) == []


def test_what_metadata_do_not_tell_can_be_told_and_what_they_tell_counts_more(tmp_path: Path) -> None:
    silent = made_up(tmp_path, "Made.Up", "License: BSD")
    telling = made_up(tmp_path, "telling", "License-Expression: GPL-3.0-only")
    assert licence_of(silent, {"made-up": "MIT"}) == "MIT"
    assert licence_of(telling, {"telling": "MIT"}) == "GPL-3.0-only"


def test_no_licence_at_all_is_not_allowed() -> None:
    assert not is_allowed("", ALLOWED)
