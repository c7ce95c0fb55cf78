"""zot: a registry that keeps to the OCI's specifications, in a cluster."""
