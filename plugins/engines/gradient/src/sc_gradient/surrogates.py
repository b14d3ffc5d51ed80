"""Surrogate derivatives of the spike (specs/bptt.md, eq. 1)."""

from __future__ import annotations

from typing import Any, Literal

import attrs
import numpy as np
from numpy.typing import NDArray


@attrs.frozen
class Surrogate:
    """What stands in for the derivative of a spike with respect to the membrane.

    Parameters
    ----------
    name : {"fast_sigmoid", "arctan", "triangle"}
    slope : float
        Steepness (beta), per membrane unit.
    scale : float
        Height at the threshold.

    Examples
    --------
    >>> import numpy as np
    >>> Surrogate("fast_sigmoid", slope=10.0).derivative(np.array([0.0, 0.1, -0.1]))
    array([1.  , 0.25, 0.25])
    """

    name: Literal["fast_sigmoid", "arctan", "triangle"] = attrs.field(
        default="fast_sigmoid", validator=attrs.validators.in_(("fast_sigmoid", "arctan", "triangle"))
    )
    slope: float = attrs.field(default=10.0, validator=attrs.validators.gt(0))
    scale: float = attrs.field(default=1.0, validator=attrs.validators.gt(0))

    def derivative(self, distance: NDArray[Any]) -> NDArray[Any]:
        """Return the derivative at `distance` = membrane - threshold, same shape and dtype."""
        kind = distance.dtype.type
        one, scale = kind(1), kind(self.scale)
        magnitude: NDArray[Any] = kind(self.slope) * np.abs(distance)
        height: NDArray[Any]
        if self.name == "arctan":
            height = scale / (one + magnitude * magnitude)
        elif self.name == "triangle":
            height = scale * np.maximum(kind(0), one - magnitude)
        else:
            height = scale / ((one + magnitude) * (one + magnitude))
        return height
