"""A file of one's own that is right, and with one thing in it replaced."""

from __future__ import annotations

from pathlib import Path

from chaos.errors import ChaosError
from chaos.experiment import Options, find_experiment
from tests.sandboxed import run_sandboxed

GOOD = '''"""One line."""

from collections.abc import Iterator

from chaos.experiment import Experiment, Finding, Reading, Run, Workload, checker, holds


async def method(run: Run) -> None:
    await run.steady_state(within_s=60)


@checker("report.md: Measured")
def it_holds(reading: Reading) -> Iterator[Finding]:
    yield holds("It does.")


experiment = Experiment(
    name="mine",
    hypothesis="h",
    workload=Workload(("w.yaml",), "web", "web", 80),
    probes=("dns",),
    checkers=("steady-state", it_holds),
    questions=("dns-update",),
    timeout_s=10,
    method=method,
)
'''
MANIFEST = """apiVersion: apps/v1
kind: StatefulSet
metadata: {name: web}
spec:
  serviceName: web
  replicas: 1
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: nginx}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}
"""


def written(folder: Path, old: str = "", new: str = "", *, manifest: str = MANIFEST) -> Path:
    """The good one, with one thing replaced."""
    assert old in GOOD
    path = folder / "mine.py"
    path.write_text(GOOD.replace(old, new) if old else GOOD)
    (folder / "manifests").mkdir(exist_ok=True)
    (folder / "manifests" / "w.yaml").write_text(manifest)
    return path


def raised(folder: Path, line: str, *, fault: str = "") -> ChaosError:
    """What ended a run whose method does this, in place of line 9.

    Args:
        folder: of the file.
        line: what it does; several in one are further indented by four.
        fault: the body of `inject` of a fault `Mend(service)`, of mend.py beside it; empty: it uses none.
    """
    path = written(folder, "await run.steady_state(within_s=60)", line)
    if fault:
        (folder / "mend.py").write_text(FAULT + fault + "\n")
        path.write_text(path.read_text().replace("from chaos.exp", "from .mend import Mend; from chaos.exp"))
    options = Options(trials=1, period_s=0.5, max_qps=None)
    error = run_sandboxed(folder / "reports", options, experiment=find_experiment(str(path))).result.error
    assert error is not None
    return error


FAULT = """from chaos.experiment import Fault


class Mend(Fault):
    service: str = "web"

    async def inject(self, changes, namespace):
        """
