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
# six times slower than on one thread. libgomp reads the policy once, when it is loaded.
_policy_is_ours = "OMP_WAIT_POLICY" not in os.environ
if _policy_is_ours:
    os.environ["OMP_WAIT_POLICY"] = "passive"
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
    if _policy_is_ours:
        del os.environ["OMP_WAIT_POLICY"]

__all__ = ["__version__", "available", "openmp", "why_unavailable"]
