"""The speed of e-prop against other implementations; `bptt_speed` serves the contestants and takes the times."""
