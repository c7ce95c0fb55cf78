"""What holds for every tier."""

import signal

pytest_plugins = ("tests.running.durations", "tests.running.selection", "tests.running.progress")

# Whoever starts the tests in the background has SIGINT ignored, and all that they start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
