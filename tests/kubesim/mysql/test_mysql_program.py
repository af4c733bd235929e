"""The client program of the mysql image: what the unit's load-balancing job and its reader see."""

from __future__ import annotations

from chaos.cluster.command import run_command
from chaos.cluster.executed import Executed
from tests.diagnose.clusters import Place, run
from tests.diagnose.looking import MANIFESTS

CLUSTER = (MANIFESTS / "mysql-cluster.yaml").read_text()
SERVICES = (MANIFESTS / "mysql-services.yaml").read_text()
WARNING = "mysql: [Warning] Using a password on the command line interface can be insecure."


async def said(place: Place, line: str) -> Executed:
    """What the unit runs, in a pod of its cluster."""
    return await run_command(place.cluster, "default", "mysql-cluster-1", ["bash", "-c", line], container="mysql")


def test_it_asks_servers_by_every_name_of_the_unit_and_says_why_it_cannot() -> None:
    """Rows and exit codes as a real client's in a pipe on realk8s; the texts of its errors are those of MySQL 8.0's."""

    async def story(place: Place) -> None:
        await place.apply(CLUSTER, "default")
        await place.apply(SERVICES, "default")
        await place.ready(3, "default", "app=mysql-cluster")
        domain = "default.svc.cluster.local"
        login = "-u root -pcluster-password"
        found = await said(place, f'mysql -h mysql-primary.{domain} {login} -e "SELECT @@hostname;"')
        assert (found.code, found.stdout) == (0, "@@hostname\nmysql-cluster-0")
        assert found.stderr.strip() == WARNING
        found = await said(place, f'mysql -h mysql-cluster-2.mysql-cluster.{domain} {login} -N -e "SELECT @@hostname"')
        assert found.stdout == "mysql-cluster-2"
        name = f"mysql-cluster-0.mysql-internal.{domain}"
        found = await said(place, f'mysql -h {name} {login} -e "SELECT @@hostname"')
        assert found.code == 1
        assert found.stderr.strip().endswith(f"ERROR 2005 (HY000): Unknown MySQL server host '{name}' (-2)")
        found = await said(place, "mysql -h 127.0.0.1 -u root -pwrong -e 'SELECT 1'")
        assert "ERROR 1045 (28000): Access denied for user 'root'@" in found.stderr
        found = await said(place, f"mysql -P 3307 -h 127.0.0.1 {login} -e 'SELECT 1'")
        assert "ERROR 2003 (HY000): Can't connect to MySQL server on '127.0.0.1:3307' (111)" in found.stderr
        found = await said(place, f"mysql {login} -N -e 'SELECT 1, NULL, 2; SELECT 3'")
        assert found.stdout == "1\tNULL\t2\n3"
        found = await said(place, f"mysql {login} -e 'SELEC 1'")
        assert found.code == 1
        assert "ERROR 1064 (42000) at line 1: " in found.stderr

    run(story)
