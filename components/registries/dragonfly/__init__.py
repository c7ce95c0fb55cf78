"""Dragonfly: nodes that give each other what one of them has fetched from where the image lives."""
