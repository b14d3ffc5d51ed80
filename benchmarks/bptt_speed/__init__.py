"""BPTT against other frameworks: one training step, timed in turns (docs/benchmarks.md).

`task`, `serve` and `contestants` run in the peers' environments and need numpy only (and the peer); the rest runs
where the workspace is installed.
"""
