"""Run the tests: select them, order them, show the progress, and measure."""
