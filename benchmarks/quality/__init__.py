"""Quality at an equal budget: AutoML Lite beside others, on real data (docs/benchmarks.md)."""
