"""The questions of the course unit, word for word, in its order: the list that docs/questions.md is counted against."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chaos.experiment import CourseQuestion, Question, Reading, UsageError

_ANALYSIS, _REFLECTION = "analysis", "reflection"
_PARTS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Pre-Unit Networking Foundation Check",
        _REFLECTION,
        (
            ("lookups-told", "What did the DNS lookups tell you about how pods resolve names?"),
            ("replica-finds-primary", "How do you think a database replica might find its primary server?"),
            ("names-changed", "What challenges would arise if database server names changed frequently?"),
        ),
    ),
    (
        "Experiment 1: Regular Service Behavior",
        _ANALYSIS,
        (
            ("service-ip", "What IP did the service DNS lookup return?"),
            ("individual-names", "Could you resolve individual pod names?"),
            (
                "specific-primary",
                "How would this impact a database cluster where replicas need to connect to a specific primary?",
            ),
        ),
    ),
    (
        "Experiment 2: The Headless Service Solution",
        _ANALYSIS,
        (
            ("headless-change", "How did the DNS response change with the headless service?"),
            ("several-addresses", "What advantage does getting multiple IP addresses provide?"),
            ("not-sufficient", "Why is this still not sufficient for StatefulSet needs?"),
        ),
    ),
    (
        "Lab: Complete StatefulSet Networking",
        _ANALYSIS,
        (
            ("name-pattern", "What pattern do the individual pod DNS names follow?"),
            ("pod-against-service", "How do the responses differ between individual pods and the headless service?"),
            ("why-stable", "Why is this stable naming crucial for stateful applications?"),
        ),
    ),
    (
        "Persistence of Network Identity",
        _ANALYSIS,
        (
            ("same-name", "Did web-1 get the same name after recreation?"),
            ("still-resolves", "Does the DNS name still resolve correctly?"),
            ("unlike-deployment", "How does this behavior differ from Deployment pod replacement?"),
        ),
    ),
    (
        "Lab: MySQL Cluster with Service Discovery",
        _ANALYSIS,
        (
            ("members-found", "How does each pod discover the other members of the cluster?"),
            ("names-unstable", "What would happen if pod names weren't stable?"),
            ("discovery-replication", "How might this discovery process work in a real MySQL replication setup?"),
        ),
    ),
    (
        "Testing Network Stability Under Stress",
        _ANALYSIS,
        (
            ("identity-kept", "Did pods maintain their network identities through failures?"),
            ("dns-update", "How quickly do DNS records update when pods restart?"),
            ("connection-handling", "What implications does this have for application connection handling?"),
        ),
    ),
    (
        "Pattern 1: Primary/Replica Discovery and Routing",
        _ANALYSIS,
        (
            ("read-write-split", "How does this service architecture support read/write splitting?"),
            ("separate-services", "What are the benefits of having separate services for different roles?"),
            ("endpoint-use", "How might client applications use these different endpoints?"),
        ),
    ),
    (
        "Pattern 2: Cross-Namespace Service Discovery",
        _ANALYSIS,
        (
            ("cross-discovery", "How do clients in different namespaces discover stateful services?"),
            ("cross-security", "What security implications exist for cross-namespace service access?"),
            ("multi-tenant", "How might you structure service discovery in a multi-tenant environment?"),
        ),
    ),
    (
        "Lab: Understanding Load Balancing Differences",
        _ANALYSIS,
        (
            ("balancing-differs", "How does load balancing differ between the headless and regular services?"),
            ("balance-or-direct", "When would you want load balancing vs direct pod addressing?"),
            ("session-affinity", "What are the implications for database connections and session affinity?"),
        ),
    ),
    (
        "Complete Example: Distributed Cache Cluster",
        _ANALYSIS,
        (
            ("dual-service", "How does the dual-service approach (internal + external) benefit the Redis cluster?"),
            ("stable-formation", "Why are stable hostnames important for Redis cluster formation?"),
            ("other-systems", "How does this pattern apply to other distributed systems?"),
        ),
    ),
    (
        "Unit Challenge: Design a Complete Multi-Tier Network Architecture",
        "challenge",
        (
            ("tiers-connected", "Deploy the entire stack and verify connectivity between tiers"),
            ("tiers-routing", "Demonstrate primary/replica routing in the database tier"),
            ("tiers-discovery", "Test service discovery from web tier to database tier"),
            ("tiers-failures", "Simulate failures and verify network stability"),
            ("tiers-decisions", "Document your design decisions and trade-offs"),
        ),
    ),
    (
        "Network Troubleshooting Lab",
        "troubleshooting",
        (
            ("problems-identified", "What problems do you identify?"),
            ("problems-fixed", "How would you fix them?"),
        ),
    ),
    (
        "Looking Ahead to Unit 5",
        "look-ahead",
        (
            ("update-without-downtime", "How would you safely update a database cluster without downtime?"),
            (
                "metrics-to-watch",
                "What monitoring metrics would be most important for stateful applications?",
            ),
            (
                "backup-differs",
                "How might backup and recovery differ between stateful and stateless applications?",
            ),
            (
                "scaling-challenges",
                "What challenges exist when scaling stateful applications compared to stateless ones?",
            ),
        ),
    ),
)

QUESTIONS: tuple[CourseQuestion, ...] = tuple(
    CourseQuestion(key, part, kind, text) for part, kind, questions in _PARTS for key, text in questions
)
UNIT: dict[str, CourseQuestion] = {question.key: question for question in QUESTIONS}


def unit_question(key: str, answer: Callable[[Reading], str | Iterable[str]], *evidence: str) -> Question:
    """A question of the course unit with an experiment's answer to it.

    Raises:
        UsageError: the unit has none of that key.
    """
    if key not in UNIT:
        raise UsageError(f"the unit has no question {key!r}", hint=f"it has: {', '.join(UNIT)}")
    known = Question(key, UNIT[key].text, answer)
    return Question(key, UNIT[key].text, answer, evidence) if evidence else known
