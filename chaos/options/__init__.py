"""Options: what may be said about a run, declared once. The command line, variables, profiles and documents read it."""

from chaos.options.kinds import Choice, File, Flag, Kind, Many, Name, Quantity, RefusedError, Text
from chaos.options.numbers import Duration, Number, Percentage, Whole
from chaos.options.option import Honours, Option, Trust, check_group, declared, everyone, option, options_in, same
from chaos.options.resolve import Given, Settings, Source, resolve

__all__ = [
    "Choice",
    "Duration",
    "File",
    "Flag",
    "Given",
    "Honours",
    "Kind",
    "Many",
    "Name",
    "Number",
    "Option",
    "Percentage",
    "Quantity",
    "RefusedError",
    "Settings",
    "Source",
    "Text",
    "Trust",
    "Whole",
    "check_group",
    "declared",
    "everyone",
    "option",
    "options_in",
    "resolve",
    "same",
]
