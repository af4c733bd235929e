"""Names in the forms of well-known charts: nothing is said where they are right, and each slip is found and mended."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chaos.diagnose import Diagnostic, diagnose
from chaos.diagnose.checks import CHECKS
from tests.diagnose.looking import view_of

FORMS = Path(__file__).parent / "forms"
NAMES = [
    check
    for check in CHECKS
    if check.key in ("pod-name", "full-name", "srv-name", "address-identity", "resolver-options", "unexpanded")
]
SHORT = "cassandra-0.cassandra.default.svc.cluster.local,cassandra-1.cassandra"
OWN = "$(MY_POD_NAME).$(K8S_SERVICE_NAME).default.svc.cluster.local"

# form, what is right, what is written instead, check
SLIPS = [
    ("kafka", "SVC, value: kafka-headless", "SVC, value: kafka", "pod-name"),
    ("kafka", "0@kafka-0.kafka-headless.mq", "0@kafka-0.kafka-headless.default", "pod-name"),
    ("kafka", "//$HOSTNAME.kafka-headless.mq.svc:9092", "//$HOSTNAME:9092", "pod-name"),
    ("kafka", "2@kafka-2", "2@my-kafka-2", "pod-name"),
    ("zk", "zk-0.zk-hs:", "zk-0:", "pod-name"),
    ("mongo", "mongo-0.mongo:27017", "mongo-0:27017", "pod-name"),
    ("mongo", "mongo-0.mongo.data.svc", "mongo-0.mongo.svc", "pod-name"),
    ("mongo", "{name: mongodb, port", "{name: db, port", "srv-name"),
    ("cassandra", SHORT, "cassandra-0,cassandra-1", "pod-name"),
    ("cassandra", "default.svc.cluster.local", "default.svc.cluster.loca", "full-name"),
    ("rabbit", "address_type = hostname", "address_type = ip", "address-identity"),
    ("rabbit", "ADDRESS_TYPE, value: hostname", "ADDRESS_TYPE, value: ip", "address-identity"),
    ("rabbit", f"rabbit@{OWN}", "r@$(MY_POD_IP)", "address-identity"),
    ("rabbit", "SERVICE_NAME, value: rabbit-nodes", "SERVICE_NAME, value: rabbit", "pod-name"),
    ("es", "es-0.es,es-1.es,es-2.es", "es-0,es-1,es-2", "pod-name"),
    ("consul", "consul-1.consul.$NAMESPACE.svc", "consul-1.consul.default.svc", "pod-name"),
    ("consul", "consul-0.consul.${NAMESPACE}", "consul-0.consul-server.${NAMESPACE}", "pod-name"),
    ("cockroach", "cockroachdb-0.cockroachdb,", "cockroachdb-0,", "pod-name"),
    ("cockroach", "cockroachdb-0.cockroachdb,", "cockroachdb-0.cockroachdb-public,", "pod-name"),
    ("cockroach", "cockroachdb-2.cockroachdb", "cockroachdb-3.cockroachdb", "pod-name"),
    ("minio", "{0...3}", "{1...4}", "pod-name"),
    ("minio", "minio-svc.store.svc.cluster", "minio-svc.minio.svc.cluster", "pod-name"),
    ("patroni", "$(PATRONI_NAME).patroni:8008", "$(PATRONI_NAME):8008", "pod-name"),
    ("vault", "vault-0.vault-internal", "vault-0.vault", "pod-name"),
    ("nats", "nats://nats-0.nats:", "nats://nats-0:", "pod-name"),
    ("nats", "nats-1.nats.default.svc", "nats-1.nats.nats.svc", "pod-name"),
    ("redis", "-h redis-0.redis-headless", "-h redis-0", "pod-name"),
    ("redis", '"$(POD_NAME).redis-headless"', '"$(POD_NAME)"', "pod-name"),
    ("etcd", "{name: etcd-server, port", "{name: peer, port", "srv-name"),
    ("etcd", "SERVICE_NAME, value: etcd", "SERVICE_NAME, value: etcd-headless", "pod-name"),
    ("search", "searches: [default.svc.cluster.local, svc.cluster.local, cluster.local], ", "", "resolver-options"),
    ("search", "searches: [db.default.svc.cluster.local]", "searches: [x.default.svc.cluster.local]", "pod-name"),
]


@pytest.mark.parametrize("path", sorted(FORMS.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_right_forms_have_no_finding(path: Path) -> None:
    found = diagnose(view_of(path.read_text()))
    assert [(f.check, f.what) for f in found.findings] == []
    assert [row.why for row in found.not_checked if "defect" in row.why] == []


@pytest.mark.parametrize(("form", "right", "wrong", "check"), SLIPS, ids=[f"{s[0]}-{s[2][:30]}" for s in SLIPS])
def test_a_slip_is_found_and_what_the_fix_says_to_write_mends_it(form: str, right: str, wrong: str, check: str) -> None:
    """Written where it was seen, and nowhere else."""
    text = (FORMS / f"{form}.yaml").read_text()
    assert right in text
    text = text.replace(right, wrong)
    found = of_names(text)
    assert {f.check for f in found} == {check}
    for _ in range(9):
        first = next((f for f in found if f.fix.startswith("write ")), None)
        if first is None:
            return
        text = written_as_said(text, first.object.line, first.evidence, first.fix)
        found = of_names(text)
    pytest.fail(f"it is still there: {found}")


def of_names(text: str) -> tuple[Diagnostic, ...]:
    return diagnose(view_of(text), NAMES).findings


def written_as_said(text: str, line: int, seen: tuple[str, ...], fix: str) -> str:
    """With the names that were seen in a line replaced by those that are to be written."""
    lines = text.splitlines(keepends=True)
    names = re.split(r", or | \(", fix.removeprefix("write "))[0].split(", ")
    for old, new in zip(seen, names, strict=False):
        end = "" if old.endswith(".svc") else r"(?![\w.-])"  # the rest of a full name stays
        lines[line - 1] = re.sub(re.escape(old) + end, new, lines[line - 1], count=1)
    return "".join(lines)
