"""What lazy starts promise, measured: registry, containerd, snapshotter and nydusd are real, and the link is slow."""
