"""Aggregation of clients' bits and values, by the documented names (specs/federated.md)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, TypeAlias, overload

import attrs
import numpy as np
from numpy.typing import ArrayLike, NDArray

from sc_core import kernels
from sc_core.errors import ConfigurationError, ShapeError
from sc_plugin_federated.packed_bits import PackedBits
from sc_plugin_federated.quantisation import quantise
from sc_plugin_federated.secure_sum import Identities, run_session
from sc_plugin_federated.secure_sum.shamir import RandomBytes
from sc_plugin_federated.vote_kernels import vote_kernels

Weights: TypeAlias = Sequence[int] | NDArray[np.integer]


class FederatedAggregator:
    """Makes one of what many clients send; it keeps no state, so an instance is not needed.

    Bits are arrays of bytes, booleans or other integers, each 0 or 1, of any one shape; or `PackedBits`, which take
    an eighth of the memory and a tenth of the time. A result is of the same kind as the clients' bits.
    """

    @overload
    @staticmethod
    def aggregate_gradients(
        client_gradients: Sequence[PackedBits], weights: Weights | None = None
    ) -> PackedBits: ...

    @overload
    @staticmethod
    def aggregate_gradients(
        client_gradients: Sequence[ArrayLike], weights: Weights | None = None
    ) -> NDArray[np.uint8]: ...

    @staticmethod
    def aggregate_gradients(
        client_gradients: Sequence[PackedBits] | Sequence[ArrayLike], weights: Weights | None = None
    ) -> PackedBits | NDArray[np.uint8]:
        """Return the strict majority of the clients' bits; a tie gives 0 (eq. 2).

        Parameters
        ----------
        client_gradients : sequence of ndarray or PackedBits
            One for each client.
        weights : sequence of int, optional
            How many votes each client has, >= 1; one unless given.

        Returns
        -------
        ndarray of uint8, of the clients' shape, or PackedBits

        Raises
        ------
        ConfigurationError
            (A ValueError.) If there are no clients, a value is no bit, or a weight is not allowed.
        ShapeError
            If shapes differ.

        Notes
        -----
        Bernstein et al. 2019. Of bitstreams that encode probabilities a majority is biased (eq. 5): see `mean_bits`
        and `multiplex`.

        Examples
        --------
        >>> FederatedAggregator.aggregate_gradients([[1, 0, 1], [1, 1, 0], [1, 0, 0]])
        array([1, 0, 0], dtype=uint8)
        >>> FederatedAggregator.aggregate_gradients([[1, 0], [0, 1]], weights=[2, 1])
        array([1, 0], dtype=uint8)
        """
        clients = _clients(client_gradients, weights)
        return clients.as_given(vote_kernels().majority(clients.words, clients.weights, clients.n_threads()))

    @staticmethod
    def mean_bits(
        client_gradients: Sequence[PackedBits] | Sequence[ArrayLike], weights: Weights | None = None
    ) -> NDArray[np.float64]:
        """Return the share of clients that have each bit set: unbiased, whatever the bits encode (eq. 3).

        Parameters
        ----------
        client_gradients, weights
            As for `aggregate_gradients`.

        Returns
        -------
        ndarray of float64
            Of the clients' shape; shape (n,) where they are packed.

        Raises
        ------
        ConfigurationError, ShapeError
            As `aggregate_gradients`.

        Examples
        --------
        >>> FederatedAggregator.mean_bits([[1, 0, 1, 1], [1, 1, 0, 0]])
        array([1. , 0.5, 0.5, 0.5])
        """
        clients = _clients(client_gradients, weights)
        counts = vote_kernels().counts(clients.words, clients.weights, clients.n_threads())[: clients.n]
        mean: NDArray[np.float64] = counts / clients.weights.sum(dtype=np.uint64)
        return mean if clients.shape is None else mean.reshape(clients.shape)

    @overload
    @staticmethod
    def multiplex(
        client_gradients: Sequence[PackedBits], rng: np.random.Generator, weights: Weights | None = None
    ) -> PackedBits: ...

    @overload
    @staticmethod
    def multiplex(
        client_gradients: Sequence[ArrayLike], rng: np.random.Generator, weights: Weights | None = None
    ) -> NDArray[np.uint8]: ...

    @staticmethod
    def multiplex(
        client_gradients: Sequence[PackedBits] | Sequence[ArrayLike],
        rng: np.random.Generator,
        weights: Weights | None = None,
    ) -> PackedBits | NDArray[np.uint8]:
        """Return bits that are each taken from one client, drawn anew for every bit: an unbiased bitstream (eq. 4).

        Parameters
        ----------
        client_gradients, weights
            As for `aggregate_gradients`.
        rng : numpy.random.Generator
            Draws a client for every bit, with the probability of its weight.

        Returns
        -------
        ndarray of uint8, of the clients' shape, or PackedBits

        Raises
        ------
        ConfigurationError, ShapeError
            As `aggregate_gradients`.

        Examples
        --------
        >>> import numpy as np
        >>> rng = np.random.default_rng(7)
        >>> streams = [np.zeros(10000, bool), np.ones(10000, bool)]
        >>> float(FederatedAggregator.multiplex(streams, rng, weights=[1, 3]).mean().round(2))
        0.75
        """
        clients = _clients(client_gradients, weights)
        chosen = np.zeros(64 * clients.words[0].size, np.uint32)
        chosen[: clients.n] = clients.draw(rng)
        return clients.as_given(vote_kernels().multiplex(clients.words, chosen, clients.n_threads()))

    @staticmethod
    def secure_sum_protocol(
        client_values: Sequence[ArrayLike],
        threshold: int | None = None,
        fractional_bits: int = 24,
        random_bytes: RandomBytes = os.urandom,
    ) -> NDArray[np.int64] | NDArray[np.float64]:
        """Return the elementwise sum of clients' values, by a protocol in which the server sees nothing but the sum.

        Parameters
        ----------
        client_values : sequence of array_like
            One for each client, of any one shape. Integers and booleans are summed exactly.
        threshold : int, optional
            How many clients must stay to the end: more than half of them; as few as that unless given.
        fractional_bits : int
            Numbers that are no integers are rounded to multiples of ``2**-fractional_bits``.
        random_bytes : callable
            From a number to so many random bytes; another source than the system's is for tests alone.

        Returns
        -------
        ndarray of int64, or of float64 where a client's values are, of the clients' shape

        Raises
        ------
        ConfigurationError
            (A ValueError.) If there are no clients, a value is not finite or too large, or an option is not allowed.
        ShapeError
            If shapes differ.

        Notes
        -----
        Bonawitz et al. 2017, all parties in this process (specs/federated.md, "The secure sum");
        `sc_plugin_federated.secure_sum` has them one by one, for clients that drop out.

        Examples
        --------
        >>> FederatedAggregator.secure_sum_protocol([[1, 2], [30, 40], [500, -600]])
        array([ 531, -558])
        >>> FederatedAggregator.secure_sum_protocol([[0.5], [0.25]])
        array([0.75])
        """
        if not len(client_values):
            raise ConfigurationError("client_values", "is empty: there must be at least one client")
        arrays = [np.asarray(values) for values in client_values]
        for index, values in enumerate(arrays):
            if values.shape != arrays[0].shape:
                raise ShapeError(
                    f"client_values[{index}] has shape {values.shape}, client_values[0] {arrays[0].shape}"
                )
        whole = all(values.dtype.kind in "bui" for values in arrays)
        fixed = [
            _whole(values) if whole else quantise(values.reshape(-1).astype(np.float64), fractional_bits)
            for values in arrays
        ]
        server, clients = Identities.draw(len(arrays), random_bytes).open_session(
            arrays[0].size, threshold, random_bytes=random_bytes
        )
        total = run_session(server, clients, fixed).reshape(arrays[0].shape)
        return total if whole else np.ldexp(total.astype(np.float64), -fractional_bits)


@attrs.frozen(eq=False)
class _Clients:
    """Clients' bits as the kernels take them; `shape` is None where they came packed."""

    words: list[NDArray[np.uint64]]
    weights: NDArray[np.uint32]
    n: int
    shape: tuple[int, ...] | None

    def n_threads(self) -> int:
        # Some 16 operations count a word of a client; a vector register holds four words.
        return kernels.thread_count(4 * len(self.words) * self.words[0].size)

    def draw(self, rng: np.random.Generator) -> NDArray[np.uint32]:
        total = int(self.weights.sum(dtype=np.uint64))
        ticket = rng.integers(total, size=self.n, dtype=np.uint32)
        if total == len(self.words):
            return ticket
        return np.searchsorted(np.cumsum(self.weights), ticket, side="right").astype(np.uint32)

    def as_given(self, words: NDArray[np.uint64]) -> PackedBits | NDArray[np.uint8]:
        packed = PackedBits(words, self.n)
        return packed if self.shape is None else packed.unpack().reshape(self.shape)


def _clients(given: Sequence[PackedBits] | Sequence[ArrayLike], weights: Weights | None) -> _Clients:
    if not len(given):
        raise ConfigurationError("client_gradients", "is empty: there must be at least one client")
    shape: tuple[int, ...] | None = None
    packed: list[PackedBits] = []
    for index, bits in enumerate(given):
        if isinstance(bits, PackedBits):
            its_shape, its_bits = None, bits
        else:
            values = np.asarray(bits)
            try:
                its_shape, its_bits = values.shape, PackedBits.pack(values)
            except ConfigurationError as error:
                raise ConfigurationError(f"client_gradients[{index}]", error.problem) from None
        if index == 0:
            shape = its_shape
        elif its_shape != shape or its_bits.n != packed[0].n:
            raise ShapeError(
                f"client_gradients[{index}] has {_described(its_shape, its_bits)}, "
                f"client_gradients[0] {_described(shape, packed[0])}"
            )
        packed.append(its_bits)
    return _Clients([bits.words for bits in packed], _votes(weights, len(packed)), packed[0].n, shape)


def _described(shape: tuple[int, ...] | None, bits: PackedBits) -> str:
    return f"{bits.n} packed bits" if shape is None else f"bits of shape {shape}"


def _votes(weights: Weights | None, n_clients: int) -> NDArray[np.uint32]:
    if weights is None:
        return np.ones(n_clients, np.uint32)
    votes = np.asarray(weights)
    if votes.shape != (n_clients,):
        raise ShapeError(f"weights must have shape ({n_clients},), one for each client, got {votes.shape}")
    if votes.dtype.kind not in "ui" or votes.min() < 1 or sum(votes.tolist()) >= 2**32:
        raise ConfigurationError("weights", f"must be integers >= 1 with a sum below 2**32, got {weights}")
    return votes.astype(np.uint32)


def _whole(values: NDArray[Any]) -> NDArray[np.integer]:
    flat = values.reshape(-1)
    return flat.astype(np.int64) if flat.dtype.kind == "b" else flat
