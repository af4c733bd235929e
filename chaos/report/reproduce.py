"""The command line that repeats a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chaos.model import RunMeta

# design.md, "Vantages": what a run on a real cluster keeps to by itself.
DEFAULT_MAX_QPS = 500

# (parameter, option, unit that follows the number); a parameter that was left out needs no option.
_OPTIONS = (("trials", "--trials", ""), ("grace_s", "--grace", ""), ("within_s", "--within", "s"))
# (parameter, option, what needs it): consent that others of the same command needed is nobody's to copy.
_FLAGS = (
    ("allow_kube_system", "--allow-kube-system", "kube-system"),
    ("allow_nodes", "--allow-nodes", "nodes"),
    ("cut_node", "--cut-node … --join-node …", "node-commands"),
)
_PERIODS = (("period_s", "--period"), ("connect_period_s", "--connect-period"), ("timeout_s", "--timeout"))


def command(meta: RunMeta) -> str:
    """As it would be typed; on a real cluster CONTEXT stands for the one to name."""
    parameters = meta.parameters
    words = ["chaos run", meta.experiment]
    words += ["--sandbox", f"--seed {meta.seed}"] if meta.simulated else ["--context CONTEXT"]
    if parameters.get("target"):
        words.append(f"--namespace {parameters['namespace']} --target {parameters['target']}")
        words.append(f"--identify {parameters['identify']}")
        words += [f"--port {parameters['port']}"] if parameters["port"] else []
    needs = parameters.get("needs")  # earlier versions did not say
    words += [flag for name, flag, need in _FLAGS if parameters.get(name) and (needs is None or need in needs)]
    words += _numbers(parameters)
    for name, option in _PERIODS:
        if parameters.get(name) is not None:
            words.append(f"{option} {parameters[name] * 1000:g}ms")
    if parameters.get("vantage", "auto") != "auto":
        words.append(f"--vantage {parameters['vantage']}")
    agents = (parameters.get("agents") or {}).get("count", 1)
    if agents > 1:
        words.append(f"--agents {agents}")
    if parameters.get("max_qps") and parameters["max_qps"] != DEFAULT_MAX_QPS:
        words.append(f"--max-qps {parameters['max_qps']:g}")
    if parameters.get("force"):
        words.append("--force")
    changed = [d for d in meta.model if d.get("source") == "set for this run"]
    words += [f"--model {d['name']}={d['low']:g}..{d['high']:g}" for d in changed]
    return " ".join(words)


def _numbers(parameters: dict[str, Any]) -> Iterator[str]:
    """How many faults, and how they and their limit were set."""
    if parameters.get("until_precision") is not None:
        yield f"--until-precision {parameters['until_precision']:.0%} --max-trials {parameters['max_trials']}"
    for name, option, unit in _OPTIONS:
        if parameters.get(name) is not None:
            yield f"{option} {parameters[name]:g}{unit}"
