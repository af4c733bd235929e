"""ConfigMaps and Secrets in a container's environment and volumes, there and missing."""

from __future__ import annotations

import asyncio
import base64

import pytest

from kubesim.store import StoreError
from tests.kubesim.pods_lab import PodsLab, in_sandbox
from tests.kubesim.test_probes import main_status, messages

BUSYBOX = "busybox:1.35"
SLEEP = ["sleep", "3600"]


def env(name: str, kind: str, of: str, key: str, *, optional: bool = False) -> dict[str, object]:
    reference = {"name": of, "key": key, **({"optional": True} if optional else {})}
    return {"name": name, "valueFrom": {f"{kind}KeyRef": reference}}


def test_variables_come_from_config_maps_and_secrets() -> None:
    async def test(lab: PodsLab) -> None:
        lab.create("ConfigMap", "conf", data={"mode": "fast", "PORT": "80"})
        lab.create("Secret", "pass", stringData={"word": "geheim"})
        rows = [
            env("MODE", "configMap", "conf", "mode"),
            env("WORD", "secret", "pass", "word"),
            env("NOT", "configMap", "none", "x", optional=True),
            env("NOR", "configMap", "conf", "x", optional=True),
            {"name": "PORT", "value": "81"},
            {"name": "BOTH", "value": "$(MODE)-$(WORD)-$(C_mode)"},
            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
        ]
        whole = [
            {"prefix": "C_", "configMapRef": {"name": "conf"}},
            {"configMapRef": {"name": "conf"}},
            {"secretRef": {"name": "pass"}},
            {"secretRef": {"name": "none", "optional": True}},
        ]
        lab.pod("p", BUSYBOX, ["sh", "-c", "echo $(C_PORT); sleep 3600"], container={"env": rows, "envFrom": whole})
        await asyncio.sleep(5)
        line = "echo $MODE $WORD [$NOT$NOR] $PORT $C_PORT $word $NODE; echo $BOTH"
        # $(VAR) in a value knows the variables of `env` alone
        assert await lab.sh("p", line) == ["fast geheim [] 81 80 geheim 172.30.0.11", "fast-geheim-$(C_mode)"]
        assert (await lab.get("p/log"))[1] == "80\n"

    in_sandbox(test)


def test_what_is_missing_holds_back_the_container_until_it_is_there() -> None:
    async def test(lab: PodsLab) -> None:
        lab.create("ConfigMap", "conf", data={"a": "b"})
        lab.pod("map", BUSYBOX, SLEEP, container={"env": [env("A", "configMap", "later", "a")]})
        lab.pod("key", BUSYBOX, SLEEP, container={"env": [env("A", "configMap", "conf", "k")]})
        lab.pod("secret", BUSYBOX, SLEEP, container={"envFrom": [{"secretRef": {"name": "later"}}]})
        await asyncio.sleep(5)
        for pod, why in (
            ("map", 'configmap "later" not found'),
            ("key", "couldn't find key k in ConfigMap default/conf"),
            ("secret", 'secret "later" not found'),
        ):
            waiting = main_status(lab, pod)["state"]["waiting"]
            assert waiting == {"reason": "CreateContainerConfigError", "message": why}
            assert messages(lab, pod, "Failed") == [f"Error: {why}"]
            assert lab.status(pod)["phase"] == "Pending"
        lab.create("ConfigMap", "later", data={"a": "b"})
        lab.create("Secret", "later", data={})
        await asyncio.sleep(20)
        assert [lab.status(pod)["phase"] for pod in ("map", "key", "secret")] == ["Running", "Pending", "Running"]
        assert main_status(lab, "map")["restartCount"] == 0

    in_sandbox(test)


def test_secrets_are_mounted_and_their_absence_is_told() -> None:
    async def test(lab: PodsLab) -> None:
        volumes = [
            {"name": "s", "secret": {"secretName": "tls"}},
            {
                "name": "all",
                "projected": {"sources": [{"secret": {"name": "tls", "items": [{"key": "k", "path": "q"}]}}]},
            },
        ]
        mounts = [{"name": "s", "mountPath": "/s"}, {"name": "all", "mountPath": "/all"}]
        lab.pod("p", BUSYBOX, SLEEP, volumes=volumes, container={"volumeMounts": mounts})
        await asyncio.sleep(5)
        assert main_status(lab, "p")["state"]["waiting"]["reason"] == "ContainerCreating"
        assert messages(lab, "p", "FailedMount") == ['MountVolume.SetUp failed for volume "s" : secret "tls" not found']
        lab.create("Secret", "tls", data={"k": base64.b64encode(b"key").decode()})
        await asyncio.sleep(5)
        assert await lab.sh("p", "cat /s/k; echo; cat /all/q") == ["key", "key"]

    in_sandbox(test)


def test_a_secret_is_kept_as_data_of_a_type_that_never_changes() -> None:
    async def test(lab: PodsLab) -> None:
        made = lab.create("Secret", "s", data={"a": "YQ=="}, stringData={"b": "b"})
        assert (made["type"], made["data"]) == ("Opaque", {"a": "YQ==", "b": "Yg=="})
        assert "stringData" not in made
        for change, why in (
            ({"type": "kubernetes.io/tls"}, 'type: Invalid value: "kubernetes.io/tls": field is immutable'),
            ({"data": {"a b": "YQ=="}}, "data[a b]: Invalid value"),
        ):
            with pytest.raises(StoreError) as caught:
                lab.sandbox.api.registry.update("Secret", {**made, **change})
            assert (caught.value.reason, why in caught.value.message) == ("Invalid", True)
        with pytest.raises(StoreError, match=r"data\[tls.crt\]: Required value"):
            lab.create("Secret", "t", type="kubernetes.io/tls", data={"tls.key": ""})
        fixed = lab.create("Secret", "f", data={"a": "YQ=="}, immutable=True)
        with pytest.raises(StoreError, match="field is immutable when `immutable` is set"):
            lab.sandbox.api.registry.update("Secret", {**fixed, "data": {}})

    in_sandbox(test)


def test_a_pod_on_the_hosts_network_has_its_nodes_name() -> None:
    async def test(lab: PodsLab) -> None:
        lab.pod("host", BUSYBOX, SLEEP, hostNetwork=True, hostname="mine", nodeName="node-2")
        lab.pod("full", BUSYBOX, SLEEP, subdomain="sub", setHostnameAsFQDN=True)
        await asyncio.sleep(5)
        assert await lab.sh("host", "hostname; echo $HOSTNAME; cat /etc/hostname") == ["node-2"] * 3
        hosts = await lab.sh("host", "cat /etc/hosts /etc/resolv.conf")
        assert hosts[0] == "# Kubernetes-managed hosts file (host network)."
        assert "172.30.0.12\tnode-2" in hosts
        assert not [line for line in hosts if "cluster.local" in line or "mine" in line]
        assert await lab.sh("full", "hostname") == ["full.sub.default.svc.cluster.local"]

    in_sandbox(test)
