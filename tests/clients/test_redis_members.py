"""CLUSTER NODES, read as a real member (7.0.15, with announced hostnames) writes it."""

from __future__ import annotations

from chaos.clients.redis_members import Member, read_members

_BASE = "redis-cluster-internal.shop.svc.cluster.local"
_TEXT = f"""\
b0 10.244.2.30:6379@16379,redis-cluster-4.{_BASE} slave a0 0 1795632988060 1 connected
a0 10.244.2.29:6379@16379,redis-cluster-0.{_BASE} myself,master - 0 1795632988000 1 connected 0-5460 7000 [93->-c0]
c0 10.244.1.32:6379@16379,redis-cluster-1.{_BASE} master,fail? - 0 1795632987557 2 connected 5461-6999
d0 :0@0,redis-cluster-9.{_BASE} master,noaddr - 0 1795632987557 0 disconnected
e0 10.244.1.33:6379@16379 slave a0 0 1795632988060 1 connected
"""


def test_each_line_is_a_member_with_its_name_address_and_slots() -> None:
    replica, master, doubted, lost, nameless = read_members(_TEXT)
    assert replica == Member("b0", "10.244.2.30", f"redis-cluster-4.{_BASE}", ("slave",), "a0", ())
    assert master == Member("a0", "10.244.2.29", f"redis-cluster-0.{_BASE}", ("master",), "", ((0, 5460), (7000, 7000)))
    assert (master.pod, master.is_master, master.failing) == ("redis-cluster-0", True, False)
    assert (doubted.failing, replica.failing) == (True, False)
    assert (lost.address, lost.pod) == ("", "redis-cluster-9")
    assert (nameless.hostname, nameless.pod) == ("", "")


def test_a_slot_is_owned_by_whose_ranges_it_lies_in() -> None:
    _, master, doubted, *_ = read_members(_TEXT)
    owned = {slot: master.owns(slot) for slot in (0, 5460, 5461, 7000)}
    assert owned == {0: True, 5460: True, 5461: False, 7000: True}
    assert doubted.owns(5461)


def test_what_is_no_line_is_no_member() -> None:
    assert read_members("\nERR This instance has cluster support disabled\n") == ()
