"""What is only seen with genuine parts: a registry in a real cluster, and a browser."""
