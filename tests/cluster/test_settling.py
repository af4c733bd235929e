"""Changes whose outcome nobody told are settled by reading back before anything else is done."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from chaos.clock import RunClock
from chaos.cluster.changes import Changes
from chaos.cluster.journal import Journal
from chaos.cluster.retrying import Tried
from chaos.cluster.settling import Settled, Write
from chaos.errors import ApiError
from kubesim import StoreError
from tests.cluster.failing import BUSY, DONE_UNTOLD, LOST, UNWELL, Place, Script, on_a_cluster

QUOTA = StoreError(409, "Conflict", "the object has been modified; please apply your changes to the latest version")


def config_map(name: str, run: str = "r1", **data: str) -> dict[str, Any]:
    meta = {"name": name, "namespace": "default", "labels": {"chaos-identity.io/run": run}}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": data}


@pytest.mark.parametrize("happens", [[], [LOST], [DONE_UNTOLD], [UNWELL, LOST], [BUSY], [QUOTA], [LOST, DONE_UNTOLD]])
def test_an_object_is_made_once_and_its_uid_is_known(happens: list[Any]) -> None:
    async def story(place: Place) -> None:
        place.fails(script := Script("POST", *happens))
        made = await place.cluster.create(config_map("a", key="value"))
        stored = place.stored("ConfigMap", "a")
        assert stored is not None
        assert made["metadata"]["uid"] == stored["metadata"]["uid"]
        assert len(script.asked) == len(happens) + (DONE_UNTOLD not in happens)

    on_a_cluster(story)


def test_an_object_of_that_name_that_is_not_ours_is_never_taken_for_it() -> None:
    async def story(place: Place) -> None:
        await place.cluster.create(config_map("a", run="somebody-elses"))
        place.fails(Script("POST", LOST))
        with pytest.raises(ApiError) as refused:
            await place.cluster.create(config_map("a"))
        assert not refused.value.is_undone  # nobody knows, and the rollback looks at whose it is

    on_a_cluster(story)


def test_a_deletion_that_nobody_answered_for_is_found_by_reading_back() -> None:
    async def story(place: Place) -> None:
        uid = (await place.cluster.create(config_map("a")))["metadata"]["uid"]
        place.fails(script := Script("DELETE", DONE_UNTOLD))
        loop, tried = asyncio.get_running_loop(), Tried()
        began_s = loop.time()
        await place.cluster.delete("ConfigMap", "a", "default", tried, uid=uid)
        assert tried.settled
        assert began_s <= tried.sent_s <= script.asked[0]
        assert len(script.asked) == 1

    on_a_cluster(story)


def test_a_deletion_that_was_not_made_is_known_from_when_it_was_last_seen_undone() -> None:
    """So that nothing counts from a request that did nothing."""

    async def story(place: Place) -> None:
        uid = (await place.cluster.create(config_map("a")))["metadata"]["uid"]
        place.fails(script := Script("DELETE", LOST))
        tried = Tried()
        await place.cluster.delete("ConfigMap", "a", "default", tried, uid=uid)
        assert not tried.settled
        assert script.asked[0] < tried.sent_s < script.asked[1]

    on_a_cluster(story)


def test_a_deletion_does_not_count_from_a_request_that_was_refused() -> None:
    async def story(place: Place) -> None:
        uid = (await place.cluster.create(config_map("a")))["metadata"]["uid"]
        place.fails(script := Script("DELETE", BUSY))
        tried = Tried()
        await place.cluster.delete("ConfigMap", "a", "default", tried, uid=uid)
        assert script.asked[1] - script.asked[0] >= 7.0  # as the server asked
        assert tried.sent_s > script.asked[0] + 7.0

    on_a_cluster(story)


@pytest.mark.parametrize("happens", [[LOST], [DONE_UNTOLD], [UNWELL], [BUSY], [QUOTA]])
def test_an_eviction_that_the_server_was_not_able_to_make_is_asked_for_again(happens: list[Any]) -> None:
    async def story(place: Place) -> None:
        (pod, *_), _ = await place.cluster.list("Pod", "kube-system", "k8s-app=kube-dns")
        meta = pod["metadata"]
        place.fails(script := Script("POST", *happens))
        await place.cluster.evict(meta["name"], "kube-system", meta["uid"], None)
        stored = place.stored("Pod", meta["name"], "kube-system")
        assert stored is not None
        assert "deletionTimestamp" in stored["metadata"]
        assert len(script.asked) == 1 + (happens != [DONE_UNTOLD])

    on_a_cluster(story)


def test_what_a_disruption_budget_refuses_is_left_to_whoever_asked() -> None:
    """He asks again when he likes, or wanted to know just that."""
    refusal = StoreError(429, "TooManyRequests", "no", {"causes": [{"reason": "DisruptionBudget"}]})

    async def story(place: Place) -> None:
        (pod, *_), _ = await place.cluster.list("Pod", "kube-system", "k8s-app=kube-dns")
        for happens in ([refusal], [LOST, refusal]):
            place.fails(script := Script("POST", *happens))
            with pytest.raises(ApiError) as refused:
                await place.cluster.evict(pod["metadata"]["name"], "kube-system", pod["metadata"]["uid"], None)
            assert refused.value.status == 429
            assert len(script.asked) == len(happens)

    on_a_cluster(story)


def test_a_successor_of_that_name_is_never_deleted() -> None:
    async def story(place: Place) -> None:
        uid = (await place.cluster.create(config_map("a")))["metadata"]["uid"]
        await place.cluster.delete("ConfigMap", "a", "default", uid=uid)
        await place.cluster.create(config_map("a"))
        for happens in ([], [QUOTA]):
            place.fails(Script("DELETE", *happens))
            with pytest.raises(ApiError, match="409"):
                await place.cluster.delete("ConfigMap", "a", "default", uid=uid)
        place.fails(Script("DELETE", LOST))
        await place.cluster.delete("ConfigMap", "a", "default", uid=uid)  # reading back shows that it is done
        assert place.stored("ConfigMap", "a") is not None

    on_a_cluster(story)


def test_a_patch_of_a_version_is_made_once_and_never_over_somebody_elses() -> None:
    async def story(place: Place) -> None:
        made = await place.cluster.create(config_map("a", key="old"))
        version = made["metadata"]["resourceVersion"]
        patch = {"data": {"key": "new"}, "metadata": {"resourceVersion": version}}
        for happens in ([DONE_UNTOLD], [LOST]):
            place.fails(Script("PATCH", *happens))
            await place.cluster.patch("ConfigMap", "a", "default", patch)
            stored = place.stored("ConfigMap", "a")
            assert stored is not None
            assert stored["data"] == {"key": "new"}
            if happens == [DONE_UNTOLD]:
                place.fails(None)
                await place.cluster.patch("ConfigMap", "a", "default", {"data": {"key": "theirs"}})
                with pytest.raises(ApiError) as refused:
                    await place.cluster.patch("ConfigMap", "a", "default", patch)
                assert refused.value.status == 409
                stored = place.stored("ConfigMap", "a")
                assert stored is not None
                patch["metadata"]["resourceVersion"] = stored["metadata"]["resourceVersion"]

    on_a_cluster(story)


def test_somebody_who_changes_it_meanwhile_is_seen_and_the_patch_is_known_to_be_void() -> None:
    async def story(place: Place) -> None:
        made = await place.cluster.create(config_map("a", key="old"))
        version = made["metadata"]["resourceVersion"]

        class Meanwhile(Script):
            async def answer(self, request: Any, responses: Any, answer: Any) -> Any:
                if request.method == "GET":
                    stored = place.stored("ConfigMap", "a")
                    place.sandbox.store.update("ConfigMap", {**(stored or {}), "data": {"key": "theirs"}})
                return await super().answer(request, responses, answer)

        place.fails(Meanwhile("PATCH", LOST))
        with pytest.raises(ApiError) as refused:
            await place.cluster.patch(
                "ConfigMap", "a", "default", {"data": {"key": "new"}, "metadata": {"resourceVersion": version}}
            )
        assert (refused.value.status, refused.value.is_undone) == (409, True)

    on_a_cluster(story)


def patched(**data: Any) -> Write:
    return Write("patch", "Service", "a", "default", body={"metadata": {"resourceVersion": "1"}, "spec": data})


def found(**data: Any) -> dict[str, Any]:
    return {"metadata": {"uid": "u", "resourceVersion": "2"}, "spec": data}


def test_what_the_server_filled_in_shows_the_patch_all_the_same() -> None:
    taints = [{"key": "k", "effect": "NoExecute", "timeAdded": "2026-01-01T00:00:00Z"}]
    write = patched(taints=[{"key": "k", "effect": "NoExecute"}])
    assert write.settle(found(taints=taints)) is Settled.MADE
    assert write.settle(found(taints=[{**taints[0], "key": "theirs"}])) is Settled.OTHER


@pytest.mark.parametrize(("sent", "there"), [([1], [2]), ("1000m", "1"), (None, "a default")])
def test_a_patch_is_not_void_where_the_server_may_have_made_that_of_it(sent: Any, there: Any) -> None:
    assert not patched(x=sent).is_void(found(x=there))
    assert patched(x=False).is_void(found(x=True))
    assert patched(x="new").is_void(found(x="theirs"))


def test_what_cannot_be_settled_stays_in_the_journal(tmp_path: Path) -> None:
    """A server that is away for good: nobody knows, so the undo stays open."""

    async def story(place: Place) -> None:
        clock = RunClock(asyncio.get_running_loop())
        journal = Journal.start(tmp_path, {"id": "r1", "fingerprint": place.cluster.fingerprint})
        changes = Changes(place.cluster, journal, clock, "r1")
        place.fails(Script("POST", DONE_UNTOLD, *[UNWELL] * 99))

        async def away(*_: Any, **__: Any) -> Any:
            raise ApiError("away", status=503)

        place.cluster.get = away  # type: ignore[method-assign]
        with pytest.raises(ApiError):
            await changes.create(config_map("a"))
        assert [entry.name for entry in journal.open_entries()] == ["a"]
        assert place.stored("ConfigMap", "a") is not None

    on_a_cluster(story)


def test_a_change_that_never_left_needs_no_undo(tmp_path: Path) -> None:
    async def story(place: Place) -> None:
        clock = RunClock(asyncio.get_running_loop())
        journal = Journal.start(tmp_path, {"id": "r1", "fingerprint": place.cluster.fingerprint})
        changes = Changes(place.cluster, journal, clock, "r1")

        class Nobody(Script):
            def refuses(self) -> bool:
                return True

        place.fails(Nobody("POST"))
        with pytest.raises(ApiError, match="cannot be reached: Connection refused"):
            await changes.create(config_map("a"))
        assert journal.open_entries() == []

    on_a_cluster(story)


def test_a_kind_is_found_although_the_look_up_failed_halfway() -> None:
    """The library asks anew for what it was told before, and would go on with half of it."""

    async def story(place: Place) -> None:
        place.fails(script := Script("GET", UNWELL, UNWELL))
        assert (await place.cluster.resource("Job")).name == "jobs"
        assert len(script.asked) == 3

    on_a_cluster(story)
