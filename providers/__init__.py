"""The resources that no Pulumi package covers: here as Python sees them, in Go beside it as they are made."""
