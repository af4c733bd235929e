"""The fixtures that kubesim gives to tests of other projects; each case here is such a test."""

from __future__ import annotations

import pytest

import kubesim

pytest_plugins = ["pytester"]

# Else each run within this process would import its own, and other tests would meet classes of both.
assert all(getattr(kubesim, name) is not None for name in kubesim.__all__)
_HEAD = "import asyncio\nimport pytest\nimport kubesim\n\n"
_MANIFEST = "{'apiVersion': 'v1', 'kind': 'ConfigMap', 'metadata': {'name': 'settings'}}"


def outcome_of(pytester: pytest.Pytester, test: str) -> pytest.RunResult:
    """Run a test file of another project, in this process."""
    pytester.makepyfile(_HEAD + test)
    pytester.makeini("[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function")
    # By name, since what is installed here may be older than its entry point.
    return pytester.runpytest_inprocess("-p", "kubesim.pytest_plugin", "-p", "no:cacheprovider")


def test_a_story_is_told_on_a_cluster_of_its_own_in_virtual_time(pytester: pytest.Pytester) -> None:
    """The mark says which; a function's counts before its module's."""
    test = f"""
pytestmark = pytest.mark.kubesim(seed=7, token="secret")

@pytest.mark.kubesim(seed=8)
def test_story(kubesim_run):
    async def story(cluster):
        assert (cluster.delays.seed, cluster.url) == (8, "http://sandbox.local")
        await cluster.apply({_MANIFEST})
        await asyncio.sleep(600)
        return cluster.clock.wall().isoformat()
    assert kubesim_run(story).startswith("2026-01-01T00:10:0")
"""
    outcome_of(pytester, test).assert_outcomes(passed=1)


def test_an_async_test_has_a_cluster_on_its_own_loop(pytester: pytest.Pytester) -> None:
    """In real time, since that is what pytest-asyncio's loop has."""
    test = f"""
@pytest.mark.kubesim(overrides={{"coredns_start": (0, 0), "kubelet_sandbox": (0, 0), "kubelet_relist": (0.05, 0.05)}})
async def test_cluster(kubesim_cluster, tmp_path):
    await kubesim_cluster.apply({_MANIFEST})
    assert kubesim_cluster.write_kubeconfig(tmp_path / "kubeconfig").stat().st_mode & 0o777 == 0o600
    assert kubesim_cluster.url.startswith("http://127.0.0.1:")
"""
    outcome_of(pytester, test).assert_outcomes(passed=1)


def test_a_test_that_forgets_to_stop_its_cluster_fails_and_says_where(pytester: pytest.Pytester) -> None:
    """The test after it is not blamed."""
    test = """
def test_forgets():
    async def main():
        await kubesim.Cluster().start()
    kubesim.run_virtual(main())

def test_does_not():
    pass
"""
    result = outcome_of(pytester, test)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.re_match_lines(
        [r"a simulated cluster was started at .*\.py:8 and never stopped; use `async with kubesim.Cluster\(\.\.\.\)"]
    )


def test_a_story_that_waits_for_what_never_comes_ends(pytester: pytest.Pytester) -> None:
    """A cluster works for ever in virtual time, so the loop alone would never find out."""
    test = """
@pytest.mark.kubesim(within_s=60)
def test_waits(kubesim_run):
    kubesim_run(lambda cluster: asyncio.Event().wait())
"""
    result = outcome_of(pytester, test)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*TimeoutError: the test did not end within 60 s of the cluster's time*"])


def test_what_cannot_be_run_is_told_with_what_to_write(pytester: pytest.Pytester) -> None:
    test = """
async def story(cluster):
    pass

async def no_argument():
    pass

async def test_async(kubesim_run):
    kubesim_run(story)

def test_called(kubesim_run):
    kubesim_run(story(None))

def test_without_argument(kubesim_run):
    kubesim_run(no_argument)

def test_lambda(kubesim_run):
    kubesim_run(lambda cluster: cluster.objects("Pod"))

def test_no_story(kubesim_run):
    kubesim_run("story")

@pytest.mark.kubesim(sed=3)
def test_mark(kubesim_run):
    kubesim_run(story)

@pytest.mark.kubesim(within_s="soon")
def test_time(kubesim_run):
    kubesim_run(story)
"""
    result = outcome_of(pytester, test)
    result.assert_outcomes(failed=5, errors=2)
    for told in (
        "*kubesim_run in an async test*",
        "*do not call it: kubesim_run(story)*",
        "*no_argument* cannot be given the cluster: too many positional arguments*",
        "*and nothing to await*",
        "*given no story: 'story'*",
        "*has no argument 'sed'; did you mean 'seed'?*",
        "*within_s of pytest.mark.kubesim is no number of seconds: 'soon'*",
    ):
        result.stdout.fnmatch_lines([told])


def test_arguments_of_the_mark_have_names(pytester: pytest.Pytester) -> None:
    test = """
@pytest.mark.kubesim(1)
def test_story(kubesim_run):
    pass
"""
    result = outcome_of(pytester, test)
    result.stdout.fnmatch_lines(["*pytest.mark.kubesim takes arguments by name, such as kubesim(seed=1)*"])
