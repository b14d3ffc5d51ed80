"""W4: e-prop, 40 inputs, 100 recurrent neurons all to all, 2 readouts, one sequence of 2250 steps.

python benchmarks/eprop_w4.py [--output FOLDER] [--threads 1] [--rounds N]
"""

from bptt_speed.command import main
from bptt_speed.contest import Entry
from bptt_speed.environments import NEST, TORCH
from bptt_speed.task import Convention
from eprop_speed.contestants.ours import Ours
from eprop_speed.task import w4

ENTRIES = [
    Entry("sc-core, stored", "eprop_speed.contestants.stored", None),
    Entry("sc-core, online", "eprop_speed.contestants.online", None),
    Entry("torch", "eprop_speed.contestants.torch_eprop", TORCH),
    Entry("NEST", "eprop_speed.contestants.nest_eprop", NEST, checked=False),
]


def expected(_: Convention) -> tuple[float, list[float]]:
    """Return loss and gradient norms of the first sequence."""
    task = w4()
    return Ours(task, "stored").check(*task.batch(0))


if __name__ == "__main__":
    main("W4", __doc__, w4(), ENTRIES, expected, folder="eprop-speed")
