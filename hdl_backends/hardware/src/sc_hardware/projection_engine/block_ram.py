"""How many block RAMs the memories of an engine take (specs/projection-engine.md, "Cost")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from sc_hardware.projection_engine.design import HardwareDesign
from sc_hardware.projection_engine.memories import Memory

BlockRam: TypeAlias = Sequence[tuple[int, int, int]]
"""The shapes of a block RAM with one read and one write port: words, bits, and how few bits can be written alone."""
ECP5: BlockRam = (
    (16384, 1, 1),
    (8192, 2, 2),
    (4096, 4, 4),
    (2048, 9, 9),
    (1024, 18, 9),
    (512, 36, 9),
)
ICE40: BlockRam = ((2048, 2, 2), (1024, 4, 4), (512, 8, 8), (256, 16, 1))


def blocks_of(memory: Memory, shapes: BlockRam) -> int:
    """Return how many block RAMs a memory takes in the shape that takes fewest.

    Parts of a memory, each as deep as the block, stand side by side in it where they can be written separately.

    Examples
    --------
    >>> from sc_hardware.projection_engine.memories import packed
    >>> columns = Memory("columns", 9472, packed([("column", "unsigned", 7, "")]), "", None)
    >>> blocks_of(columns, ECP5), blocks_of(columns, ICE40)
    (5, 17)
    """
    counts = []
    for words, bits, written in shapes:
        lanes = -(-memory.words // words) * -(-memory.bits // written)
        counts.append(-(-lanes * written // bits))
    return min(counts)


def blocks(design: HardwareDesign, shapes: BlockRam) -> int:
    """Return how many block RAMs all memories of an engine take."""
    return sum(blocks_of(memory, shapes) for memory in design.memories)
