"""A history survives a way to the disk and back, and a crash at any byte of it."""

import asyncio
import json
from pathlib import Path

import pytest

from chaos.errors import InconclusiveError, UsageError
from chaos.model import ClusterEvent, FaultWindow, History, Outcome, PodIdentity, RunMeta, WatchGap, recording
from chaos.model.loading import load_history
from chaos.model.private import open_file
from chaos.model.recording import EVENTS, OBSERVATIONS, Recorder
from kubesim import run_virtual
from tests.fakes import recorder


def recorded(folder: Path) -> History:
    """A small run with one of everything."""

    async def main() -> History:
        _, record = recorder(folder)
        series = record.open_series(
            probe="dns", record="A web-1.web", view="v", pod="web-1", name="n", period_s=0.01, timeout_s=1.0
        )
        right = record.outcome_id(Outcome("NOERROR", values=("10.0.0.1",), ttl=30))
        gone = record.outcome_id(Outcome("NXDOMAIN", ttl=30))
        for n in range(5):
            record.sample(series.id, n * 10, n * 10, n * 10 + 3, right)
        record.flush()
        for n in range(5, 8):
            record.sample(series.id, n * 10, n * 10, n * 10 + 3, gone)
        pod = PodIdentity("web-1", "u1", "10.0.0.1", "node-1", claims=("data-web-1",))
        window = FaultWindow("delete-pod", 1, (pod,), "accepted", 5, 9, None, parameters={"grace_s": 1})
        record.fault(window)
        record.fault(FaultWindow("delete-pods", 2, (pod,), "accepted", 5, 9, 20, requests={"web-1": (5, 8)}))
        record.event(ClusterEvent(7, "DELETED", "Pod", "ns", "web-1", "u1", {"metadata": {"name": "web-1"}}))
        record.gap(WatchGap("Pod", 1, 2, "410"))
        record.mark(3, "steady-state", reached=True)
        record.close()
        return record.history

    return run_virtual(main())


def test_what_is_loaded_is_what_was_recorded(tmp_path: Path) -> None:
    history = recorded(tmp_path)
    assert load_history(tmp_path, history.meta, history.status) == history


def refaulted(folder: Path, **changes: object) -> History:
    """The second fault as another program or version wrote it; what is None is left out."""
    history = recorded(folder)
    lines = [json.loads(line) for line in (folder / EVENTS).read_text().splitlines()]
    fault = next(line["fault"] for line in lines if line.get("fault", {}).get("trial") == 2)
    fault.update(changes)
    for key in [key for key, value in changes.items() if value is None]:
        del fault[key]
    (folder / EVENTS).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return load_history(folder, history.meta, history.status)


def test_a_fault_of_a_version_that_did_not_keep_each_pods_request_is_read(tmp_path: Path) -> None:
    assert [fault.requests for fault in refaulted(tmp_path, requests=None).faults] == [{}, {}]


@pytest.mark.parametrize(
    "broken", [[5, 8], {"web-1": 5}, {"web-1": [5]}, {"web-1": [5, "late"]}, {"web-1": [9, 5]}, "no"]
)
def test_requests_that_are_none_are_refused(tmp_path: Path, broken: object) -> None:
    with pytest.raises(UsageError, match="is not what this tool wrote"):
        refaulted(tmp_path, requests=broken)


def test_every_prefix_of_the_files_can_be_read(tmp_path: Path) -> None:
    """What a crash or a full disk leaves is a prefix; it must stay readable up to its last whole line."""
    (tmp_path / "whole").mkdir()
    history = recorded(tmp_path / "whole")
    data = (tmp_path / "whole" / OBSERVATIONS).read_bytes()
    (tmp_path / EVENTS).write_bytes(b"")
    for length in range(len(data) + 1):
        (tmp_path / OBSERVATIONS).write_bytes(data[:length])
        cut = load_history(tmp_path, history.meta, "incomplete")
        assert all(o in list(history.observations(s)) for s in cut.series for o in cut.observations(s))


def test_a_broken_line_in_the_middle_is_named(tmp_path: Path) -> None:
    history = recorded(tmp_path)
    path = tmp_path / OBSERVATIONS
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], "not json", *lines[1:]]) + "\n")
    with pytest.raises(UsageError, match="line 2"):
        load_history(tmp_path, history.meta, "complete")


def test_a_folder_without_a_history_is_refused_by_name(tmp_path: Path) -> None:
    history = recorded(tmp_path)
    with pytest.raises(UsageError, match="holds no readable history"):
        load_history(tmp_path / "nothing", history.meta, "complete")


def test_a_folder_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop()
        assert clock is not None
        recorder(tmp_path / "missing")

    with pytest.raises(UsageError, match="cannot be written"):
        run_virtual(main())


def test_a_full_disk_is_said_and_what_was_written_before_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    history = recorded(tmp_path)
    (tmp_path / "run").mkdir()
    really = open_file
    monkeypatch.setattr(recording, "open_file", lambda p, mode: really(full if p.name == OBSERVATIONS else p, mode))
    record = Recorder(tmp_path / "run", RunMeta("test", simulated=True, started_at=history.meta.started_at))
    record.open_series(probe="dns", record="A", view="v", pod="", name="n", period_s=1.0, timeout_s=1.0)
    with pytest.raises(InconclusiveError, match="No space left"):
        record.flush()
    with pytest.raises(InconclusiveError, match="No space left"):
        record.close()


def test_a_fault_recorded_twice_is_the_newer_one(tmp_path: Path) -> None:
    async def main() -> History:
        _, record = recorder(tmp_path)
        record.fault(FaultWindow("delete-pod", 1, (), "sent", 5, None, None))
        record.fault(FaultWindow("delete-pod", 1, (), "accepted", 5, 9, 20))
        record.close()
        return record.history

    history = run_virtual(main())
    assert [f.outcome for f in history.faults] == ["accepted"]
    assert load_history(tmp_path, history.meta, "complete").faults == history.faults


def test_lines_that_this_tool_never_wrote_are_refused(tmp_path: Path) -> None:
    history = recorded(tmp_path)
    with (tmp_path / OBSERVATIONS).open("a") as file:
        file.write('{"samples": {"series": 99}}\n')
    with pytest.raises(UsageError, match="is not what this tool wrote"):
        load_history(tmp_path, history.meta, "complete")
