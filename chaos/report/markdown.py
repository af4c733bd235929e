"""report.md: what a reader needs first, then what it rests on, folded."""

from __future__ import annotations

from collections import Counter
from typing import Any

from chaos.analysis.asked_less import asked_less
from chaos.analysis.connections import ClientView, client_views
from chaos.analysis.division import PARTS, Division, divisions
from chaos.analysis.identity import identities
from chaos.analysis.overlap import overlaps
from chaos.analysis.reading import Reading
from chaos.analysis.recovery import Recovery, recoveries
from chaos.analysis.stages import timelines
from chaos.analysis.statements import Statements
from chaos.analysis.statistics import Bound, Summary, summarise
from chaos.analysis.trials import NS_PER_S, alike, trials
from chaos.analysis.vantages import names, primary
from chaos.model import Ending, Interval, Verdict
from chaos.report.abort_table import abort_rows
from chaos.report.bounds import at_least, at_most, bounds
from chaos.report.fact_tables import fact_tables, watched_rows
from chaos.report.rendering import render
from chaos.report.reproduce import command
from chaos.report.slowest import shown
from chaos.report.stage_table import cause_of_all, heading, stage_rows
from chaos.report.tables import grouped, lost, of_faults, recovered, stable
from chaos.report.timeline import is_drawn
from chaos.report.vantage_tables import is_worth_telling, node_rows, spread_rows, vantage_rows
from chaos.report.wording import words

# More trials than these make the tables unreadable; the rest is in recoveries.csv.
SHOWN_TRIALS = 6
_SHOWN_REASONS = 12
_KEPT = {True: "yes", False: "**no**", None: "—"}


def report_markdown(reading: Reading, said: Statements, ending: Ending) -> str:
    """The report: result line, headline, recommendation, picture, answers; then, folded, what they rest on."""
    lines = timelines(reading)
    shown_lines = shown(lines, SHOWN_TRIALS)
    keys = {line.trial.key for line in shown_lines}
    divided = [one for one in divisions(reading) if one.trial.key in keys]
    return render(
        "report.md.j2",
        meta=reading.meta,
        result=ending.line,
        status=reading.status,
        started=reading.wall_text(0),
        headline=said.headline,
        recommendation=said.recommendation,
        drawn=is_drawn(reading),
        measured=fact_tables(reading),
        watched=watched_rows(reading),
        recovers=_is_about_recovery(reading),
        answers=said.answers,
        verdicts=said.verdicts,
        counted=_counted(said.verdicts),
        trials=trials(reading),
        faults=reading.faults,
        headings=[heading(line, lines) for line in shown_lines],
        cause=cause_of_all(lines),
        hidden=len(lines) - len(shown_lines),
        stages=stage_rows(lines, shown_lines),
        parts=_parts(divided),
        divided=[f"{d.trial.number}: {d.trial.target.name}" for d in divided],
        identity=_identity(reading),
        overlaps=_overlaps(reading),
        clients=[_client(v) for v in client_views(reading) if v.trial.key in keys],
        records=_records(reading),
        vantages=vantage_rows(reading) if is_worth_telling(reading) else [],
        spreads=spread_rows(reading) if len(names(reading)) > 1 else [],
        nodes=node_rows(reading) if len(names(reading)) > 1 else [],
        primary=", ".join(dict.fromkeys(primary(reading, trial) for trial in trials(reading))),
        cost=_cost(reading),
        unmeasured=_unmeasured(reading),
        aborting=abort_rows(reading),
        unwatched=[row["condition"] for row in abort_rows(reading) if row["result"] in ("unknown", "not watched")],
        model=_used(reading.meta.model),
        used_known=all("drawn" in parameter for parameter in reading.meta.model),
        command=command(reading.meta),
        words=words,
    )


def _is_about_recovery(reading: Reading) -> bool:
    """Whether pods were to be replaced; otherwise the sections about that would all be empty."""
    if reading.faults:
        return any(fault.replaces for fault in reading.faults)
    named = reading.meta.parameters.get("checkers")
    return not named or "fault-took-effect" in named


def _counted(verdicts: tuple[Verdict, ...]) -> str:
    """How many of which outcome, such as ``5 ok, 1 unknown``."""
    counts = Counter(str(verdict.outcome) for verdict in verdicts)
    return ", ".join(f"{number} {outcome}" for outcome, number in counts.items()) or "none"


def _used(model: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The parameters of the simulated cluster that the run drew; all where it did not write that down.

    A run writes down at its end which ones it drew, so a killed run lacks it, as do runs of early versions.
    """
    return [parameter for parameter in model if parameter.get("drawn", True)]


def _parts(divided: list[Division]) -> list[dict[str, Any]]:
    """The parts of each outage, a row for each part, and their whole."""
    rows: list[dict[str, Any]] = []
    for position, (_, label) in enumerate(PARTS):
        rows.append({"label": label, "cells": [_bounds(one.parts[position].length) for one in divided]})
    return [*rows, {"label": "the whole outage", "cells": [_bounds(one.total) for one in divided]}]


def _bounds(length: Interval | None) -> str:
    """Seconds, rounded outwards to a millisecond."""
    return "not seen" if length is None else bounds(length)


def _identity(reading: Reading) -> list[dict[str, Any]]:
    found = []
    for identity in identities(reading)[:SHOWN_TRIALS]:
        where = f"{identity.trial.number}: {identity.trial.target.name}"
        facets = [
            {"name": f.name, "kept": _KEPT[f.kept] if f.applies else "has none", "note": f.note}
            for f in identity.facets
        ]
        found.append({"where": where, "facets": facets})
    return found


def _overlaps(reading: Reading) -> list[dict[str, str]]:
    rows = []
    for found in overlaps(reading):
        most = "unknown" if found.at_most_ns is None else f"{at_most(found.at_most_ns)} s"
        rows.append(
            {
                "where": f"{found.trial.number}: {found.trial.target.name}",
                "at_least": f"{at_least(found.at_least_ns)} s",
                "at_most": most,
                "why": found.unknown or found.proof or "the old address was never seen to stop answering",
                "impostors": ", ".join(f"{who} ({n})" for who, n in found.impostors) or "none",
            }
        )
    return rows


def _client(view: ClientView) -> dict[str, str]:
    counts = ", ".join(f"{n} {status}{f' ({phase})' if phase else ''}" for status, phase, n in view.counts)
    outage = view.outage_ns
    return {
        "where": f"{view.trial.number}: {view.trial.target.name}",
        "client": f"{view.probe} {view.record}",
        "counts": counts,
        "failed": "before the fault" if view.deaf else _interval(view.failed, view.trial.cause_ns),
        "how": f"{view.first_failure[0]} ({view.first_failure[1]})" if view.first_failure else "",
        "restored": _interval(view.restored, view.trial.cause_ns),
        "outage": "" if outage is None else _interval(outage, 0),
        "stretches": str(view.stretches),
        "without": _interval(view.without_ns, 0) if view.stretches else "",
    }


def _records(reading: Reading) -> list[dict[str, str]]:
    """One value a fault, the last of its pods' and vantages'; without a middle where the faults are unlike."""
    rows = []
    same = alike([r.trial for _, _, group in grouped(reading) for r in group])
    for kind, view, group in grouped(reading):
        faults = len({r.trial.number for r in group})
        widths = summarise(
            [Bound(r.recovered.width_ns) for r in group if r.recovered and r.recovered.width_ns is not None]
        )
        rows.append(
            {
                "record": kind.value,
                "view": view,
                "n": str(faults),
                **{
                    what: _pair(summarise(of_faults(group, figures)), faults, same=same)
                    for what, figures in (("lost", lost), ("recovered", recovered), ("stable", stable))
                },
                "watched": _watched(group),
                "width": _figure(widths.median),
                "flips": str(sum(r.flips for r in group)),
                "unknown": "{} of {}".format(*_unknown(group)),
            }
        )
    return rows


def _unknown(measured: list[Recovery]) -> tuple[int, int]:
    """How many samples say nothing, of how many; pods of one fault share those of their service."""
    once = {(r.trial.number, r.record, r.view, r.vantage): (r.unknown, r.samples) for r in measured}
    return sum(unknown for unknown, _ in once.values()), sum(samples for _, samples in once.values())


def _watched(group: list[Recovery]) -> str:
    """For how long each was seen right, at least: from when it was stable to its trial's end."""
    lasted = [r.trial.end_ns - r.stable_before_ns for r in group if r.stable_before_ns is not None]
    return at_least(min(lasted)) if lasted else ""


def _unmeasured(reading: Reading) -> list[str]:
    """What limits this run's figures, each a sentence."""
    measurement = reading.meta.measurement
    found = []
    if reading.status != "complete":
        found.append(f"The run is {reading.status}: what came after its end is missing.")
    if measurement.get("ended_early"):
        found.append(f"It ended early: {measurement['ended_early']}")
    found += [
        f"Watch of {g.kind} disturbed from {g.from_ns / NS_PER_S:.3f} to {g.to_ns / NS_PER_S:.3f} s ({g.reason})."
        for g in reading.gaps
    ]
    found += [
        f"Whether --abort-if {row['condition']} held was not known {row['unknown']}."
        for row in abort_rows(reading)
        if row["unknown"]
    ]
    if measurement.get("events_problem"):
        found.append(f"Not all Events could be written to the target: {measurement['events_problem']}")
    asked_s, given_s = (reading.meta.parameters.get(key) for key in ("period_s", "dns_period_s"))
    if asked_s and given_s and given_s > asked_s:
        found.append(
            f"Each record was asked for every {given_s * 1000:.1f} ms at each view, not every {asked_s * 1000:g} ms as "
            f"asked, to keep to {reading.meta.parameters.get('max_qps'):g} queries/s; intervals are about as wide."
        )
    found += asked_less(reading)
    if "service" in reading.meta.environment.get("dns_views", {}) and len(reading.meta.environment["dns_views"]) == 1:
        found.append(
            "Only the cluster DNS address was asked, not each DNS server: which of them was the first to change is not "
            "known, so recoveries at that view have no lower bound but the fault itself."
        )
    found += [
        f"{one.record} at {one.view} in trial {one.trial.number} is unknown: {one.reason}."
        for one in recoveries(reading)
        if one.reason
    ][:_SHOWN_REASONS]
    found += [
        f"The API server dropped fields of {details['object']} without a word: {', '.join(details['fields'])}."
        for _, what, details in reading.marks
        if what == "dropped-fields"
    ]
    for key, what in (("dns_missed_slots", "DNS queries"), ("connection_missed_slots", "connections")):
        if key in measurement:
            found.append(f"{measurement[key]} scheduled {what} were not sent because their slot had passed.")
        else:
            found.append(f"Whether scheduled {what} were missed was not recorded.")
    silent, asked = _unknown(recoveries(reading))
    if asked:
        found.append(f"{silent} of {asked} DNS samples in the trials say nothing (timeout, SERVFAIL, REFUSED, …).")
    lag = measurement.get("loop_lag")
    found.append(f"Lateness of the event loop: {words(lag)}." if lag else "The event loop's lateness was not recorded.")
    unseen = [
        f"trial {t.trial.number}: {b.label}" for t in timelines(reading) for b in t.boundaries if b.before_ns is None
    ]
    if unseen:
        found.append(f"Not seen: {', '.join(unseen[:12])}{', …' if len(unseen) > 12 else ''}.")  # noqa: PLR2004
    return found


# What a run did to the cluster, with the words of the report; the rest of `measurement` is about the measuring.
_COSTS = (
    ("dns_queries", "DNS queries"),
    ("connections", "connections to pods"),
    ("api_requests", "requests to the API server"),
    ("api_bytes_sent", "bytes sent to it"),
    ("api_bytes_received", "bytes received from it"),
    ("exec_bytes_sent", "bytes sent to agents through it"),
    ("exec_bytes_received", "bytes received from agents through it"),
)
_TOLD_ELSEWHERE = (
    "loop_lag",
    "dns_missed_slots",
    "connection_missed_slots",
    "ended_early",
    "not_undone",
    "vantages",
    "api_used",
    "aborted",
    "ended_early_exit_code",
    "abort_conditions",
    "after_hook_failed",
    "events_problem",
)


def _cost(reading: Reading) -> list[str]:
    """What the run cost the cluster, and whatever else was counted."""
    measurement = reading.meta.measurement
    told = [f"{label}: {measurement[key]}" for key, label in _COSTS if key in measurement]
    known = {*_TOLD_ELSEWHERE, *(key for key, _ in _COSTS)}
    rest = ((key, value) for key, value in measurement.items() if key not in known)
    return told + [f"{key.replace('_', ' ')}: {words(value)}" for key, value in rest]


def _interval(interval: Interval | None, zero_ns: int) -> str:
    if interval is None:
        return ""
    return bounds(interval, zero_ns)


def _pair(summary: Summary, faults: int, *, same: bool) -> str:
    if summary.n == 0:
        return ""
    text = f"{_figure(summary.median) if same else '—'} / {_figure(summary.maximum)}"
    text += f" (of {summary.n})" if summary.n < faults else ""
    extra = [f"p95 {_figure(summary.p95)}" if summary.p95 else "", f"p99 {_figure(summary.p99)}" if summary.p99 else ""]
    return " / ".join([text, *filter(None, extra)])


def _figure(value: Bound | None) -> str:
    if value is None:
        return ""
    return f"> {at_least(value.value_ns)}" if value.censored else at_most(value.value_ns)
