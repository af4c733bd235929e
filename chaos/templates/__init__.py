"""A fault and an experiment to begin with: `chaos new` copies them, CONTRIBUTING.md shows them, tests run them."""

from __future__ import annotations

from importlib.resources import files

# Their names, which become those of the user's.
FAULT, EXPERIMENT = "break-selector", "selector-outage"
# What the example says of itself, and what one says that has another fault's name and still does the example's.
_UNTIL_CHANGED = {
    "Breaks a Service's selector for a while, as a label that was mistyped in a deployment does.": (
        "To be changed; until then it breaks a Service's selector for a while, as the example does."
    ),
    "Make a Service select no pod, wait, and restore its selector; the pods themselves go on.": (
        "To be changed; until then it makes a Service select no pod, waits, and restores its selector."
    ),
    "# How reports say what happened to a pod, and from when its seconds count.": (
        "# To be changed too. How reports say what happened to a pod, and from when its seconds count."
    ),
    "What do names see of a Service whose selector is wrong for a while?": (
        "To be changed; until then: what do names see of a Service whose selector is wrong for a while?"
    ),
    "# An option of its own:": "# To be changed, as all that tells of a selector.\n# An option of its own:",
}


def fault(name: str) -> dict[str, str]:
    """Path below a folder → text, of a fault of that name."""
    return {f"{stem(name)}.py": _renamed(f"{stem(FAULT)}.py", {FAULT: name}, uses=name)}


def experiment(name: str, uses: str) -> dict[str, str]:
    """The same of an experiment that uses a fault beside it."""
    names = {EXPERIMENT: name, FAULT: uses}
    return {
        f"{stem(name)}.py": _renamed(f"{stem(EXPERIMENT)}.py", names, uses=uses),
        f"manifests/{name}.yaml": _renamed(f"manifests/{EXPERIMENT}.yaml", names, uses=uses),
    }


def stem(name: str) -> str:
    """Of the file that it is in."""
    return name.replace("-", "_")


def class_of(name: str) -> str:
    """How a fault's class is called."""
    return "".join(part.capitalize() for part in name.split("-"))


def _renamed(path: str, names: dict[str, str], *, uses: str) -> str:
    text = files(__name__).joinpath(path).read_text(encoding="utf-8")
    for example, honest in _UNTIL_CHANGED.items() if uses != FAULT else ():
        text = text.replace(example, honest)
    for old, new in names.items():
        for form in (str, stem, class_of):
            text = text.replace(form(old), form(new))
    return text
