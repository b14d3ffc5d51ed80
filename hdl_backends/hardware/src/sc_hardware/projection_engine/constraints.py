"""Stubs of constraints: the clock and the pins that a board decides, for ECP5 and iCE40."""

from __future__ import annotations

from sc_hardware.projection_engine.design import HardwareDesign

_CLOCK = "clk"
_FREQUENCY = 25.0
"""MHz: what the stub asks for; small boards' own clock."""


def constraint_files(design: HardwareDesign) -> dict[str, str]:
    """Return ``<name>.lpf`` (ECP5, nextpnr-ecp5) and ``<name>.pcf`` (iCE40, nextpnr-ice40), pins left open.

    The engine has more ports than a small device has pins: they are those of a core, which a design around it drives.
    What leaves the device is for that design to say.
    """
    ports = [(port.name, port.shape.width.value({}), port.shape.is_bit) for port in design.engine.ports]
    pins = [
        name if is_bit else f"{name}[{bit}]"
        for name, bits, is_bit in ports
        for bit in range(1 if is_bit else bits)
    ]
    note = f"{design.name}: a stub. Fill in where a pin is known, and take its line's # away."
    lpf = [f"# {note}", f'FREQUENCY PORT "{_CLOCK}" {_FREQUENCY:g} MHZ;', ""]
    lpf += [f'# LOCATE COMP "{pin}" SITE "?"; IOBUF PORT "{pin}" IO_TYPE=LVCMOS33;' for pin in pins]
    pcf = [f"# {note}", f"set_frequency {_CLOCK} {_FREQUENCY:g}", ""]
    pcf += [f"# set_io {pin} ?" for pin in pins]
    return {f"{design.name}.lpf": "\n".join(lpf) + "\n", f"{design.name}.pcf": "\n".join(pcf) + "\n"}
