"""The table of all options: every group of every command."""

from __future__ import annotations

from functools import cache
from typing import Any

from chaos.options.metrics import MetricsOptions
from chaos.options.option import Option, options_in
from chaos.options.output import FormatOptions, ReportsOptions, SharingOptions, TellingOptions
from chaos.options.place import PlaceOptions
from chaos.options.run import GROUPS_OF_RUN, Options

# What `chaos run` takes, in the order of its help.
GROUPS: tuple[type, ...] = (
    PlaceOptions,
    Options,
    *(group for group, _ in GROUPS_OF_RUN.values()),
    MetricsOptions,
    ReportsOptions,
    SharingOptions,
    FormatOptions,
    TellingOptions,
)


@cache
def known_options() -> dict[str, Option[Any]]:
    """Options that a profile may have, by name."""
    return {one.name: one for group in GROUPS for one in options_in(group)}
