"""Puts the example runs' words and figures into the README and the pages of docs; a test fails where they differ.

python tools/update_readme.py
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from chaos.experiment import load_experiments  # noqa: E402 - the path must be there first
from tools.compare_runs import main as compare  # noqa: E402

OPT_INS = {
    "kube-system": "`--allow-kube-system`",
    "nodes": "`--allow-nodes`",
    "node-commands": "`--cut-node`, `--join-node`",
    "real-cluster": "not the sandbox",
}
EXAMPLES = ROOT / "reports" / "examples"
# Folders of example runs whose first sentences the README shows, in this order.
FINDINGS = ("real", "grace-period", "dns-caching", "force-delete", "node-loss")


def _findings() -> str:
    """The first sentence of some reports, each with a link."""
    lines = []
    for example in FINDINGS:
        run = json.loads((EXAMPLES / example / "run.json").read_text(encoding="utf-8"))
        first = run["headline"].partition(". ")[0].rstrip(".") + "."
        lines.append(f"- [{run['experiment']}](reports/examples/{example}/report.md): {first}")
    return "\n".join(lines)


def _experiments() -> str:
    """What there is to run, each with its example report."""
    rows = ["| experiment | what it finds out | needs | a real run of it |", "|---|---|---|---|"]
    for experiment in load_experiments():
        example = f"reports/examples/{experiment.name}/report.md"
        link = f"[report](../{example})" if (ROOT / example).is_file() else "none"
        needs = ", ".join(OPT_INS[need] for need in experiment.needs if need in OPT_INS)
        rows.append(f"| {experiment.name} | {experiment.summary} | {needs} | {link} |")
    return "\n".join(rows)


def _comparison() -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        compare(EXAMPLES / "sandbox", EXAMPLES / "real")
    return text.getvalue().strip()


# Document → the blocks that are made, by the name between their comments.
DOCUMENTS: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {"findings": _findings},
    "docs/experiments.md": {"experiments": _experiments},
    "docs/sandbox.md": {"comparison": _comparison},
}


def updated(document: str, text: str) -> str:
    """A document of `DOCUMENTS` with its blocks as the examples and the experiments have them."""
    for name, block in DOCUMENTS[document].items():
        text = replace_part(text, name, block())
    return text


def replace_part(document: str, name: str, text: str) -> str:
    """A document with what stands between the two comments of a name replaced.

    Raises:
        ValueError: the document does not have both comments once.
    """
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    replaced, found = pattern.subn(lambda match: f"{match[1]}{text}\n{match[2]}", document)
    if found != 1:
        raise ValueError(f"the document has {found} blocks '{name}', not one")
    return replaced


if __name__ == "__main__":
    for document in DOCUMENTS:
        path = ROOT / document
        path.write_text(updated(document, path.read_text(encoding="utf-8")), encoding="utf-8")
