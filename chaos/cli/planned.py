"""A plan on stdout, for people."""

from __future__ import annotations

import json
from typing import Any

from chaos.cli.console import SteadfastConsole
from chaos.cli.terminal import tell_rows
from chaos.engine.asking import MADE_BY_THE_RUN, NOT_ASKED
from chaos.visible import visible

_LONGEST = 160
_EACH_TIME = ("uid", "resourceVersion", "name", "namespace")


def print_plan(document: dict[str, Any]) -> None:
    """All of it but whole objects, which `chaos plan` prints."""
    out = SteadfastConsole()
    whole = not out.is_terminal
    refused = document["would_be_refused"]
    rehearsal = document["rehearsal"]
    first = "DRY RUN (simulated)" if document["simulated"] else "DRY RUN"
    said = [call["server"]["said"] for call in document["calls"] if not call["undoing"]]
    asked = [one for one in said if one != NOT_ASKED]
    says = f"nothing was changed; the cluster was asked about {len(asked)} of {len(said)} requests, and "
    says += f"would refuse {len(refused)}" if refused else "would refuse none"
    if not rehearsal["came_to_its_end"]:
        says += f"; not all of it is known: {rehearsal['ended_early']}"
    out.tell(f"{first}: {says}", markup=False, soft_wrap=True, style="bold")
    for reason in refused:
        out.tell(f"  refused: {reason}", markup=False, soft_wrap=True)
    out.tell()
    tell_rows(out, [(row["what"], row["details"]) for row in document["plan"]])
    for note in document["notes"]:
        out.tell(f"note: {note}", markup=False, soft_wrap=True)
    out.tell("\nRequests that change something, as rehearsed on the simulated cluster", style="bold")
    phase = ""
    for call in document["calls"]:
        if call["phase"] != phase:
            phase = call["phase"]
            out.tell(f"  {call['at_s']:6.1f} s  {phase}", markup=False, soft_wrap=whole, style="bold")
        for line in _call(call):
            out.tell(f"              {line}", markup=False, soft_wrap=whole)
    if any(call["server"]["why"] == MADE_BY_THE_RUN for call in document["calls"]):
        text = f"  Where no answer of the server stands it was not asked: {MADE_BY_THE_RUN}."
        out.tell(text, markup=False, soft_wrap=whole)
    _duration(out, document)
    out.tell(f"\nPermissions: {len(document['permissions'])} asked for, and granted", style="bold")
    for line in _permissions(document["permissions"]):
        out.tell(f"  {line}", markup=False, soft_wrap=whole)
    out.tell("\nWhole objects: chaos plan prints the same as JSON", markup=False)


def _permissions(rows: list[dict[str, Any]]) -> list[str]:
    """A line for each resource and place."""
    verbs: dict[tuple[str, str, str], list[str]] = {}
    for row in rows:
        verbs.setdefault((row["where"], row["resource"], row["name"]), []).append(row["verb"])
    return [
        f"{where}: {', '.join(dict.fromkeys(of))} {resource}{f' {name}' if name else ''}"
        for (where, resource, name), of in verbs.items()
    ]


def _duration(out: SteadfastConsole, document: dict[str, Any]) -> None:
    duration, dns = document["duration"], document["dns"]
    out.tell("\nDuration and load", style="bold")
    ceiling = "no ceiling" if dns["ceiling_per_s"] is None else f"ceiling {dns['ceiling_per_s']:g} (--max-qps)"
    took = f"{duration['rehearsed_s']:.0f} s in the rehearsal, {duration['declared_s']:g} s as the experiment says"
    ended = f"its method is ended after {duration['method_ended_after_s']:.0f} s"
    asked = f"{dns['queries_in_all']} in all, if it takes as long as the rehearsal"
    rate = f"{dns['queries_per_s']:.0f} queries/s, {ceiling}"
    tell_rows(out, [("duration", f"{took}; {ended}"), ("cluster DNS", f"{rate}; {asked}")])


def _call(call: dict[str, Any]) -> list[str]:
    subject = f"{call['kind']} {call['name']}" + (f"/{call['subresource']}" if call["subresource"] else "")
    place = f" in {call['namespace']}" if call["namespace"] else ""
    times = f" ({call['times']} times)" if call["times"] > 1 else ""
    said = call.get("command") or f"{call['verb']} {subject}{place}{times}"
    if call["verb"] in ("patch", "delete", "evict") and not call.get("command") and _of_interest(call["object"]):
        said += f"  {_short(_of_interest(call['object']))}"
    lines = [said]
    if call["undo"]:
        lines.append(f"  undo: {_short(call['undo'])}")
    server = call["server"]
    why = f": {server['why']}" if server["why"] else ""
    note = f" ({server['note']})" if server["note"] else ""
    if not call["undoing"] and server["why"] != MADE_BY_THE_RUN:
        lines.append(f"  server: {server['said']}{why}{note}")
    return [visible(line, line=True) for line in lines]


def _of_interest(body: dict[str, Any]) -> dict[str, Any]:
    """The fields of a body that tell something: not kind and version, nor values that differ in each run."""
    found = {key: value for key, value in body.items() if key not in ("kind", "apiVersion", "preconditions")}
    meta = {key: value for key, value in (found.pop("metadata", None) or {}).items() if key not in _EACH_TIME}
    found.pop("deleteOptions", None)
    return {**({"metadata": meta} if meta else {}), **found}


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
