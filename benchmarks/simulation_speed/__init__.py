"""What the simulation benchmarks share: the network, the contestants, the contest."""
