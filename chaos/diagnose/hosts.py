"""Which words of a text are hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.diagnose.passages import Passage

_WORDS = r"(?:hosts?|seeds?|peers|servers?|addr(?:s|ess|esses)?|join)"
# What a text is for, where a value without a port is a host.
_KEY = re.compile(rf"(?:.*[\W_])?{_WORDS}|-h|--(?:replica|slave)of", re.IGNORECASE)
_ASSIGNED = re.compile(
    rf"(?:^|[\s,{{\"'-])(?:(?:[\w.-]*[\W_])?{_WORDS}[\"']?\s*[=:]|--[\w-]*{_WORDS}\s|-h\s?)\s*(?=(?P<value>.*))",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"\b(?:nslookup|getent (?:a?hosts\w*)|dig(?: \+\S+)*|telnet|(?:replica|slave)of|sentinel monitor \S+|"
    r"(?:ping|nc|ssh)(?: -\S+)*) +(?P<value>\S+)"
)
_IN_URL = re.compile(r"(?:://(?:[^\s/@,]*@)?|(?<=[\w:)}])@)(?P<value>[^\s/,;:\"'?<>|&]+)")
_WITH_PORT = re.compile(r"(?<![\w./$:-])(?P<value>[\w.$`{(][\w.${}()#*%-]*[\w})`]):\d{2,5}\b(?![.])")
_IN_XML = re.compile(r"<host(?:name)?>\s*(?P<value>[^\s<]+)")
# What Bitnami's Elasticsearch calls so are names of nodes.
_NO_HOSTS = re.compile(r".*MASTER_HOSTS", re.IGNORECASE)
_SEPARATED = re.compile(r"[\s,;]+")


def hosts(passage: Passage) -> Iterator[str]:
    """Words that stand where a host does: in a URL, before a port, after a lookup, in a list that is called so."""
    for pattern in (_IN_URL, _WITH_PORT, _ASKING, _IN_XML):
        for match in pattern.finditer(passage.line):
            yield match["value"].strip("\"'")
    if _KEY.fullmatch(passage.key) and not _NO_HOSTS.fullmatch(passage.key):
        yield from _listed(passage.line)
    for match in _ASSIGNED.finditer(passage.line):
        yield from _listed(match["value"])


def _listed(value: str) -> Iterator[str]:
    """The elements of a list, up to the first that is no host."""
    for word in _SEPARATED.split(value.strip().lstrip("[")):
        bare = word.strip("\"'[]").removesuffix(":")
        if not re.fullmatch(r"[\w.${}()#*`%-]+(:\d+)?", bare) or bare.startswith("-"):
            return
        yield bare.partition(":")[0]
