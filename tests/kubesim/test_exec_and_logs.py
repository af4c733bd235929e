"""Commands in simulated containers, their logs and their hooks, through the API as clients see it."""

from __future__ import annotations

import asyncio

import pytest

from chaos.cluster.logs import read_log
from chaos.errors import ApiError
from tests.kubesim.pods_lab import PodsLab, in_sandbox

BUSYBOX, NGINX, MYSQL = "busybox:1.35", "nginx:alpine", "mysql:8.0"
SLEEP = ["sleep", "3600"]


def web(lab: PodsLab) -> None:
    """A headless service with two pods that have names, and one with an address."""
    port = [{"port": 80, "name": "web"}]
    lab.create("Service", "h", spec={"clusterIP": "None", "selector": {"app": "h"}, "ports": port})
    lab.create("Service", "vip", spec={"clusterIP": "10.96.7.7", "selector": {"app": "h"}, "ports": port})
    line = "echo 'Hello from '$(hostname) > /usr/share/nginx/html/index.html && exec nginx -g 'daemon off;'"
    container = {"name": "nginx", "image": NGINX, "command": ["sh", "-c", line]}
    template = {"metadata": {"labels": {"app": "h"}}, "spec": {"containers": [container]}}
    selector = {"matchLabels": {"app": "h"}}
    spec = {"serviceName": "h", "replicas": 2, "selector": selector, "template": template}
    lab.create("StatefulSet", "h", spec={**spec, "podManagementPolicy": "Parallel"})


def test_a_command_has_its_streams_and_its_exit_code() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("box", BUSYBOX, SLEEP)
        await asyncio.sleep(5)
        done = await lab.run("box", "sh", "-c", "echo out; echo err >&2; exit 3")
        assert (done.code, done.stdout, done.stderr) == (3, "out", "err\n")
        assert (await lab.run("box", "hostname")).stdout == "box"

    in_sandbox(test)


def test_a_command_that_is_not_there_is_refused_as_containerd_does() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("box", BUSYBOX, SLEEP)
        lab.pod("db", MYSQL, SLEEP)
        await asyncio.sleep(5)
        for pod, command, why in (
            ("box", "nope", 'exec: "nope": executable file not found in $PATH: unknown'),
            ("box", "/bin/nope", 'exec: "/bin/nope": stat /bin/nope: no such file or directory: unknown'),
            ("db", "nslookup", 'exec: "nslookup": executable file not found in $PATH: unknown'),
        ):
            with pytest.raises(ApiError, match="OCI runtime exec failed") as caught:
                await lab.run(pod, command)
            assert caught.value.message.endswith(why)
            assert caught.value.reason == "InternalError"
        assert await lab.sh("db", "nslookup x") == ["sh: line 1: nslookup: command not found"]

    in_sandbox(test)


def test_what_cannot_be_reached_is_refused_before_or_after_the_upgrade() -> None:
    async def test(lab: PodsLab) -> None:
        lab.create("Pod", "two", spec={"containers": [{"name": n, "image": BUSYBOX, "command": SLEEP} for n in "ab"]})
        lab.pod("over", BUSYBOX, ["true"], restartPolicy="Never")
        await asyncio.sleep(5)
        for pod, container, status, words in (
            ("none", "", 404, ""),
            ("two", "", 400, ""),
            ("two", "c", 400, ""),
            ("over", "", 0, 'container not found ("main")'),
        ):
            with pytest.raises(ApiError) as caught:
                await lab.run(pod, "true", container=container)
            assert caught.value.status == status
            assert words in caught.value.message
        status, text = await lab.get("two/exec?container=a&command=ls&stdout=true")
        assert status == 400
        assert '"message":"Upgrade request required","reason":"BadRequest"' in text

    in_sandbox(test)


def test_a_command_dies_with_its_container() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("box", BUSYBOX, ["sleep", "20"], restartPolicy="Never")
        await asyncio.sleep(5)
        assert (await lab.run("box", "sleep", "25")).code == 137

    in_sandbox(test)


def test_pods_see_the_files_that_the_kubelet_writes() -> None:
    async def test(lab: PodsLab) -> None:
        web(lab)
        lab.pod("box", BUSYBOX, SLEEP)
        lab.pod("own", BUSYBOX, SLEEP, dnsPolicy="None", dnsConfig={"nameservers": ["10.96.0.10"], "searches": ["x.y"]})
        await asyncio.sleep(8)
        assert await lab.sh("box", "cat /etc/resolv.conf") == [
            "search default.svc.cluster.local svc.cluster.local cluster.local",
            "nameserver 10.96.0.10",
            "options ndots:5",
        ]
        assert await lab.sh("own", "cat /etc/resolv.conf") == ["search x.y", "nameserver 10.96.0.10"]
        assert await lab.sh("box", "hostname -f") == ["box"]
        assert await lab.sh("h-0", "hostname -f; grep h-0 /etc/hosts") == [
            "h-0.h.default.svc.cluster.local",
            f"{lab.status('h-0')['podIP']}\th-0.h.default.svc.cluster.local\th-0",
        ]
        assert "VIP_SERVICE_HOST=10.96.7.7" in await lab.sh("h-0", "env")

    in_sandbox(test)


def test_nslookup_says_what_busybox_says() -> None:
    """The texts are those of busybox 1.35 on a real cluster; the order of answers is that of their arrival."""

    async def test(lab: PodsLab) -> None:
        web(lab)
        lab.pod("box", BUSYBOX, SLEEP)
        await asyncio.sleep(8)
        head = "Server:\t\t10.96.0.10\nAddress:\t10.96.0.10:53\n\n"
        found = await lab.run("box", "nslookup", "kubernetes.default.svc.cluster.local")
        parts = ["Name:\tkubernetes.default.svc.cluster.local\nAddress: 10.96.0.1\n\n", "\n"]
        assert found.stdout + "\n" in (head + "".join(parts), head + "".join(reversed(parts)))
        assert found.code == 0
        dotted = await lab.run("box", "nslookup", "h-0.h")
        assert dotted.stdout == f"{head}** server can't find h-0.h: NXDOMAIN\n\n** server can't find h-0.h: NXDOMAIN\n"
        assert dotted.code == 1
        bare = await lab.run("box", "nslookup", "vip")
        assert sorted(bare.stdout.removeprefix(head).split("\n")) == sorted(
            ["** server can't find vip.svc.cluster.local: NXDOMAIN", ""] * 2
            + ["** server can't find vip.cluster.local: NXDOMAIN", ""] * 2
            + ["Name:\tvip.default.svc.cluster.local", "Address: 10.96.7.7", "", ""]
        )
        assert bare.code == 1
        back = await lab.run("box", "nslookup", "10.96.7.7")
        assert back.stdout == f"{head}7.7.96.10.in-addr.arpa\tname = vip.default.svc.cluster.local\n"

    in_sandbox(test)


def test_names_are_searched_for_as_the_c_library_does() -> None:
    async def test(lab: PodsLab) -> None:
        web(lab)
        lab.pod("box", BUSYBOX, SLEEP)
        lab.pod("db", MYSQL, SLEEP)
        await asyncio.sleep(8)
        for name in (
            "h-0.h",
            "h-0.h.default.svc",
            "h-0.h.default.svc.cluster.local",
            "h-0.h.default.svc.cluster.local.",
        ):
            assert await lab.sh("box", f"wget -qO- {name}") == ["Hello from h-0"]
        assert await lab.sh("box", "wget -qO- h-7.h") == ["wget: bad address 'h-7.h'"]
        assert (await lab.sh("box", "wget -qO- vip"))[0] in ("Hello from h-0", "Hello from h-1")
        address = lab.status("h-0")["podIP"]
        assert await lab.sh("db", "getent hosts h-0.h") == [f"{address:<15} h-0.h.default.svc.cluster.local"]
        assert await lab.sh("db", "getent hosts example.com") == ["203.0.113.10    example.com"]
        assert (await lab.run("db", "getent", "hosts", "example.org")).code == 2

    in_sandbox(test)


def test_logs_are_what_main_processes_print() -> None:
    async def test(lab: PodsLab) -> None:
        init = [{"name": "first", "image": BUSYBOX, "command": ["sh", "-c", "echo before"]}]
        lab.pod(
            "talks", BUSYBOX, ["sh", "-c", "echo one; echo two >&2; printf partial; sleep 3600"], initContainers=init
        )
        lab.pod("crash", BUSYBOX, ["sh", "-c", "echo run $(cat /etc/hostname); sleep 1; nope"])
        lab.pod("absent", "nosuch:1")
        await asyncio.sleep(9)
        assert await read_log(lab.cluster, "default", "talks") == "one\ntwo\n"
        with pytest.raises(ApiError, match='pods "none" not found'):
            await read_log(lab.cluster, "default", "none")
        assert await lab.get("talks/log?tailLines=1") == (200, "two\n")
        assert await lab.get("talks/log?container=first") == (200, "before\n")
        assert (await lab.get("talks/log?timestamps=true"))[1].splitlines()[0].startswith("2026-01-01T00:00:")
        assert await lab.get("crash/log") == (200, "run crash\nsh: nope: not found\n")
        assert await lab.get("crash/log?previous=true") == (200, "run crash\nsh: nope: not found\n")
        for path, status, message in (
            ("talks/log?previous=true", 400, 'previous terminated container "main" in pod "talks" not found'),
            ("talks/log?container=zz", 400, "container zz is not valid for pod talks"),
            ("absent/log", 400, 'container "main" in pod "absent" is waiting to start: '),
            ("talks/log?tailLines=-1", 422, "tailLines: Invalid value: -1: must be greater than or equal to 0"),
            ("talks/log?tailLines=x", 400, "strconv.ParseInt: parsing"),
            ("none/log", 404, "pods "),
        ):
            found, text = await lab.get(path)
            assert found == status
            assert message in text.replace('\\"', '"')

    in_sandbox(test)


def test_following_a_log_goes_on_until_the_container_ends() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("counts", BUSYBOX, ["sh", "-c", "for i in 1 2 3; do echo $i; sleep 10; done"], restartPolicy="Never")
        await asyncio.sleep(5)
        begun_s = asyncio.get_running_loop().time()
        assert await lab.get("counts/log?follow=true") == (200, "1\n2\n3\n")
        assert 20 < asyncio.get_running_loop().time() - begun_s < 30

    in_sandbox(test)


def test_a_mounted_script_runs_after_start_and_its_output_is_in_no_log() -> None:
    async def test(lab: PodsLab) -> None:
        web(lab)
        script = (
            "#!/bin/bash\nfor i in {0..2}; do\n  host=h-$i.h.default.svc.cluster.local\n"
            '  if getent hosts "$host" > /dev/null 2>&1; then echo "found $host"\n'
            '  else echo "not found $host"; fi\ndone\n'
        )
        lab.create("ConfigMap", "scripts", data={"discover.sh": script})
        volumes = [{"name": "s", "configMap": {"name": "scripts"}}]
        mounts = [{"name": "s", "mountPath": "/scripts"}]
        hook = {"postStart": {"exec": {"command": ["/bin/bash", "-c", "bash /scripts/discover.sh > /tmp/found"]}}}
        container = {"volumeMounts": mounts, "lifecycle": hook}
        await asyncio.sleep(8)
        lab.pod("db", MYSQL, SLEEP, volumes=volumes, container=container)
        await asyncio.sleep(5)
        assert await lab.sh("db", "cat /tmp/found") == [
            "found h-0.h.default.svc.cluster.local",
            "found h-1.h.default.svc.cluster.local",
            "not found h-2.h.default.svc.cluster.local",
        ]
        assert await lab.get("db/log") == (200, "")

    in_sandbox(test)


def test_a_container_is_ready_only_after_its_hook_and_a_failing_hook_ends_it() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("slow", BUSYBOX, SLEEP, container={"lifecycle": {"postStart": {"exec": {"command": ["sleep", "30"]}}}})
        bad = {"exec": {"command": ["sh", "-c", "exit 3"]}}
        lab.pod("bad", BUSYBOX, SLEEP, container={"lifecycle": {"postStart": bad}})
        await asyncio.sleep(20)
        assert lab.status("slow")["phase"] == "Pending"
        await asyncio.sleep(15)
        assert lab.status("slow")["phase"] == "Running"
        assert "FailedPostStartHook" in lab.events("bad")
        assert lab.status("bad")["containerStatuses"][0]["restartCount"] >= 1

    in_sandbox(test)


def test_a_pre_stop_command_runs_before_sigterm_within_the_grace_period() -> None:
    async def test(lab: PodsLab) -> None:
        hook = {"preStop": {"exec": {"command": ["sleep", "4"]}}}
        lab.pod("polite", NGINX, container={"lifecycle": hook}, terminationGracePeriodSeconds=20)
        await asyncio.sleep(5)
        begun_s = asyncio.get_running_loop().time()
        await lab.cluster.delete("Pod", "polite", "default")
        while lab.status("polite"):
            await asyncio.sleep(0.1)
        assert 4 < asyncio.get_running_loop().time() - begun_s < 6

    in_sandbox(test)


def test_time_limits_and_last_lines_are_kept() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("box", BUSYBOX, SLEEP)
        await asyncio.sleep(5)
        assert (await lab.run("box", "timeout", "1", "sleep", "5")).code == 143
        assert (await lab.run("box", "timeout", "3", "hostname")).stdout == "box"
        assert await lab.sh("box", "time sleep 2") == ["real\t0m 2.00s", "user\t0m 0.00s", "sys\t0m 0.00s"]
        assert await lab.sh("box", "which wget nope") == ["/bin/wget"]
        assert (await lab.run("box", "printf", "no end")).stdout == "no end"

    in_sandbox(test)


def test_attaching_shows_what_is_written_from_then_on_and_how_it_ends() -> None:
    async def test(lab: PodsLab) -> None:
        line = "for i in 1 2 3; do echo $i; sleep 10; done"
        lab.pod("counts", BUSYBOX, ["sh", "-c", line], restartPolicy="Never", container={"stdin": True, "tty": True})
        await asyncio.sleep(5)
        out, status = await lab.stream("counts/attach?stdout=true&stdin=true&tty=true")
        assert (out, status["status"]) == ("2\n3\n", "Success")
        _, status = await lab.stream("counts/attach?stdout=true")
        assert 'container not found ("main")' in status["message"]

    in_sandbox(test)


def test_a_shell_that_would_be_typed_at_waits_and_is_refused_by_name() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("idle", BUSYBOX, container={"stdin": True, "tty": True})
        lab.pod("once", MYSQL, ["bash"], container={"stdin": True, "stdinOnce": True}, restartPolicy="Never")
        lab.pod("box", BUSYBOX, SLEEP)
        await asyncio.sleep(30)
        assert [lab.status(pod)["phase"] for pod in ("idle", "once")] == ["Running", "Running"]
        for path in (
            "idle/attach?stdin=true&stdout=true",
            "once/attach?stdin=true&stdout=true",
            "box/exec?command=sh&stdin=true&stdout=true&tty=true",
            "box/exec?command=cat&stdin=true&stdout=true&tty=true",
        ):
            pod = path.partition("/")[0]
            _, status = await lab.stream(path)
            assert (status["code"], status["reason"]) == (501, "NotImplemented")
            assert f"name the command, as in `kubectl exec {pod} -- COMMAND`" in status["message"]
        await asyncio.sleep(5)
        assert [lab.status(pod)["phase"] for pod in ("idle", "once")] == ["Running", "Failed"]
        assert (await lab.get("once/log"))[1].startswith("the sandbox has no terminal to type at")
        assert (await lab.stream("box/exec?command=hostname&stdin=true&stdout=true&tty=true"))[0] == "box\n"

    in_sandbox(test)


def test_a_hook_may_be_a_request_to_the_pod() -> None:
    async def test(lab: PodsLab) -> None:
        for name, port in (("good", 80), ("bad", 81)):
            hook = {"postStart": {"httpGet": {"port": port, "path": "/"}}}
            lab.pod(name, NGINX, container={"lifecycle": hook}, restartPolicy="Never")
        hook = {"preStop": {"httpGet": {"port": 81}}}
        lab.pod("ends", NGINX, container={"lifecycle": hook})
        await asyncio.sleep(5)
        assert [lab.status(pod)["phase"] for pod in ("good", "bad")] == ["Running", "Failed"]
        assert "FailedPostStartHook" in lab.events("bad")
        await lab.cluster.delete("Pod", "ends", "default")
        await asyncio.sleep(3)
        assert "FailedPreStopHook" in lab.events("ends")
        assert lab.status("ends") == {}

    in_sandbox(test)


def test_a_pod_with_the_nodes_resolver_knows_the_world_and_not_the_cluster() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("box", BUSYBOX, SLEEP, dnsPolicy="Default")
        await asyncio.sleep(5)
        assert "Address: 203.0.113.10" in await lab.sh("box", "nslookup example.com")
        denied = await lab.sh("box", "nslookup kubernetes.default.svc.cluster.local")
        assert any("NXDOMAIN" in line for line in denied)

    in_sandbox(test)
