"""The page about Kubernetes versions has the tables that the records give."""

from __future__ import annotations

from kubesim import COREDNS_IMAGE, KUBERNETES
from tests.kubesim.api import versions
from tools.update_versions import PATH, updated


def test_the_tables_are_those_of_the_records() -> None:
    """`python tools/update_versions.py` puts it right."""
    document = PATH.read_text(encoding="utf-8")
    assert updated(document) == document
    assert KUBERNETES in document
    assert COREDNS_IMAGE.rpartition(":")[2] in document


def test_another_version_differs_only_in_what_was_asked() -> None:
    asked = versions.recorded()
    for differs in versions.others().values():
        for part in versions.PARTS:
            assert differs[part].keys() <= asked[part].keys()
