"""One kind of fault a file; each a pure function of a snapshot."""

from chaos.diagnose.check import Check
from chaos.diagnose.checks import (
    claims,
    cluster_dns,
    deployment_names,
    dns_policy,
    endpoints_deprecated,
    expansion,
    first_process,
    governing_service,
    hook_output,
    members,
    not_ready,
    not_ready_addresses,
    pod_names,
    ports,
    programs,
    records,
    refused,
    replica_service,
    replicas,
    selectors,
    several_headless,
    subdomain,
)

CHECKS: tuple[Check, ...] = (
    refused.CHECK,
    governing_service.CHECK,
    selectors.CHECK,
    subdomain.CHECK,
    pod_names.CHECK,
    deployment_names.CHECK,
    several_headless.CHECK,
    replica_service.CHECK,
    members.CHECK,
    expansion.CHECK,
    programs.CHECK,
    first_process.CHECK,
    hook_output.CHECK,
    not_ready_addresses.CHECK,
    ports.CHECK,
    replicas.CHECK,
    claims.CHECK,
    dns_policy.CHECK,
    endpoints_deprecated.CHECK,
    not_ready.CHECK,
    cluster_dns.CHECK,
    records.CHECK,
)

__all__ = ["CHECKS"]
