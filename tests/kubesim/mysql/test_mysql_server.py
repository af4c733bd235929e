"""The sandbox's MySQL, seen by a real client library."""

from __future__ import annotations

import asyncio

from tests.kubesim.mysql.mysql_lab import MysqlLab, in_cluster


def test_it_says_who_it_is_and_keeps_rows() -> None:
    async def test(lab: MysqlLab) -> None:
        lab.apply("mysql-cluster.yaml", replicas=1)
        await lab.wait_ready("mysql-cluster-0")
        assert await lab.query("mysql-cluster-0", "SELECT @@hostname, @@server_id, @@read_only") == [
            ("mysql-cluster-0", 100, 0)
        ]
        await lab.query("mysql-cluster-0", "CREATE TABLE notes (id INT PRIMARY KEY, note VARCHAR(20))", db="clusterdb")
        await lab.query("mysql-cluster-0", "INSERT INTO notes VALUES (1, 'one'), (2, NULL)", db="clusterdb")
        assert await lab.query("mysql-cluster-0", "SELECT * FROM clusterdb.notes ORDER BY id") == [
            (1, "one"),
            (2, None),
        ]

    in_cluster(test)


def test_who_may_not_gets_the_error_that_mysql_gives() -> None:
    async def test(lab: MysqlLab) -> None:
        lab.apply("mysql-cluster.yaml", replicas=1)
        await lab.wait_ready("mysql-cluster-0")
        pod = "mysql-cluster-0"
        for sql in (
            "CREATE USER 'app'@'%' IDENTIFIED BY 'app'",
            "GRANT SELECT, INSERT ON clusterdb.* TO 'app'@'%'",
            "CREATE TABLE clusterdb.notes (id INT PRIMARY KEY, note VARCHAR(5))",
        ):
            await lab.query(pod, sql)
        app = {"user": "app", "password": "app"}
        assert await lab.error(pod, password="wrong") == 1045
        assert await lab.error(pod, user="nobody") == 1045
        assert await lab.error(pod, db="nope") == 1049
        assert await lab.error(pod, "INSERT INTO clusterdb.notes VALUES (1, 'one')", **app) == 0
        assert await lab.error(pod, "DELETE FROM clusterdb.notes", **app) == 1142
        assert await lab.error(pod, "SET GLOBAL read_only = 1", **app) == 1227
        assert await lab.error(pod, "SET GLOBAL read_only = 1") == 0
        assert await lab.error(pod, "INSERT INTO clusterdb.notes VALUES (2, 'two')", **app) == 1290
        assert await lab.error(pod, "INSERT INTO clusterdb.notes VALUES (2, 'two')") == 0, "read_only spares root"
        assert await lab.query(pod, "SELECT COUNT(*) FROM clusterdb.notes", **app) == [(2,)]

    in_cluster(test)


def test_what_it_does_not_know_is_refused_and_not_guessed() -> None:
    refused = {
        "SELEC 1": 1064,
        "SELECT @@no_such_variable": 1193,
        "SELECT * FROM clusterdb.nothing": 1146,
        "SELECT nothing FROM clusterdb.t": 1054,
        "INSERT INTO clusterdb.t VALUES (1, 'again')": 1062,
        "INSERT INTO clusterdb.t VALUES (2, 'too long')": 1406,
        "INSERT INTO clusterdb.t VALUES (3000000000, 'big')": 1264,
        "INSERT INTO clusterdb.t VALUES (2)": 1136,
        "SELECT id, COUNT(*) FROM clusterdb.t": 1140,
        "SELECT NOW()": 1235,
        "SELECT 1 / 2": 1235,
        "SELECT id FROM clusterdb.t WHERE note = 1": 1235,
        "SELECT id FROM clusterdb.t WHERE note = 'é'": 1235,
        "SELECT 'a' = 'A'": 1235,
        "SELECT a.id FROM clusterdb.t a, clusterdb.t b": 1235,
        "SELECT DISTINCT id FROM clusterdb.t": 1235,
        "REPLACE INTO clusterdb.t VALUES (1, 'b')": 1235,
        "ALTER TABLE clusterdb.t ADD x INT": 1235,
        "START TRANSACTION": 1235,
        "SET autocommit = 0": 1235,
        "SELECT * FROM mysql.user": 1235,
        "SELECT 1; SELECT 2": 1235,
    }

    async def test(lab: MysqlLab) -> None:
        lab.apply("mysql-cluster.yaml", replicas=1)
        await lab.wait_ready("mysql-cluster-0")
        await lab.query("mysql-cluster-0", "CREATE TABLE clusterdb.t (id INT PRIMARY KEY, note VARCHAR(5))")
        await lab.query("mysql-cluster-0", "INSERT INTO clusterdb.t VALUES (1, 'One')")
        assert {sql: await lab.error("mysql-cluster-0", sql) for sql in refused} == refused
        same = await lab.query("mysql-cluster-0", "SELECT id FROM clusterdb.t WHERE note = 'oNE'")
        assert same == [(1,)], "MySQL's default collation ignores case"

    in_cluster(test)


def test_a_claim_keeps_the_data_and_an_open_connection_ends_with_its_server() -> None:
    async def test(lab: MysqlLab) -> None:
        lab.apply("mysql-cluster.yaml", replicas=1)
        await lab.wait_ready("mysql-cluster-0")
        first = lab.pod("mysql-cluster-0")["metadata"]["uid"]
        await lab.query("mysql-cluster-0", "CREATE TABLE clusterdb.t (id INT PRIMARY KEY)")
        async with lab.connect("mysql-cluster-0") as connection:
            lab.sandbox.delete("Pod", "mysql-cluster-0")
            assert await connection._reader.read(100) == b""
        while lab.pod("mysql-cluster-0").get("metadata", {}).get("uid") in (None, first):
            await asyncio.sleep(0.1)
        await lab.wait_ready("mysql-cluster-0")
        assert await lab.query("mysql-cluster-0", "SELECT COUNT(*) FROM clusterdb.t") == [(0,)]

    in_cluster(test)


def test_an_option_that_it_does_not_know_ends_it_as_it_ends_mysqld() -> None:
    async def test(lab: MysqlLab) -> None:
        meta = {"name": "db", "namespace": "default"}
        container = {"name": "db", "image": "mysql:8.0", "args": ["mysqld", "--nonsense=1", "--loose-other=2"]}
        lab.create("Pod", metadata=meta, spec={"containers": [container], "restartPolicy": "Never"})
        while "terminated" not in str(lab.pod("db").get("status")):
            await asyncio.sleep(0.1)
        ended = lab.pod("db")["status"]["containerStatuses"][0]["state"]["terminated"]
        assert (ended["exitCode"], ended["message"]) == (7, "unknown variable 'nonsense=1'")

    in_cluster(test)
