"""A copy to share names nothing of its cluster, says one thing by one word, and says the same as the original."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from chaos.cli.redact import write_redacted
from chaos.errors import UsageError
from chaos.report.pseudonyms import Pseudonyms
from tests.commands import ROOT, run_command

LAPTOP = ROOT / "reports" / "examples" / "laptop"
SECRETS = re.compile(
    r"10\.244|10\.96|realk8s|chaos-identity-a151d8|9b42h|wb5kn|63d43c|f4be6b40|registry\.k8s\.io|max_concurrent"
)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shared") / "copy"
    assert write_redacted(LAPTOP, folder, None, anew=False) == 0
    return folder


def test_one_name_has_one_pseudonym_whatever_stands_around_it() -> None:
    names = Pseudonyms()
    names.add("statefulset", "db")
    names.add("namespace", "shop", "shop-eu")
    names.add("node", "node-2", "node-1")
    text = "db-1.db.shop.svc at node-1, not node-2 or adb; shop-eu:db/x; db_x"
    assert names.text(text) == (
        "statefulset-1-1.statefulset-1.namespace-1.svc at node-2, not node-1 or adb; namespace-2:statefulset-1/x; db_x"
    )


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("from 10.1.2.3:80 to 10.1.2.4 and 10.1.2.3", "from 198.18.0.1:80 to 198.18.0.2 and 198.18.0.1"),
        ("fd00::1 and [fd00::2]:53 at 12:33:27", "2001:db8::1 and [2001:db8::2]:53 at 12:33:27"),
        ("127.0.0.1, ::1, v1.34.4, 1.2.3.4.5", "127.0.0.1, ::1, v1.34.4, 1.2.3.4.5"),
        ("553dde69-266d-44b5-a424-a747211116f6", "uid-1"),
        ("https://me.example:6443/x and registry.example:5000/a/b:1", "https://host-1/x and registry-1/a/b:1"),
        ("nginx:alpine, 1/2, and/or", "nginx:alpine, 1/2, and/or"),
    ],
)
def test_addresses_hosts_and_uids_are_found_without_being_known(said: str, shown: str) -> None:
    assert Pseudonyms().text(said) == shown


def test_nothing_of_the_cluster_is_in_it_and_the_original_is_untouched(copy: Path) -> None:
    for path in copy.iterdir():
        assert not SECRETS.search(path.read_text(encoding="utf-8")), path.name
    assert {path.name for path in copy.iterdir()} == {
        "recoveries.csv", "report.md", "run.json", "summary.csv", "timeline.svg", "vantages.csv",
    }  # fmt: skip


def test_it_says_the_same(copy: Path) -> None:
    """Figures, verdicts and rows; each DNS server by one word in all files."""
    was, now = (json.loads((folder / "run.json").read_text()) for folder in (LAPTOP, copy))
    assert now["figures"] == was["figures"]
    assert [v["outcome"] for v in now["verdicts"]] == [v["outcome"] for v in was["verdicts"]]
    assert now["result"] == was["result"]
    assert list(now["environment"]["dns_views"]) == ["dns-1", "dns-2", "service"]
    rows = [list(csv.DictReader((folder / "recoveries.csv").read_text().splitlines())) for folder in (LAPTOP, copy)]
    assert [row["recovered_before_s"] for row in rows[0]] == [row["recovered_before_s"] for row in rows[1]]
    assert {row["view"] for row in rows[1]} == {"dns-1", "dns-2", "service"}
    picture = (copy / "timeline.svg").read_text()
    assert "web-0.web @ dns-1<title>" in picture
    assert ET.fromstring(picture).tag == "{http://www.w3.org/2000/svg}svg"


def test_names_of_ones_own_workload_are_replaced_too(tmp_path: Path) -> None:
    """As where `--target` or an own experiment brought it."""
    folder = tmp_path / "run"
    shutil.copytree(LAPTOP, folder)
    document = json.loads((folder / "run.json").read_text())
    document["parameters"] |= {"target": "statefulset/web", "identify": "exec:cat /secret", "own": {"a": "s3", "b": 4}}
    (folder / "run.json").write_text(json.dumps(document))
    assert run_command("report", folder, "--redact").returncode == 0
    now = json.loads((folder / "redacted" / "run.json").read_text())
    assert now["target"]["statefulset"] == "statefulset-1"
    assert now["faults"][0]["targets"] == ["statefulset-1-0"]
    assert now["parameters"]["own"] == {"a": "(left out)", "b": 4}
    assert now["parameters"]["identify"] == "exec:(left out)"
    for path in (folder / "redacted").iterdir():
        assert not re.search(r"\bweb-\d|/secret", path.read_text(encoding="utf-8")), path.name


def test_it_is_written_elsewhere_and_options_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="own folder"):
        write_redacted(LAPTOP, LAPTOP, None, anew=False)
    assert "add --redact" in run_command("report", LAPTOP, "--to", tmp_path).stderr
    assert "prints none" in run_command("report", LAPTOP, "--redact", "--full").stderr
