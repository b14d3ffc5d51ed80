"""C kernels for spiking networks on plain NumPy arrays.

`available` says whether the compiled kernels load on this machine; without them (no compiler at installation)
the package still imports, and `why_unavailable` says why.
"""

from __future__ import annotations

import os

from sc_native._version import __version__

available = False
openmp = False
why_unavailable = ""

# A thread that spins at the end of a kernel, while another process holds the processor of the thread that it
# waits for, loses a whole time slice (4 ms) each time: with one busy neighbour on two cores that made kernels
# six times slower than on one thread. One that sleeps at once takes longer to wake up than the next loop is away:
# that made a step of 5 ms on two threads one of 7. So it spins for some 0.1 ms. OpenMP reads this once, when loaded.
_WAITING = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "6000"}
_ours = {} if _WAITING.keys() & os.environ.keys() else _WAITING
os.environ.update(_ours)
try:
    from sc_native._kernels import lib
except ModuleNotFoundError:
    why_unavailable = "the extension sc_native._kernels was not built"
except ImportError as error:
    why_unavailable = str(error)
else:
    available = True
    openmp = bool(lib.sc_has_openmp())
finally:
    for _name in _ours:
        del os.environ[_name]

__all__ = ["__version__", "available", "openmp", "why_unavailable"]
