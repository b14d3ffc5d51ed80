"""IDX, the file format of MNIST: a magic number, the sizes, then bytes. Raw, or compressed with gzip."""

from __future__ import annotations

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sc_core.errors import ConfigurationError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UNSIGNED_BYTE = 0x08  # the third byte of the magic number: the type of the values; the fourth is their ndim


def read_idx(path: Path, n_dimensions: int) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes.

    Parameters
    ----------
    path : pathlib.Path
        Compressed where the name ends with ``.gz``.
    n_dimensions : int
        3 for images, 1 for labels.

    Returns
    -------
    ndarray, uint8
        Of the shape that the file states; read-only.

    Raises
    ------
    ConfigurationError
        If the file cannot be read, is of another kind, truncated or too long; the message names it.
    """
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (EOFError, zlib.error, gzip.BadGzipFile) as damage:
        raise ConfigurationError(
            "data.folder", f"{path} is truncated or damaged ({damage}); get it again"
        ) from damage
    except OSError as failure:
        raise ConfigurationError("data.folder", f"{path} cannot be read: {failure.strerror}") from failure
    header = 4 + 4 * n_dimensions
    magic = bytes([0, 0, _UNSIGNED_BYTE, n_dimensions])
    if content[:4] != magic:
        raise ConfigurationError(
            "data.folder",
            f"{path} is not an IDX file of bytes in {n_dimensions} dimensions: "
            f"it starts with 0x{content[:4].hex()}, not 0x{magic.hex()}",
        )
    if len(content) < header:
        raise ConfigurationError(
            "data.folder", f"{path} is truncated: {len(content)} bytes, its header alone has {header}"
        )
    shape = struct.unpack(f">{n_dimensions}I", content[4:header])
    if len(content) != header + math.prod(shape):
        raise ConfigurationError(
            "data.folder",
            f"{path} has {len(content)} bytes; {header + math.prod(shape)} belong to its sizes "
            f"{' x '.join(map(str, shape))}: it is truncated or damaged; get it again",
        )
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
