"""Harbor: its chart, and what is in it."""
