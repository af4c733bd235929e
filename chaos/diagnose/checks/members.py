"""Do the members of a database make one cluster, or are they islands?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.diagnose import corpus
from chaos.diagnose.check import Check
from chaos.diagnose.diagnostic import Diagnostic, Severity
from chaos.diagnose.scripts import program_name
from chaos.diagnose.snapshot import Snapshot
from chaos.diagnose.values import text, texts
from chaos.model.object import Object

_KEY = "members-not-joined"
_CLUSTER_ON = re.compile(r"cluster-enabled[\s\"']+(yes|true)", re.IGNORECASE)
_CLUSTER_MADE = re.compile(r"--cluster\s+create|cluster\s+meet|--cluster\s+add-node", re.IGNORECASE)
_REPLICATION = re.compile(
    r"change\s+(master|replication)\b|start\s+(slave|replica)\b|group_replication|wsrep_|gtid_slave|MYSQL_REPLICATION_MODE"
    r"|CLONE\s+INSTANCE",
    re.IGNORECASE,
)

# Made from the pod's ordinal or name: somebody means them to replicate, and may start it from outside.
_OWN_SERVER_ID = re.compile(r"server[-_]id[\s=\"']+\w*\$", re.IGNORECASE)


def _look(snapshot: Snapshot) -> Iterator[Diagnostic]:
    everything = corpus.of_snapshot(snapshot)
    joined, replicated = _CLUSTER_MADE.search(everything), _REPLICATION.search(everything)
    for workload in snapshot.sets:
        if workload.replicas < 2:  # noqa: PLR2004 - one alone has nobody to join
            continue
        for path, container in workload.containers:
            own = corpus.of_container(snapshot, workload, container)
            at = workload.reference(*path, "image")
            if _CLUSTER_ON.search(own) and not joined:
                service = workload.service_name
                members = " ".join(f"{workload.name}-{i}.{service}:6379" for i in workload.ordinals)
                yield Diagnostic(
                    _KEY,
                    Severity.WARNING,
                    at,
                    f"its {workload.replicas} pods have Redis Cluster switched on and nothing joins them: each "
                    "knows itself only",
                    ("cluster-enabled yes", f"no --cluster create and no CLUSTER MEET {snapshot.where}"),
                    f"once, after they are Ready: redis-cli --cluster create {members} --cluster-replicas 1",
                    (workload.name,),
                )
            elif _is_mysql(container) and not replicated and not _REPLICATION.search(own):
                prepared = _OWN_SERVER_ID.search(own) is not None
                ready = ", made ready for replication (each has its own server id)" if prepared else ""
                yield Diagnostic(
                    _KEY,
                    Severity.NOTE if prepared else Severity.WARNING,
                    at,
                    f"its {workload.replicas} pods are independent databases{ready}: nothing sets up replication",
                    (
                        f"image {text(container.get('image'))}",
                        f"no CHANGE REPLICATION SOURCE and the like {snapshot.where}",
                    ),
                    "set replication up by the pods' stable names, or use an operator that does",
                    (workload.name,),
                )


def _is_mysql(container: Object) -> bool:
    """Whether it runs a server: clients and scripts use the image too."""
    image = program_name(text(container.get("image")).partition("@")[0])
    runs = " ".join(texts(container.get("command")))
    server = not runs or re.search(r"\b(mysqld|mariadbd|mysqld_safe|docker-entrypoint)", runs) is not None
    return server and image.partition(":")[0] in ("mysql", "mysql-server", "mariadb", "percona-server")


CHECK = Check(
    _KEY,
    "several pods with `cluster-enabled yes` of Redis, or of a MySQL image, and nothing in the manifests that "
    "joins them",
    "a client sees another data set behind each pod",
    (Severity.WARNING, Severity.NOTE),
    _look,
    kinds=("StatefulSet", "ConfigMap"),
    also=("Job",),
)
