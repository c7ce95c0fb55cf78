"""A node of its own on this machine: what starts containers as a node of a cluster does, and leaves nothing behind."""
