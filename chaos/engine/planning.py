"""The plan of a run as a document: what it would ask, change and undo, how long it takes, and what the cluster says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chaos.engine.asking import REFUSED, DryRunAnswer
from chaos.engine.method import method_limit_s
from chaos.engine.permissions import DNS_NAMESPACE, Permission, Scope
from chaos.engine.place import Place
from chaos.engine.plan import plan_lines
from chaos.engine.preflight import Preflight
from chaos.engine.probing import Rates
from chaos.engine.rehearsal import Call, Rehearsed
from chaos.experiment import Options

SCHEMA = 1


def plan_document(
    found: Preflight,
    place: Place,
    options: Options,
    rates: Rates,
    rehearsed: Rehearsed,
    answers: Sequence[DryRunAnswer],
) -> dict[str, Any]:
    """As `chaos plan` prints it.

    Args:
        found: by the preflight.
        place: that it would be run at.
        options: of the run.
        rates: at which it would ask.
        rehearsed: what it did on the simulated cluster.
        answers: of the cluster, one for each call.
    """
    turns = options.most_trials or len(found.target.names) or 1
    calls = [_call(call, answer) for call, answer in zip(rehearsed.calls, answers, strict=True)]
    refused = [call for call in calls if call["server"]["said"] == REFUSED]
    problem = rehearsed.problem
    planned = plan_lines(found, place, found.experiment, options, rates)
    return {
        "schema": SCHEMA,
        "experiment": found.experiment.name,
        "simulated": place.simulated,
        "nothing_changed": "every request was a read, a dry run on the server, or to the simulated cluster",
        "would_be_refused": [call["server"]["why"] for call in refused],
        "plan": [{"what": what, "details": details} for what, details in planned],
        "notes": list(found.notes),
        "permissions": [
            {
                "verb": row.verb,
                "resource": f"{row.resource}.{row.group}" if row.group else row.resource,
                "name": row.name,
                "where": _where(row, options),
                "why": row.why,
            }
            for row in found.permissions
        ],
        "duration": {
            "rehearsed_s": round(rehearsed.took_s, 1),
            "declared_s": found.experiment.duration_s,
            "method_ended_after_s": method_limit_s(found.experiment, options, turns),
        },
        "dns": {
            "queries_per_s": round(rates.queries_per_s, 1),
            "ceiling_per_s": options.max_qps,
            "period_s": rates.dns_period_s,
            "views": {view.name: view.address for view in found.dns.views},
            "queries_in_all": round(rates.queries_per_s * rehearsed.took_s),
        },
        "rehearsal": {
            "on": "the simulated cluster",
            "came_to_its_end": problem is None,
            "ended_early": problem.message if problem is not None else None,
        },
        "calls": calls,
    }


def _where(row: Permission, options: Options) -> str:
    places = {
        Scope.OWN: f"namespace {options.namespace}" if options.namespace else "the namespace that is made",
        Scope.DNS: f"namespace {DNS_NAMESPACE}",
        Scope.CLUSTER: "the whole cluster",
    }
    return places[row.scope]


def _call(call: Call, answer: DryRunAnswer) -> dict[str, Any]:
    request = call.request
    return {
        "phase": call.phase,
        "at_s": round(call.at_s, 1),
        "times": call.times,
        "verb": request.verb,
        "kind": request.kind,
        "name": request.name,
        "namespace": request.namespace,
        "subresource": request.subresource,
        "object": request.body,
        "undoing": call.undoing,
        "undo": call.undo,
        "server": {"said": answer.said, "why": answer.why, "note": answer.note},
        **({"command": call.command} if call.command else {}),
    }
