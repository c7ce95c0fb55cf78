"""What Dragonfly promises, measured: nodes that pull one image at once, and a link to the registry that they share."""
