"""The simulated Kubernetes API server: the HTTP of a real one, over the simulated cluster's store.

Where it differs from kube-apiserver 1.37 on purpose:

- No server-side apply (415) and no managedFields.
- JSON in and out, and protobuf in; no YAML or CBOR.
- Lists come whole: `limit` is accepted, a `continue` token is not (400). A list at an old exact version is always 410.
- No anonymous user, webhooks or service account tokens; pods get no token volume. Roles and bindings are kept, and
  nothing is refused because of them.
- Pods have no portforward, proxy, binding, resize or ephemeralcontainers (501). Exec and attach speak websockets, not
  SPDY; there is no terminal, and what would read from one is refused (501).
- OpenAPI v3 only: v2 is a document without types, and only in the protobuf that kubectl asks for.
- Endpoints are written from the first request for any of them on; those that somebody writes by hand are not mirrored
  into slices, and refusals about them carry no deprecation warning.
- Quotas have no scopes and count what is created, not what is changed.
- No pvc-protection finalizer: a claim goes when it is deleted.
- Any service account that could exist counts as existing, and the two priority classes that every cluster has are no
  objects. Kinds have the one version that is in their file; of custom kinds see `kinds/customresourcedefinition.py`.
- Status writes are checked for impossible counts only. All fields are type-checked against the published schemas;
  what is validated of those that neither identity, addresses nor start depend on is what `tests/kubesim/api/mutated`
  asks.
- The message for a forbidden change of a pod's spec lacks Go's diff of internal types.
"""
