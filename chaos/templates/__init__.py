"""A fault and an experiment to begin with: `chaos new` copies them, CONTRIBUTING.md shows them, tests run them."""

from __future__ import annotations

from importlib.resources import files

# Their names, which become those of the user's.
FAULT, EXPERIMENT = "break-selector", "selector-outage"


def fault(name: str) -> dict[str, str]:
    """Path below a folder → text, of a fault of that name."""
    return {f"{stem(name)}.py": _renamed(f"{stem(FAULT)}.py", {FAULT: name})}


def experiment(name: str, uses: str) -> dict[str, str]:
    """The same of an experiment that uses a fault beside it."""
    names = {EXPERIMENT: name, FAULT: uses}
    return {
        f"{stem(name)}.py": _renamed(f"{stem(EXPERIMENT)}.py", names),
        f"manifests/{name}.yaml": _renamed(f"manifests/{EXPERIMENT}.yaml", names),
    }


def stem(name: str) -> str:
    """Of the file that it is in."""
    return name.replace("-", "_")


def class_of(name: str) -> str:
    """How a fault's class is called."""
    return "".join(part.capitalize() for part in name.split("-"))


def _renamed(path: str, names: dict[str, str]) -> str:
    text = files(__name__).joinpath(path).read_text(encoding="utf-8")
    for old, new in names.items():
        for form in (str, stem, class_of):
            text = text.replace(form(old), form(new))
    return text
