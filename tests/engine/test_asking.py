"""What a cluster is asked of a plan, by dry runs on the server."""

from __future__ import annotations

from typing import Any

from chaos.cluster.request import Request
from chaos.engine.asking import ACCEPTED, NOT_ASKED, ask
from chaos.engine.rehearsal import Call
from kubesim import run_virtual


class Server:
    """Takes what it is asked about."""

    async def dry_run(self, _request: Request) -> dict[str, Any]:
        return {}


def test_nothing_is_asked_about_a_namespace_that_the_run_makes_beside_its_own() -> None:
    """The server would refuse what is to be made there, since there is no such namespace yet."""
    requests = [
        Request("create", "Namespace", "mine-tenant", "", body={}),
        Request("create", "Service", "web", "mine-tenant", body={}),
        Request("create", "Service", "web", "mine", body={}),
    ]
    answers = run_virtual(ask(Server(), [Call("", 0.0, one) for one in requests], "", ""))  # type: ignore[arg-type]
    assert [one.said for one in answers] == [ACCEPTED, NOT_ASKED, ACCEPTED]
    assert answers[1].why == "its namespace is made by the run"
