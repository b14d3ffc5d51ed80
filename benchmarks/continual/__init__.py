"""The configurations and the plot of benchmarks/continual_learning.py."""
