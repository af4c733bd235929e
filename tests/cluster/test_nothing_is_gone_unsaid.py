"""That something is not there is believed of the API server alone, and only where it said so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from aiohttp import web

from chaos.clock import RunClock
from chaos.cluster.changes import Changes
from chaos.cluster.client import Object
from chaos.cluster.journal import Journal
from chaos.engine.progress import Silence
from chaos.engine.rollback import recover
from chaos.errors import ApiError
from kubesim.api.faults import ApiFaults
from kubesim.api.responses import Responses
from tests.cluster.failing import UNWELL, Answer
from tests.diagnose.clusters import Place, run
from tests.engine.test_mirrors import another

CONTAINER = {"name": "c", "image": "busybox", "command": ["sleep", "3600"]}
JOB: Object = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "made", "namespace": "default"},
    "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [CONTAINER]}}},
}
NOWHERE = "404 page not found\n"


class Instead(ApiFaults):
    """For some seconds a path, or all of them, is answered by what stands before the API server."""

    def __init__(self, path: str, text: str, for_s: float = 3.0) -> None:
        super().__init__(0.0, 0)
        self._path, self._text = path, text
        self._until_s = asyncio.get_running_loop().time() + for_s

    def refuses(self) -> bool:
        return False

    async def answer(self, request: web.BaseRequest, responses: Responses, answer: Answer) -> web.StreamResponse:
        if not request.path.startswith(self._path) or asyncio.get_running_loop().time() > self._until_s:
            return await answer(request)
        return responses.text(self._text, 404) if self._text else responses.error(UNWELL)


@pytest.mark.parametrize(
    ("path", "text"), [("/apis/batch/v1", ""), ("/", NOWHERE)], ids=["discovery is unwell", "a gateway is lost"]
)
def test_a_recovery_takes_nothing_for_gone_whose_kind_or_server_cannot_be_asked(
    tmp_path: Path, path: str, text: str
) -> None:
    async def story(place: Place) -> None:
        journal = Journal.start(tmp_path, {"id": "r1", "fingerprint": place.cluster.fingerprint})
        await Changes(place.cluster, journal, RunClock(asyncio.get_running_loop()), "r1").create(JOB)
        journal.close()
        async with another(place) as later:
            place.sandbox.api.faults = Instead(path, text)
            read = Journal.load(journal.path)
            assert await recover(read, later.cluster, RunClock(asyncio.get_running_loop()), Silence()) == []
        assert await place.cluster.get("Job", "made", "default") is None

    run(story)


def test_a_kind_that_cannot_be_asked_about_is_not_one_that_the_server_lacks() -> None:
    async def story(place: Place) -> None:
        async with another(place) as later:
            place.sandbox.api.faults = Instead("/apis/batch/v1", "", 300.0)
            with pytest.raises(ApiError, match="shutting down") as caught:
                await later.cluster.list("Job", "default")
            assert caught.value.may_pass
        place.sandbox.api.faults = Instead("/apis/apps/v1", "")
        async with another(place):  # the first contact is made again too
            pass

    run(story)


def test_a_kind_that_a_server_lacks_is_none() -> None:
    async def story(place: Place) -> None:
        for version in ("batch/v1", "elsewhere.io/v1"):
            with pytest.raises(ApiError) as caught:
                await place.cluster._transport.find("Odd", version)
            assert (caught.value.status, caught.value.may_pass) == (404, False)

    run(story)


def test_kinds_that_are_looked_up_at_once_do_not_disturb_each_other() -> None:
    """The library forgets all that it knew where it does not find one, and reads it anew."""

    async def story(place: Place) -> None:
        find = place.cluster._transport.find
        looked_up = [("Odd", "batch/v1"), ("Event", "v1"), ("Strange", "policy/v1"), ("Job", "batch/v1")]
        found = await asyncio.gather(*(find(*one) for one in looked_up), return_exceptions=True)
        assert [getattr(one, "kind", getattr(one, "status", one)) for one in found] == [404, "Event", 404, "Job"]

    run(story)
