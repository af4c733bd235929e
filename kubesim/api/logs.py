"""pods/log: what a container has written, or what it writes until it ends."""

from __future__ import annotations

from collections.abc import Mapping

from aiohttp import web

from kubesim.api.pod_containers import Kubelets, PodContainer, container_name
from kubesim.api.responses import Responses
from kubesim.api.status import bad_request
from kubesim.containers.log import Line, Log
from kubesim.fields.causes import Cause, invalid_value
from kubesim.simclock import SimClock
from kubesim.store import Object, StoreError

_TRUE = ("true", "1", "")
_WORDS = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}


class PodLogs:
    """Answers requests for logs.

    With `follow` the answer goes on until the container has ended, or the client leaves.
    """

    def __init__(self, clock: SimClock, responses: Responses) -> None:
        self._clock = clock
        self._responses = responses

    async def answer(self, request: web.BaseRequest, pod: Object, kubelets: Kubelets | None) -> web.StreamResponse:
        """The response; it is over when this returns.

        Raises:
            StoreError: 400 or 422.
        """
        query = request.rel_url.query
        options = _Options(pod["metadata"]["name"], query)
        name = container_name(pod, query.get("container", ""))
        container = kubelets(pod["metadata"]["uid"], name) if kubelets else None
        log = _log(pod, name, container, previous=_flag(query, "previous"))
        since_s = self._clock.now_s() - options.since_s if options.since_s is not None else None
        lines = [line for line in log.lines() if since_s is None or line.at_s >= since_s]
        if options.tail is not None:
            lines = lines[-options.tail :] if options.tail else []
        if not _flag(query, "follow"):
            body = options.shown(lines).encode()
            return self._responses.plain(body[: options.limit] if options.limit else body)
        return await self._follow(request, log, lines, options)

    async def _follow(
        self, request: web.BaseRequest, log: Log, lines: list[Line], options: _Options
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={**self._responses.headers(), "Content-Type": "text/plain"})
        await response.prepare(request)
        seen = max((line.number for line in log.lines()), default=0)
        try:
            if lines:
                await response.write(options.shown(lines).encode())
            while not (log.closed and not log.lines(seen)):
                await log.more()
                new = log.lines(seen)
                if new:
                    seen = new[-1].number
                    await response.write(options.shown(new).encode())
            await response.write_eof()
        except ConnectionResetError:
            return response  # the client has left
        return response


def _log(pod: Object, name: str, container: PodContainer | None, *, previous: bool) -> Log:
    pod_name = pod["metadata"]["name"]
    terminated = container is not None and "terminated" in container.state
    if previous:
        found = container and (container.previous_log if not _waits(container) else container.log)
        if not found:
            raise bad_request(f'previous terminated container "{name}" in pod "{pod_name}" not found')
        return found
    if container is None or container.log is None:
        waiting = (container.state if container else {}).get("waiting", {}).get("reason", "ContainerCreating")
        if not pod["spec"].get("nodeName"):
            raise bad_request(f"pod {pod_name} does not have a host assigned")
        reason = _WORDS.get(waiting, waiting) if not terminated else "terminated"
        raise bad_request(f'container "{name}" in pod "{pod_name}" is waiting to start: {reason}')
    return container.log


def _waits(container: PodContainer) -> bool:
    """Between two runs: its last run is the previous one already."""
    return "waiting" in container.state


class _Options:
    """PodLogOptions."""

    def __init__(self, pod: str, query: Mapping[str, str]) -> None:
        self._timestamps = _flag(query, "timestamps")
        causes: list[Cause] = []
        self.tail = _number(query, "tailLines", 0, causes)
        self.since_s = _number(query, "sinceSeconds", 1, causes)
        self.limit = _number(query, "limitBytes", 1, causes)
        if causes:
            text = ", ".join(f"{cause.field}: {cause.message}" for cause in causes)
            details = {"name": pod, "kind": "PodLogOptions", "causes": [cause._asdict() for cause in causes]}
            raise StoreError(422, "Invalid", f'PodLogOptions "{pod}" is invalid: {text}', details)

    def shown(self, lines: list[Line]) -> str:
        """As they are sent."""
        return "".join(f"{line.at} {line.text}\n" if self._timestamps else f"{line.text}\n" for line in lines)


def _flag(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "false").lower() in _TRUE


def _number(query: Mapping[str, str], name: str, least: int, causes: list[Cause]) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        value = int(text)
    except ValueError as exc:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from exc
    if value < least:
        than = "must be greater than or equal to 0" if not least else "must be greater than 0"
        causes.append(invalid_value(name, value, than))
    return value
