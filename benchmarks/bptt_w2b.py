"""W2b: 1000 neurons, recurrent at 10 % density, batch 16, 100 steps.

python benchmarks/bptt_w2b.py [--output FOLDER] [--threads 1 2] [--rounds N]
"""

from bptt_speed.command import main
from bptt_speed.contest import GATHER, LIBRARIES, OURS
from bptt_speed.workloads import recurrent

if __name__ == "__main__":
    main("W2b", __doc__, recurrent(density=0.1, batch=16), [OURS, GATHER, *LIBRARIES])
