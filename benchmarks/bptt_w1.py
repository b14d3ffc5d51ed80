"""W1: 700 -> 256 -> 20 dense, batch 32, 100 steps, input spikes at 5 %.

python benchmarks/bptt_w1.py [--output FOLDER] [--threads 1 2] [--rounds N]
"""

from functools import partial

from bptt_speed.command import main
from bptt_speed.contest import LIBRARIES, OURS
from bptt_speed.reference import first_step
from bptt_speed.workloads import layered

if __name__ == "__main__":
    task = layered()
    main("W1", __doc__, task, [OURS, *LIBRARIES], partial(first_step, task))
