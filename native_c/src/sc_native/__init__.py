"""C kernels for spiking networks on plain NumPy arrays.

`available` says whether the compiled kernels load on this machine; without them (no compiler at installation)
the package still imports, and `why_unavailable` says why.
"""

from __future__ import annotations

from sc_native._version import __version__

try:
    from sc_native import _kernels
except ImportError as error:
    available = False
    why_unavailable: str = str(error)
    openmp = False
else:
    available = True
    why_unavailable = ""
    openmp = bool(_kernels.lib.sc_has_openmp())

__all__ = ["__version__", "available", "openmp", "why_unavailable"]
