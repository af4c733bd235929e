"""The shell of simulated containers does what real ones do."""

from __future__ import annotations

import asyncio
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kubesim.containers.container_lab import ContainerLab, in_lab

PYTHON = "python:3.11-slim"
SCRIPTS = {
    "lists": "true && echo a || echo b; false && echo c || echo d; ! false && echo e; echo $?",
    "quotes": """x='a  b'; echo $x "$x" '$x' "\\$x" a\\ b "it's" 'say "hi"' "`echo q`" """,
    "defaults": 'unset y; echo ${y:-d} ${y-e} "${y:=f}" $y ${y:+g} ${#y} ${z:+no}',
    "trim": "p=/a/b/c.txt; echo ${p##*/} ${p%/*} ${p#/} ${p%%/*}x ${p%.txt}",
    "for": 'for i in 0 1 2; do echo "n$i"; done; for w in "a b" c; do echo $w; done',
    "if": "if [ 1 = 2 ]; then echo no; elif test -n x; then echo yes; else echo else; fi",
    "if's status": "if (exit 7); then :; else echo $?; fi; if false; then :; fi; echo $?",
    "while": "i=0; while [ $i -lt 3 ]; do i=$((i + 1)); [ $i = 2 ] && continue; echo $i; done; echo end $i",
    "until": "i=5; until [ $i -le 3 ]; do i=$((i-1)); done; echo $i",
    "break": "for i in 1 2 3; do for j in 1 2 3; do [ $j = 2 ] && continue 2; [ $i = 3 ] && break 2; "
    "echo $i$j; done; done",
    "case": 'for w in a.sh b.py c; do case "$w" in *.sh) echo sh;; *.py|*.pyc) echo py;; *) echo other;; esac; done',
    "function": 'f() { echo "f $1 $#"; return 3; }; f a b; echo $?; g() { local v=1; echo $v; }; g',
    "substitution": 'n=$(echo a; echo b); echo "$n"; echo $(echo $(echo deep)); echo "$(echo "q  q")"',
    "arithmetic": "a=7; echo $((a * 2 + 1)) $(( (a + 1) / 2 )) $((a % 3)) $((a > 3 && a < 9))",
    "redirections": "echo x > /tmp/chaos-t; echo y >> /tmp/chaos-t; cat /tmp/chaos-t; cat < /tmp/chaos-t | wc -l; "
    "rm -f /tmp/chaos-t; ls /tmp/chaos-t > /dev/null 2>&1 || echo gone",
    "pipes": "printf 'b\\na\\nc\\n' | sort | head -n 2; "
    "printf '1\\n2\\n3\\n' | tail -n1 | grep -c 3; echo abc | grep -q b && echo found",
    "read": "printf 'a 1\\nb 2\\n' | while read name number; do echo $number$name; done",
    "subshell": "v=1; (v=2; echo $v; exit 4); echo $? $v; { v=3; echo $v; }; echo $v",
    "set -e": "set -e; false || true; if false; then :; fi; ! true; echo on; false; echo never",
    "exit in a function": "f() { exit 4; }; f; echo never",
    "positional": 'set -- a "b c" d; echo $# "$2"; for x; do echo "<$x>"; done; shift; echo "$@"; '
    'for x in "$@"; do echo $x; done',
    "here-document": "n=web; cat <<END\nhello $n\n  $((1+1))\nEND\ncat <<'END'\n$n\nEND\necho after",
    "comments": "echo a # no\n# nothing\necho b#c\n\n\necho 'd # e'",
    "newlines": "if true\nthen\n  echo x &&\n    echo y\nfi\nfor i in 1 2\ndo\necho $i\ndone",
    "environment": "X=1 env | grep ^X=; Y=2; env | grep -c ^Y=; export Y; env | grep ^Y=",
    "empty": 'x=; echo "[$x]" [$x]; for i in $x; do echo never; done; echo "" | wc -l',
    "syntax": "echo a; if true; then echo b",
    "eval": "c='echo hi there'; eval $c; command -v true > /dev/null && echo has; command -v nosuch || echo hasnt",
    "numbers": "[ 10 -gt 9 ] && [ 2 -le 2 ] && echo ok; [ a != b -a -z '' ] && echo both",
}
BASH_ONLY = {
    "braces": 'for i in {0..2}; do echo "m-$i"; done; echo a{b,c}d {3..1} "{0..2}"',
    "double brackets": '[[ a == a && b != c ]] && echo yes; [[ -z "" ]] && echo empty',
    "both streams": "ls /no/such/file &> /dev/null || echo quiet; cat <<< word",
}


async def run(lab: ContainerLab, shell: str, script: str) -> tuple[list[str], int | None]:
    """(what it printed, exit code)."""
    process = await lab.start(PYTHON, [shell, "-c", script])
    await asyncio.sleep(60)
    return [line.text for line in process.log.lines()], lab.exits[-1][1] if lab.exits else None


def really(shell: str, script: str) -> tuple[list[str], int]:
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=False, timeout=20)
    return (done.stdout + done.stderr).splitlines(), done.returncode


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_script_does_what_the_real_shell_does(name: str, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    expected, code = really(shell, SCRIPTS[name])

    async def test(lab: ContainerLab) -> None:
        found, ended = await run(lab, shell, SCRIPTS[name])
        if name == "syntax":
            assert found[-1].startswith(f"{shell}: syntax error")
        else:
            assert found == expected
        assert ended == code

    in_lab(test)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize("name", BASH_ONLY)
def test_bash_does_what_only_bash_does(name: str) -> None:
    expected, code = really("bash", BASH_ONLY[name])

    async def test(lab: ContainerLab) -> None:
        assert await run(lab, "bash", BASH_ONLY[name]) == (expected, code)

    in_lab(test)


def test_braces_are_no_range_in_sh() -> None:
    async def test(lab: ContainerLab) -> None:
        assert await run(lab, "sh", "for i in {0..2}; do echo $i; done") == (["{0..2}"], 0)

    in_lab(test)


def test_what_the_sandbox_leaves_out_is_said() -> None:
    async def test(lab: ContainerLab) -> None:
        found, code = await run(lab, "sh", "getopts ab: x")
        assert (found, code) == (["sh: the sandbox's shell does not know getopts"], 127)
        found, code = await run(lab, "bash", "set -m; echo never")
        assert (found, code) == (["bash: set: the sandbox's shell (bash) does not know the option 'm'"], 127)

    in_lab(test)


def test_an_endless_loop_that_waits_for_nothing_does_not_stop_the_clock() -> None:
    async def test(lab: ContainerLab) -> None:
        process = await lab.start(PYTHON, ["sh", "-c", "while :; do :; done"])
        await asyncio.sleep(5)
        process.kill()
        await asyncio.sleep(1)
        assert [code for _, code in lab.exits] == [137]

    in_lab(test)


@settings(max_examples=200)
@given(st.text(alphabet="ab '\"$(){}&|;<>=\n\\`", max_size=30))
def test_no_line_crashes_the_shell(line: str) -> None:
    async def test(lab: ContainerLab) -> None:
        _, code = await run(lab, "bash", line)
        assert code in range(256)

    in_lab(test)
