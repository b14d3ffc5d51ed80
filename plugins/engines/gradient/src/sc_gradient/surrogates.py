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

    def second_derivative(self, distance: NDArray[Any]) -> NDArray[Any]:
        """Return the slope of `derivative` at `distance`, same shape and dtype; 0 at its kinks.

        Source: specs/hessian-vector-product.md, eq. 1.

        Examples
        --------
        >>> import numpy as np
        >>> Surrogate("fast_sigmoid", slope=10.0).second_derivative(np.array([0.1, -0.1]))
        array([-2.5,  2.5])
        """
        kind = distance.dtype.type
        one, slope = kind(1), kind(self.slope)
        magnitude: NDArray[Any] = slope * np.abs(distance)
        fall = -kind(self.scale) * slope * np.sign(distance)
        if self.name == "arctan":
            height = one + magnitude * magnitude
            return np.asarray(fall * (kind(2) * magnitude) / (height * height))
        if self.name == "triangle":
            return np.asarray(np.where(magnitude < one, fall, kind(0)))
        height = one + magnitude
        return np.asarray(kind(2) * fall / (height * height * height))
