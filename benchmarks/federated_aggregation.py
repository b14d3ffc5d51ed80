"""What one aggregation of ten clients' million bits costs, packed and as bytes, beside NumPy's sum.

The figure is the smallest of many times: on a machine that others use, the larger ones measure the others.

    SC_THREADS=1 python benchmarks/federated_aggregation.py
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np

from sc_core import kernels
from sc_plugin_federated import FederatedAggregator, PackedBits

CLIENTS, BITS, VALUES = 10, 1_000_000, 100_000
TARGET_MS = 0.5


def milliseconds(function: Callable[[], object], repetitions: int) -> float:
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repetitions", type=int, default=50)
    repetitions = parser.parse_args().repetitions
    rng = np.random.default_rng(0)
    clients = [rng.integers(2, size=BITS, dtype=np.uint8) for _ in range(CLIENTS)]
    packed = [PackedBits.pack(bits) for bits in clients]
    weights = list(range(1, CLIENTS + 1))
    values = [rng.integers(-1000, 1000, VALUES) for _ in range(CLIENTS)]
    aggregate = FederatedAggregator
    cases: dict[str, Callable[[], object]] = {
        f"majority, packed (goal: {TARGET_MS} ms)": lambda: aggregate.aggregate_gradients(packed),
        "majority, packed, weights 1 ... 10": lambda: aggregate.aggregate_gradients(packed, weights),
        "majority, bytes": lambda: aggregate.aggregate_gradients(clients),
        "mean, packed": lambda: aggregate.mean_bits(packed),
        "multiplexed, packed": lambda: aggregate.multiplex(packed, rng),
        "NumPy: (sum(clients) > 5), bytes": lambda: (np.sum(clients, axis=0) > CLIENTS // 2).astype(np.uint8),
    }
    print(f"{CLIENTS} clients, {BITS} bits; {kernels.describe()}; smallest of {repetitions} times")
    for name, function in cases.items():
        print(f"{name:40s} {milliseconds(function, repetitions):7.2f} ms")
    seconds = milliseconds(lambda: aggregate.secure_sum_protocol(values), min(repetitions, 5)) / 1e3
    print(f"secure sum of {VALUES} values, all parties: {seconds:.2f} s")


if __name__ == "__main__":
    main()
