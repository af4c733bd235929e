"""What runs inside containers to its end: one coroutine a program, `Call` → exit code.

To add one: a file here with ``async def NAME(call: Call) -> int``, a row in `PROGRAMS`, and the name among the programs
of the images that have it (`kubesim.containers.images`). Programs reach the network through `Call.inside`
(`open_udp`, `open_tcp`) and resolve names with `kubesim.containers.resolver.addresses`.
"""

from kubesim.containers.programs import machine, processes, texts, words, wrappers
from kubesim.containers.programs.call import Call, Program
from kubesim.containers.programs.getent import getent
from kubesim.containers.programs.input import Input, NoTerminalError, Terminal
from kubesim.containers.programs.nginx import nginx
from kubesim.containers.programs.nslookup import nslookup
from kubesim.containers.programs.redis_cli import redis_cli
from kubesim.containers.programs.sh import sh
from kubesim.containers.programs.sleep import sleep
from kubesim.containers.programs.test import test
from kubesim.containers.programs.wget import wget
from kubesim.late import late

PROGRAMS: dict[str, Program] = {
    "[": test,
    "ash": sh,
    "bash": sh,
    "cat": texts.cat,
    "chmod": texts.nothing,
    "chown": texts.nothing,
    "dash": sh,
    "date": words.date,
    "echo": words.echo,
    "env": wrappers.env,
    "false": words.false,
    "getent": getent,
    "grep": texts.grep,
    "head": texts.head,
    "hostname": machine.hostname,
    "kill": processes.kill_program,
    "killall": processes.killall,
    "ls": texts.ls,
    "mkdir": texts.mkdir,
    "mysql": late("kubesim.containers.programs.mysql:mysql"),  # its libraries take 0.2 s to import
    "nginx": nginx,
    "nslookup": nslookup,
    "pidof": processes.pidof,
    "printf": words.printf,
    "printenv": wrappers.printenv,
    "pwd": machine.pwd,
    "redis-cli": redis_cli,
    "rm": texts.rm,
    "seq": words.seq,
    "sh": sh,
    "sleep": sleep,
    "sort": texts.sort,
    "tail": texts.tail,
    "tee": texts.tee,
    "test": test,
    "time": wrappers.time,
    "timeout": wrappers.timeout,
    "touch": texts.touch,
    "true": words.true,
    "wc": texts.wc,
    "wget": wget,
    "which": wrappers.which,
    "whoami": machine.whoami,
    "yes": words.yes,
}

__all__ = ["PROGRAMS", "Call", "Input", "NoTerminalError", "Program", "Terminal"]
