"""The learner's options."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from sc_core.choice import gradient_learner_table
from sc_plugin_federated.quantisation import LARGEST_FRACTION

_in, _ge, _le = attrs.validators.in_, attrs.validators.ge, attrs.validators.le


def _usual_weights(options: FederatedOptions) -> str:
    return "equal" if options.method == "sign_majority" else "samples"


@attrs.frozen
class FederatedOptions:
    """Options of `FederatedLearner` (specs/federated.md).

    Parameters
    ----------
    learner : str or dict
        A gradient learner by name, or a table with its name and options.
    method : {"fedsgd", "fedavg", "sign_majority"}
        Whether clients send gradients, parameters after steps of their own, or the signs of gradients.
    weights : {"samples", "equal"}
        What a client counts: the number of its samples, or 1. Equal for ``"sign_majority"`` unless given.
    secure_sum : bool
        Whether the server adds masked values and sees nothing but their sum.
    fractional_bits : int
        With `secure_sum`, values are rounded to multiples of ``2**-fractional_bits``.
    sign_flipping : int
        So many clients, those with the lowest numbers, send the opposite of their update.
    """

    learner: str | dict[str, Any] = attrs.field(default="bptt", converter=gradient_learner_table)
    method: Literal["fedsgd", "fedavg", "sign_majority"] = attrs.field(
        default="fedsgd", validator=_in(("fedsgd", "fedavg", "sign_majority"))
    )
    weights: Literal["samples", "equal"] = attrs.field(
        default=attrs.Factory(_usual_weights, takes_self=True), validator=_in(("samples", "equal"))
    )
    secure_sum: bool = False
    fractional_bits: int = attrs.field(default=24, validator=[_ge(0), _le(LARGEST_FRACTION)])
    sign_flipping: int = attrs.field(default=0, validator=_ge(0))
