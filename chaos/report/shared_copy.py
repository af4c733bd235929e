"""A copy of a run's report to show to others: without names and addresses of its cluster, and without raw records."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from chaos.analysis.reading import Reading
from chaos.analysis.statements import Statements
from chaos.model import Ending, History
from chaos.model.private import make_folder, write_text
from chaos.model.recording import RUN
from chaos.report.abort_redaction import conditions_left_out, without_conditions, without_values
from chaos.report.document import REPORT, run_json
from chaos.report.markdown import report_markdown
from chaos.report.pseudonyms import LEFT_OUT, Pseudonyms
from chaos.report.tables import recoveries_csv, summary_csv
from chaos.report.timeline import timeline_svg
from chaos.report.timeline.picture import shorten
from chaos.report.vantage_tables import is_worth_telling, vantages_csv

_KINDS = {"EndpointSlice": "slice", "PersistentVolumeClaim": "claim", "StatefulSet": "statefulset"}
# A label of the picture, and what is shown of it where there is room.
_LABEL = re.compile(r"(?<=>)[^<>]*(<title>)([^<>]*)(</title></text>)")
# Names that its user gave: of parameters of a run, by the kind of what they name.
_NAMED = {"namespace": "namespace", "target": "statefulset", "node": "node", "cluster_domain": "domain"}


def write_copy(folder: Path, reading: Reading, said: Statements, ending: Ending, *, own_names: bool) -> None:
    """Write run.json, the tables, the picture and report.md into a folder, which may be there.

    Args:
        folder: of the copy.
        reading: of the run.
        said: what was concluded.
        ending: how it ended.
        own_names: whether names of the workload are the user's own, and not those of an experiment that ships.

    Raises:
        OSError: it cannot be written.
    """
    names = _names(reading.history, own=own_names)
    reduced = Reading(_without_texts(reading.history, names))
    ending = replace(ending, line=without_values(ending.line, reading.meta.measurement))
    document = json.dumps(names.value(_as_json(run_json(reduced, said, ending))), indent=2)
    texts = {
        "recoveries.csv": names.text(recoveries_csv(reduced)),
        "summary.csv": names.text(summary_csv(reduced)),
        "timeline.svg": _picture(reduced, names),
        REPORT: names.text(report_markdown(reduced, said, ending)),
    }
    if is_worth_telling(reduced):
        texts["vantages.csv"] = names.text(vantages_csv(reduced))
    make_folder(folder, shared=False, exist_ok=True)
    for name, text in texts.items():
        write_text(folder / name, text)
    write_text(folder / RUN, document + "\n")


def _picture(reading: Reading, names: Pseudonyms) -> str:
    """The picture shortens labels, and what is left of a name nobody finds afterwards; so they are shortened again."""
    drawn, told, at = timeline_svg(reading), [], 0
    for found in _LABEL.finditer(drawn):
        label = names.text(found[2])
        told += [names.text(drawn[at : found.start()]), shorten(label), found[1], label, found[3]]
        at = found.end()
    return "".join([*told, names.text(drawn[at:])])


def _as_json(document: dict[str, Any]) -> Any:
    return json.loads(json.dumps(document, default=str))


def _without_texts(history: History, names: Pseudonyms) -> History:
    """Without what somebody wrote freely: the Corefile, values of own options, commands that ask who answers.

    Views have their other names already, since the picture shortens them.
    """
    meta = history.meta
    environment = {key: LEFT_OUT if key == "corefile" else value for key, value in meta.environment.items()}
    parameters = dict(meta.parameters)
    own = parameters.get("own") or {}
    parameters["own"] = {key: LEFT_OUT if isinstance(value, str) else value for key, value in own.items()}
    measurement = without_conditions(meta.measurement)
    if parameters.get("aborting"):
        parameters["aborting"] = conditions_left_out(parameters["aborting"])
    kind, colon, _ = str(parameters.get("identify", "")).partition(":")
    if colon:
        parameters["identify"] = f"{kind}:{LEFT_OUT}"
    views: dict[str, str] = meta.environment.get("dns_views") or {}
    environment["dns_views"] = {names.text(view): address for view, address in views.items()}
    series = [replace(one, view=names.text(one.view)) for one in history.series]
    return replace(
        history,
        meta=replace(meta, environment=environment, parameters=parameters, measurement=measurement),
        series=series,
    )


def _names(history: History, *, own: bool) -> Pseudonyms:
    """All that has a name in this run."""
    found, meta = Pseudonyms(), history.meta
    parameters, environment, target = meta.parameters, meta.environment, meta.target
    found.add("namespace", target.get("namespace", ""), *(event.namespace for event in history.events))
    found.add("context", str(environment.get("place", "")).removeprefix("context "))
    if target.get("domain") != "cluster.local":
        found.add("domain", target.get("domain", ""))
    if own:
        found.add("statefulset", target.get("statefulset", ""))
        found.add("service", target.get("service", ""))
        for event in history.events:
            owners = event.object.get("metadata", {}).get("ownerReferences") or ()
            of_a_set = event.kind == "Pod" and any(owner.get("kind") == "StatefulSet" for owner in owners)
            if not of_a_set:  # else its name begins with that of the set
                found.add(_KINDS.get(event.kind, event.kind.lower()), event.name)
    for key, kind in _NAMED.items():
        found.add(kind, str(parameters.get(key) or "").rpartition("/")[2])
    pods = parameters.get("pods") or {}
    found.add("registry", pods.get("mirror") or "")
    found.add("secret", *(pods.get("pull_secrets") or ()))
    found.add("dns", *(view for view in environment.get("dns_views") or {}))
    for vantage in environment.get("vantages") or ():
        found.add("node", vantage.get("node", ""))
        found.add("agent-pod", vantage.get("pod", ""))
    for event in history.events:
        found.add("node", (event.object.get("spec") or {}).get("nodeName") or "")
    for fault in history.faults:
        found.add("node", *(one.node for one in fault.targets))
    return found
