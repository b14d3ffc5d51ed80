"""The documented benchmarks."""
