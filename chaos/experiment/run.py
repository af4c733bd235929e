"""What an experiment's method may use."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

from chaos.analysis.notes import Note
from chaos.clients import Clients
from chaos.cluster.changes import Acknowledged
from chaos.cluster.executed import Executed
from chaos.faults.base import Fault
from chaos.model import FaultWindow, Outcome, PodIdentity, Series
from chaos.model.object import Object
from chaos.options.run import Options

T = TypeVar("T")


class Target(Protocol):
    """The workload under test, as the watches last saw it."""

    @property
    def statefulset(self) -> str: ...

    @property
    def service(self) -> str: ...

    @property
    def namespace(self) -> str: ...

    @property
    def pods(self) -> tuple[PodIdentity, ...]:
        """The pods that exist now, by ordinal."""


class Objects(Protocol):
    """The objects of the run's namespace, or of another one that is named.

    What is changed here is what the run made itself; it is removed with everything else at the end.
    """

    async def apply(self, manifest: str, namespace: str = "") -> list[Object]:
        """Create the objects of a YAML file beside the experiment; returns them as the API server made them."""

    async def create(self, obj: Object) -> Object:
        """Create one object; without a namespace it comes into the run's."""

    async def make_namespace(self, suffix: str) -> str:
        """One more namespace, removed with the run; returns its name."""

    async def get(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """An object, or None where there is none."""

    async def list(self, kind: str, labels: str = "", namespace: str = "") -> list[Object]:
        """Objects with these labels."""

    async def patch(
        self, kind: str, name: str, patch: Object, *, subresource: str = "", namespace: str = ""
    ) -> Acknowledged:
        """A JSON merge patch on an object that the run made."""

    async def delete(self, kind: str, name: str, *, orphan: bool = False, namespace: str = "") -> Acknowledged:
        """Delete an object that the run made; `orphan` leaves what it owns in place."""

    async def refused(self, change: Awaitable[object]) -> str:
        """Await a change that should be refused; returns ``STATUS REASON: message``, empty where it was accepted."""

    async def pods(self, labels: str, namespace: str = "", *, ready: bool = True) -> tuple[PodIdentity, ...]:
        """Pods with these labels that are Ready and not being deleted, by name; or all that have an address."""

    async def ready_pods(
        self, labels: str, count: int, within_s: float, namespace: str = ""
    ) -> tuple[PodIdentity, ...]:
        """The same, once there are that many; fewer when the time is over."""

    async def may_evict(self, pod: PodIdentity) -> str:
        """Ask whether a pod of the run would be evicted now, without doing it; the answer as of `refused`."""

    async def evict(self, pod: PodIdentity) -> Acknowledged:
        """Evict a pod of the run that is not the target's, outside of any trial."""

    async def exec(self, pod: str, command: Sequence[str], *, namespace: str = "", container: str = "") -> Executed:
        """Run a command in a container, to its end. Its experiment declares the need ``exec``."""

    async def logs(self, pod: str, *, namespace: str = "", container: str = "", previous: bool = False) -> str:
        """All that a container has printed, or its run before; its experiment declares the use ``get pods/log``."""


class ClusterDns(Protocol):
    """The cluster's DNS servers, which everybody there uses. Its experiment declares the need ``kube-system``.

    What is changed is put back at the run's end at the latest, before anything else is cleaned up.
    """

    async def pods(self, *, ready: bool = True) -> tuple[PodIdentity, ...]:
        """The servers that are Ready and not being deleted, by name; or all that have an address."""

    async def delete(self, pods: Sequence[PodIdentity]) -> Acknowledged:
        """Delete servers, all at the same moment; their Deployment replaces them."""

    async def scale(self, replicas: int) -> Acknowledged:
        """Scale their Deployment."""

    async def unscale(self) -> Acknowledged:
        """Put the number of replicas back."""

    async def corefile(self) -> str:
        """Their configuration as it is now."""

    async def configure(self, corefile: str) -> Acknowledged:
        """Change their configuration; servers that run take it over late (reload plugin), new ones at once."""

    async def unconfigure(self) -> Acknowledged:
        """Put the configuration back."""

    async def restart(self, within_s: float) -> None:
        """Replace one server after the other, each when the one before was replaced and Ready.

        Raises:
            InconclusiveError: a new one was not Ready in time; the others are left as they are.
        """


class Run(Protocol):
    """A run under way."""

    @property
    def options(self) -> Options: ...

    @property
    def target(self) -> Target: ...

    @property
    def objects(self) -> Objects: ...

    @property
    def clients(self) -> Clients:
        """Real client libraries through the vantage. Its experiment declares the need ``reach``."""

    @property
    def cluster_dns(self) -> ClusterDns: ...

    @property
    def simulated(self) -> bool:
        """Whether it is on the sandbox."""

    def now_ns(self) -> int:
        """Now, on the clock of the history's instants."""

    @property
    def domain(self) -> str:
        """Of the cluster, such as ``cluster.local``."""

    @property
    def views(self) -> tuple[str, ...]:
        """The DNS servers that are asked: each CoreDNS pod, and ``service`` last."""

    def turns(self) -> Iterator[PodIdentity]:
        """One pod a trial, taking turns; each as it is when its turn comes.

        With ``--until-precision`` they end once the outages so far are known precisely enough. The experiment declares
        that it honours ``trials``.
        """

    async def steady_state(self, within_s: float) -> None:
        """Wait until every record, endpoint and answer is right and stays so for a moment.

        Raises:
            SteadyStateError: it was not in time; ends the method, since another fault would hit a target that is
                already down.
        """

    def inject(self, fault: Fault) -> AbstractAsyncContextManager[FaultWindow]:
        """Inject a fault; its effects are measured until the block ends: one trial.

        Raises:
            BlastRadiusError: it would touch more pods at once than the experiment declared.
            ApiError: the API server refused it (the trial is kept, as refused).
        """

    async def silence(self, pod: PodIdentity, within_s: float) -> None:
        """Wait until nobody answers any more at an address that a pod has lost, so that an overlap is seen whole."""

    async def change(self, what: str, doing: Awaitable[Acknowledged], **details: Any) -> Acknowledged:
        """Await a change that is no fault of a pod, and write down when it was sent and accepted: a `Change`."""

    async def until(self, what: str, holds: Callable[[], Awaitable[T | None]], within_s: float) -> T | None:
        """Look again and again until something is found (neither None nor False); None when the time is over.

        Writes down a `Waited`.
        """

    async def sleep(self, seconds: float) -> None:
        """Let the probes go on."""

    async def resolve(self, name: str, rtype: str = "A", view: str = "service") -> Outcome:
        """One query. A name without a final dot is below the run's namespace: ``web-0.web`` or ``web``."""

    def watch_name(
        self, name: str, rtype: str = "A", *, probe: str = "dns", period_s: float = 0.0, label: str = ""
    ) -> list[Series]:
        """Ask every view for a name from now on, as often as for the workload's own.

        Args:
            name: as in `resolve`.
            rtype: of the records.
            probe: ``dns``, or ``cached``: through a caching resolver at the vantage, which asks the cluster DNS address
                where it has to, and which no other series shares.
            period_s: between two questions, of which the first is asked at once; 0: as often as for the workload's own.
            label: tells series of one name apart: it stands behind the record.
        """

    def watch_server(self, pod: PodIdentity, name: str) -> list[Series]:
        """Ask one more DNS server from now on, such as a CoreDNS pod that came later; its view is its name."""

    def watch_lookups(
        self, name: str, options: str, *, servers: Sequence[str] = (), period_s: float = 0.2, label: str = ""
    ) -> list[Series]:
        """Look a name up again and again from now on, as programs do: with their library's timeout and retries.

        Args:
            name: as in `resolve`.
            options: as in resolv.conf, such as ``timeout:1 attempts:3 rotate``; empty: glibc's own, 5 s twice. ``musl``
                is the way of that library (Alpine).
            servers: views to ask, in this order; none: the cluster DNS address, as in every pod.
            period_s: between two lookups, however long they take.
            label: tells series of one name apart; empty: the options.
        """

    def watch_clients(self, kind: str, name: str, port: int, *, pod: str = "", period_s: float = 0.0) -> list[Series]:
        """Connect again and again from now on.

        Args:
            kind: ``tcp`` or ``http``: by name, resolved anew for each connection; an address is taken as it is.
                ``stream``: one HTTP connection that stays, asked on once a period, and opened again when it has ended.
            name: as in `resolve`, or an address.
            port: to connect to.
            pod: that it is about.
            period_s: between two connections, or two requests on the one that stays; 0: as the options say.
        """

    async def sample(self, kind: str, name: str, port: int, count: int, *, period_s: float = 0.0) -> list[Outcome]:
        """So many connections one after the other, and what became of each."""

    def note(self, note: Note) -> None:
        """Write down what the method found out; see `Note`."""

    def mark(self, what: str, **details: Any) -> None:
        """Write a fact or a step of the method into the history."""

    async def apply(self, manifest: str) -> None:
        """`objects.apply` into the run's namespace."""

    async def pods_of(self, selector: str) -> tuple[PodIdentity, ...]:
        """`objects.pods`."""

    async def ready_pods(self, selector: str, count: int, within_s: float) -> tuple[PodIdentity, ...]:
        """`objects.ready_pods`."""

    async def delete_pod(self, pod: PodIdentity) -> None:
        """Delete a pod that is not the target's, outside of any trial."""
