"""Layers of stochastic computing."""
