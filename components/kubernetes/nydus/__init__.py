"""The Nydus snapshotter: pods that start before their image has arrived."""
