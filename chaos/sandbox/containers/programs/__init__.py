"""What runs inside containers to its end: one coroutine a program, `Call` → exit code.

To add one: a file here with ``async def NAME(call: Call) -> int``, a row in `PROGRAMS`, and the name among the programs
of the images that have it (`chaos.sandbox.containers.images`). Programs reach the network through `Call.inside`
(`open_udp`, `open_tcp`) and resolve names with `chaos.sandbox.containers.resolver.addresses`.
"""

from chaos.plugins import plugin
from chaos.sandbox.containers.programs import machine, processes, texts, words, wrappers
from chaos.sandbox.containers.programs.call import Call, Program
from chaos.sandbox.containers.programs.getent import getent
from chaos.sandbox.containers.programs.input import Input, NoTerminalError, Terminal
from chaos.sandbox.containers.programs.nginx import nginx
from chaos.sandbox.containers.programs.nslookup import nslookup
from chaos.sandbox.containers.programs.redis_cli import redis_cli
from chaos.sandbox.containers.programs.sh import sh
from chaos.sandbox.containers.programs.sleep import sleep
from chaos.sandbox.containers.programs.test import test
from chaos.sandbox.containers.programs.wget import wget

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
    "mysql": plugin("chaos.sandbox.containers.programs.mysql:mysql"),  # its libraries take 0.2 s to import
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
