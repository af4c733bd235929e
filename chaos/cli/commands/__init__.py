"""The commands, one a file, named after it: its docstring is its help, `command` what it takes and where it is done.

They are imported when they are called. Help of the tool lists them in this order.
"""

NAMES = (
    "run",
    "plan",
    "list",
    "show",
    "runs",
    "report",
    "check",
    "doctor",
    "status",
    "diagnose",
    "manifests",
    "allow",
    "recover",
    "cleanup",
    "sandbox",
    "new",
    "version",
)

# Commands of a command, `chaos runs prune`: a file each too, `runs_prune.py`.
PARTS: dict[str, tuple[str, ...]] = {"runs": ("prune",)}
