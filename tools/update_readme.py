"""Puts the example runs' words and figures into the README; a test fails where they differ.

python tools/update_readme.py
"""

from __future__ import annotations

import contextlib
import io
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from chaos.experiment import load_experiments  # noqa: E402 - the path must be there first
from tools.compare_runs import main as compare  # noqa: E402

OPT_INS = {
    "kube-system": "`--allow-kube-system`",
    "nodes": "`--allow-nodes`",
    "real-cluster": "real clusters only",
}
EXAMPLES = ROOT / "reports" / "examples"


def updated(readme: str) -> str:
    """The README with its parts as the examples and the experiments have them."""
    parts = {
        "answers": _answers(),
        "comparison": _comparison(),
        "experiments": _experiments(),
        "grace": _headline("grace-period"),
    }
    for name, text in parts.items():
        readme = replace_part(readme, name, text)
    return readme


def _experiments() -> str:
    """What there is to run, each with its example report."""
    rows = ["| experiment | what it finds out | a real run of it |", "|---|---|---|"]
    for experiment in load_experiments():
        example = f"reports/examples/{experiment.name}/report.md"
        link = f"[report]({example})" if (ROOT / example).is_file() else "none"
        opt_ins = [OPT_INS[need] for need in experiment.needs if need in OPT_INS]
        needs = f" ({'; '.join(opt_ins)})" if opt_ins else ""
        rows.append(f"| {experiment.name} | {experiment.summary}{needs} | {link} |")
    return "\n".join(rows)


def _answers() -> str:
    """The answers of the real run's report, as a quotation."""
    report = (EXAMPLES / "real" / "report.md").read_text(encoding="utf-8")
    answers = report.split("## Answers\n", 1)[1].split("\n## ", 1)[0].strip()
    lines = [line for line in answers.splitlines() if not line.startswith("*Evidence")]
    return re.sub(r"(>\n)+$", "", "\n".join(f"> {line}".rstrip() for line in lines))


def _headline(example: str) -> str:
    """The one sentence that a report puts above all, as a quotation."""
    report = (EXAMPLES / example / "report.md").read_text(encoding="utf-8")
    return next(f"> {line}" for line in report.splitlines() if line.startswith("**"))


def _comparison() -> str:
    text = io.StringIO()
    with contextlib.redirect_stdout(text):
        compare(EXAMPLES / "sandbox", EXAMPLES / "real")
    return text.getvalue().strip()


def replace_part(readme: str, name: str, text: str) -> str:
    """A document with what stands between the two comments of a name replaced."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    return pattern.sub(lambda found: f"{found[1]}{text}\n{found[2]}", readme)


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(updated(path.read_text(encoding="utf-8")), encoding="utf-8")
