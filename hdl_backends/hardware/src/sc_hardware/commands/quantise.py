"""``scn quantise``: a trained network in whole numbers, and what that costs in accuracy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from sc_core.contracts import OpenedRun
    from sc_hardware.integer_network import IntegerNetwork


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--weight-bits", default=8, show_default=True, help="Width of a weight, 2 to 16.")
@click.option("--membrane-bits", default=16, show_default=True, help="Width of a membrane, 4 to 32.")
@click.option("--current-bits", default=16, show_default=True, help="Width of a current, 4 to 32.")
@click.option(
    "--decay",
    type=click.Choice(["multiplier", "power_of_two"]),
    default="multiplier",
    show_default=True,
    help="The leak: a constant multiplier, or a power of two, which needs none.",
)
@click.option("--decay-bits", default=8, show_default=True, help="Precision of the multiplier, 1 to 16.")
@click.option(
    "--clip", default=1.0, show_default=True, help="Share of the largest weight that fills the range."
)
@click.option("--output", type=click.Path(path_type=Path), help="Where to write; RUN/quantised unless given.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def quantise(context: click.Context, /, run: Path, output: Path | None, as_json: bool, **widths: Any) -> None:
    """Turn the best network of the run in the folder RUN into whole numbers.

    Writes network.json, weights.npz and report.json, and shows the accuracy on the run's test part before and after:
    the class is the output with the largest sum over time.
    """
    from sc_core.atomic_file import write_atomically
    from sc_core.options import structure
    from sc_hardware.integer_network.storage import save
    from sc_hardware.quantisation import Quantisation
    from sc_hardware.quantisation import quantise as in_whole_numbers

    chosen = structure(Quantisation, widths, "quantise")
    opened = context.obj(run)
    network = in_whole_numbers(opened.network, chosen)
    report = {"quantisation": widths, **_accuracies(opened, network), "populations": _table(network)}
    folder = output if output is not None else run / "quantised"
    save(network, folder)
    text = json.dumps(report, indent=1)
    write_atomically(folder / "report.json", (text + "\n").encode())
    if as_json:
        click.echo(text)
        return
    for row in report["populations"]:
        click.echo("  ".join(f"{key} {value}" for key, value in row.items()))
    click.echo(
        f"test accuracy: {100 * report['accuracy_before']:.2f} % before, "
        f"{100 * report['accuracy_after']:.2f} % after ({report['samples']} samples)"
    )
    click.echo(f"written: {folder}")


def _accuracies(opened: OpenedRun, network: IntegerNetwork) -> dict[str, Any]:
    import numpy as np

    from sc_core.errors import ConfigurationError
    from sc_hardware.integer_network import IntegerSimulation

    right, samples = [0, 0], 0
    for batch in opened.batches("test"):
        if batch.targets.ndim != 1:
            raise ConfigurationError("quantise", "the run's targets are sequences; accuracy needs classes")
        if not np.isin(batch.inputs, (0, 1)).all():
            raise ConfigurationError(
                "quantise",
                "the run's encoder makes values; hardware takes spikes: train with the rate or latency encoder",
            )
        size = batch.inputs.shape[1]
        integers = IntegerSimulation(network, batch=size).run(batch.inputs)[network.outputs]
        for place, outputs in enumerate((opened.network.run(batch.inputs), integers)):
            right[place] += int((outputs.sum(axis=0, dtype=np.float64).argmax(axis=1) == batch.targets).sum())
        samples += size
    if not samples:
        raise ConfigurationError("quantise", "the run has no test part")
    return {"accuracy_before": right[0] / samples, "accuracy_after": right[1] / samples, "samples": samples}


def _table(network: IntegerNetwork) -> list[dict[str, Any]]:
    rows = []
    for population in network.populations.values():
        neuron = population.neuron
        row: dict[str, Any] = {
            "population": population.name,
            "n": population.n,
            "neuron": type(neuron).__name__.removeprefix("Integer"),
        }
        if hasattr(neuron, "decay_shift"):
            row["decay"] = f"{neuron.decay_multiplier}/{1 << neuron.decay_shift}"
        if hasattr(neuron, "threshold"):
            row |= {"threshold": neuron.threshold, "reset_value": neuron.reset_value}
        rows.append(row)
    return rows
