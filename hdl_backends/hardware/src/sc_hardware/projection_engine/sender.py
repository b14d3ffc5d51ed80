"""The sender: offers a list of spikes at ``aer_out``, and says when a phase of any kind is done."""

from __future__ import annotations

from sc_hardware.lane.design import Module
from sc_hardware.lane.stage import BIT
from sc_hardware.projection_engine.circuit import Circuit
from sc_hardware.projection_engine.shapes import Plan


def sender(plan: Plan) -> Module:
    """Return the module."""
    c = Circuit(f"{plan.name}_sender", "Spikes that leave the chip; the end of every phase.")
    event = c.input("events_read_data", plan.event)
    runs, ready = c.input("phase_runs", BIT), c.input("aer_out_ready", BIT)
    sends = plan.is_phase(c, "is_send", lambda p: p.kind == "send")
    first = plan.by_phase(
        c, "first_address", plan.aer_address, lambda p: p.source.first if p.kind == "send" else None
    )
    sending = c.let("sending", runs & sends)
    ended = c.let("ended", event.equals(plan.end))
    valid = c.output("aer_out_valid", sending & ~ended)
    c.output("aer_out_address", (first + event).modulo(int(plan.aer_address.bits)))
    c.output("sent", valid & ready)
    sweep_done, pass_done = c.input("sweep_done", BIT), c.input("pass_done", BIT)
    c.output("phase_done", sweep_done | pass_done | (sending & ended))
    return c.module()
