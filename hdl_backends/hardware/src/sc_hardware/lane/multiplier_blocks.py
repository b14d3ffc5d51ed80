"""How a product is put together of an FPGA family's multipliers (specs/hdl.md, "Products in blocks")."""

from __future__ import annotations

import attrs


@attrs.frozen
class Blocks:
    """The multiplier blocks of a family, as yosys uses them.

    Attributes
    ----------
    wide, narrow : int
        Bits of a block's two inputs.
    slice_bits : int
        Bits of the pieces that a wider factor is cut to, sign included.
    slice_sign : int
        Bits of a piece that only say that it is not negative.
    least_product : int
        A product of fewer bits is made of look-up tables.
    adder : int
        Bits of the adder behind the multiplier; 0 where there is none.
    """

    wide: int
    narrow: int
    slice_bits: int
    slice_sign: int
    least_product: int
    adder: int


@attrs.frozen
class Product:
    """What a product takes.

    Attributes
    ----------
    blocks : int
        Multiplier blocks.
    adder_bits : int
        Bits of adders outside of blocks, which add up the pieces.
    table_bits : int
        Bits of one factor times bits of the other, of pieces that are made of look-up tables.
    """

    blocks: int
    adder_bits: int
    table_bits: int


def product(first: int, second: int, family: Blocks) -> Product:
    """Return what a product of signed factors of so many bits takes.

    Examples
    --------
    >>> ecp5 = Blocks(18, 18, 18, 0, 0, 0)
    >>> product(12, 8, ecp5), product(20, 8, ecp5).blocks
    (Product(blocks=1, adder_bits=0, table_bits=0), 2)
    """
    return _pieces(max(first, second), min(first, second), first + second, family)


def _pieces(first: int, second: int, bits: int, family: Blocks) -> Product:
    if min(first, second) < 2 or bits < family.least_product:
        return Product(0, 0, first * second)
    if first <= family.wide and second <= family.narrow:
        return Product(1, 0, 0)
    # The wider factor is cut to slices from its low end on; what is left at the high end is the last piece.
    cut, whole, limit = (
        (first, second, family.wide) if first > family.wide else (second, first, family.narrow)
    )
    step = family.slice_bits - family.slice_sign
    n_slices = -(-(cut - limit) // step)
    rest = cut - n_slices * step

    def piece(width: int) -> Product:
        factors = (width, whole) if first > family.wide else (whole, width)
        return _pieces(*factors, min(bits, whole + width), family)

    low, high = piece(family.slice_bits), piece(rest)
    inside = high == Product(1, 0, 0) and whole + rest <= family.adder
    adders = (0 if inside else whole + rest) + (n_slices - 1) * (whole + family.slice_bits)
    return Product(
        n_slices * low.blocks + high.blocks,
        n_slices * low.adder_bits + high.adder_bits + adders,
        n_slices * low.table_bits + high.table_bits,
    )
