"""An engine in no particular language: what the backends print, and what is needed to use it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
from numpy.typing import NDArray

from sc_core.errors import ConfigurationError
from sc_hardware.integer_network import IntegerNetwork
from sc_hardware.lane import check_module_name
from sc_hardware.lane.design import MemoryModule, Module
from sc_hardware.projection_engine import memories
from sc_hardware.projection_engine.layout import Layout, plan
from sc_hardware.projection_engine.memories import Memory
from sc_hardware.projection_engine.shapes import Plan
from sc_hardware.projection_engine.top import engine_modules


@attrs.frozen
class HardwareDesign:
    """A network in whole numbers as hardware (specs/projection-engine.md).

    Attributes
    ----------
    name : str
        Of the top module; all others begin with it.
    layout : Layout
        Where populations and projections lie, and the phases of a step.
    memories : tuple of Memory
        By their number at the host port.
    modules : tuple of Module or MemoryModule
        What the backends print, each after those that it contains; the last is the engine.
    """

    name: str
    layout: Layout
    memories: tuple[Memory, ...]
    modules: tuple[Module | MemoryModule, ...] = attrs.field(repr=False)

    @classmethod
    def from_network(
        cls,
        network: IntegerNetwork,
        name: str = "engine",
        sends: Sequence[str] | None = None,
        read_during_write: str = "old",
    ) -> HardwareDesign:
        """Return the engine of a network.

        Parameters
        ----------
        network : IntegerNetwork
        name : str
            Of the top module.
        sends : sequence of str, optional
            Populations whose spikes leave at ``aer_out``; the network's output unless given, if it spikes.
        read_during_write : {"old", "new", "unknown"}
            What the memories return of a word that is written in the same clock; the engine does not depend on it.

        Raises
        ------
        ConfigurationError
            For what the engine cannot hold, by name: see the page's bounds.

        Examples
        --------
        >>> from sc_hardware.integer_network import *
        >>> network = IntegerNetwork(
        ...     [
        ...         IntegerPopulation("pixels", 2, IntegerInput()),
        ...         IntegerPopulation("digit", 1, IntegerLIF(decay_multiplier=1, decay_shift=4, threshold=100)),
        ...     ],
        ...     [IntegerProjection(source="pixels", target="digit", weights=[[60], [50]])],
        ... )
        >>> design = HardwareDesign.from_network(network)
        >>> [phase.comment for phase in design.layout.phases]
        ['input pixels', 'frozen sweep pixels to digit', 'neurons digit', 'send digit']
        >>> {memory.name: memory.total_bits for memory in design.memories}
        {'rows': 6, 'columns': 2, 'weights': 16, 'currents': 9, 'membranes': 16, 'events': 10, 'input_spikes': 2}
        """
        if not isinstance(network, IntegerNetwork):
            raise ConfigurationError(
                "network",
                f"must be an IntegerNetwork, got {type(network).__name__}; "
                "sc_hardware.quantisation.quantise(network) makes one",
            )
        check_module_name(name)
        layout = plan(network, sends)
        engine = engine_modules(Plan.of(name, layout), read_during_write)
        return cls(name, layout, memories.memories(layout), engine)

    @property
    def heading(self) -> str:
        """What stands at the top of every source."""
        return f"Part of the projection engine {self.name}, emitted by sc-hardware; do not edit."

    @property
    def engine(self) -> Module:
        """The engine itself, which contains all other modules."""
        top = self.modules[-1]
        assert isinstance(top, Module)  # noqa: S101  engine_modules puts it last
        return top

    def memory(self, name: str) -> Memory:
        """Return a memory by name; KeyError if there is none."""
        try:
            return next(memory for memory in self.memories if memory.name == name)
        except StopIteration:
            raise KeyError(name) from None

    def images(self) -> dict[str, NDArray[np.object_]]:
        """Return what the memories hold to begin with: words as Python ints, by memory."""
        return memories.images(self.layout)

    def image_files(self) -> dict[str, str]:
        """Return the images as files, a word of hexadecimal digits a line; memories look for them by these names."""
        files = {}
        for name, words in self.images().items():
            digits = -(-self.memory(name).bits // 4)
            files[f"{self.name}_{name}.hex"] = "".join(f"{int(each):0{digits}x}\n" for each in words)
        return files

    @property
    def host_data_bits(self) -> int:
        """Width of the host's data: that of the widest memory."""
        return max(memory.bits for memory in self.memories)

    @property
    def word_address_bits(self) -> int:
        """Bits of ``host_address`` that say which word of a memory."""
        return max(memory.address_bits for memory in self.memories)

    @property
    def host_address_bits(self) -> int:
        """Width of ``host_address``: the memory's number over the word's."""
        return self.word_address_bits + (len(self.memories) - 1).bit_length()

    def host_address(self, memory: str, word: int = 0) -> int:
        """Return the address of a word at the host port.

        Parameters
        ----------
        memory : str
        word : int

        Raises
        ------
        KeyError, IndexError
            If there is no such memory or word.
        """
        found = self.memory(memory)
        if not 0 <= word < found.words:
            raise IndexError(f"{memory} has {found.words} words, not word {word}")
        return (self.memories.index(found) << self.word_address_bits) | word

    @property
    def memory_map(self) -> list[dict[str, Any]]:
        """The memory map, one row for each memory: number, name, host address, words, bits, meaning."""
        return [
            {
                "number": number,
                "memory": memory.name,
                "host_address": number << self.word_address_bits,
                "words": memory.words,
                "bits": memory.bits,
                "total_bits": memory.total_bits,
                "meaning": memory.meaning,
            }
            for number, memory in enumerate(self.memories)
        ]
