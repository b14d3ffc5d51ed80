"""One file per contestant: ``prepare(task)`` returns what `bptt_speed.serve` drives."""
