"""Commands that measure what docs/benchmarks.md claims."""
