"""A replica finds its source by its name in cluster DNS, and follows it."""

from __future__ import annotations

import asyncio

from tests.kubesim.mysql.mysql_lab import MysqlLab, in_cluster

PODS = ("mysql-cluster-0", "mysql-cluster-1")
SOURCE = (
    "CHANGE MASTER TO MASTER_HOST='mysql-cluster-0.mysql-cluster', MASTER_USER='repl', MASTER_PASSWORD='secret', "
    "MASTER_CONNECT_RETRY=1"
)


async def set_up(lab: MysqlLab) -> None:
    lab.apply("mysql-cluster.yaml", replicas=2)
    await lab.wait_ready(*PODS)
    await lab.query(PODS[0], "CREATE USER 'repl'@'%' IDENTIFIED BY 'secret'")
    await lab.query(PODS[0], "GRANT REPLICATION SLAVE ON *.* TO 'repl'@'%'")
    await lab.query(PODS[0], "CREATE TABLE clusterdb.notes (id INT PRIMARY KEY AUTO_INCREMENT, note VARCHAR(50))")
    await lab.query(PODS[1], SOURCE)
    await lab.query(PODS[1], "START SLAVE")


async def status(lab: MysqlLab, word: str = "SLAVE") -> dict[str, object]:
    async with lab.connect(PODS[1]) as connection, connection.cursor() as cursor:
        await cursor.execute(f"SHOW {word} STATUS")
        (row,) = await cursor.fetchall()
        return dict(zip((column[0] for column in cursor.description), row, strict=True))


def test_a_row_written_at_the_source_is_read_at_the_replica() -> None:
    async def test(lab: MysqlLab) -> None:
        await set_up(lab)
        await lab.query(PODS[0], "INSERT INTO clusterdb.notes (note) VALUES (@@hostname)")
        await asyncio.sleep(0.1)
        assert await lab.query(PODS[1], "SELECT * FROM clusterdb.notes") == [(1, "mysql-cluster-0")]
        found = await status(lab)
        assert (found["Slave_IO_Running"], found["Slave_SQL_Running"], found["Master_Server_Id"]) == ("Yes", "Yes", 100)
        (at,) = await lab.query(PODS[0], "SHOW MASTER STATUS")
        assert at[:2] == (found["Master_Log_File"], found["Read_Master_Log_Pos"])
        assert (await status(lab, "REPLICA"))["Source_Host"] == "mysql-cluster-0.mysql-cluster"

    in_cluster(test)


def test_it_finds_the_source_again_at_its_new_address() -> None:
    async def test(lab: MysqlLab) -> None:
        await set_up(lab)
        old = lab.pod(PODS[0])["metadata"]["uid"]
        lab.sandbox.delete("Pod", PODS[0])
        async with asyncio.timeout(5):  # a preStop sleep of 2 s, and a retry each second
            while (lost := await status(lab))["Last_IO_Errno"] != 2005:  # unknown host: its name is gone from DNS
                await asyncio.sleep(0.1)
        assert lost["Slave_IO_Running"] == "Connecting"
        while lab.pod(PODS[0]).get("metadata", {}).get("uid") in (None, old):
            await asyncio.sleep(0.1)
        await lab.wait_ready(PODS[0])
        await lab.query(PODS[0], "INSERT INTO clusterdb.notes (note) VALUES ('after')")
        await asyncio.sleep(3)
        assert (await status(lab))["Slave_IO_Running"] == "Yes"
        assert await lab.query(PODS[1], "SELECT note FROM clusterdb.notes") == [("after",)]

    in_cluster(test)


def test_a_source_with_the_same_id_or_a_wrong_password_is_an_error_in_its_status() -> None:
    async def test(lab: MysqlLab) -> None:
        await set_up(lab)
        await lab.query(PODS[1], "STOP SLAVE")
        await lab.query(
            PODS[1],
            SOURCE.replace("mysql-cluster-0", "mysql-cluster-1")
            .replace("repl'", "root'")
            .replace("secret", "cluster-password"),
        )
        await lab.query(PODS[1], "START SLAVE")
        await asyncio.sleep(0.5)
        assert (await status(lab))["Last_IO_Errno"] == 13117
        await lab.query(PODS[1], "STOP SLAVE")
        await lab.query(PODS[1], SOURCE.replace("secret", "wrong"))
        await lab.query(PODS[1], "START SLAVE")
        await asyncio.sleep(0.5)
        assert (await status(lab))["Last_IO_Errno"] == 1045

    in_cluster(test)
