"""``scn hdl``: fixed-point rules and networks as Verilog and VHDL. What a command needs is imported when it runs."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

if TYPE_CHECKING:
    from sc_hardware.lane import LaneDesign
    from sc_hardware.rules import Rule
    from sc_hardware.verification.place_and_route import Measured
    from sc_hardware.verification.solving import Proof

_NOT_PROVEN = 1

_SET = click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="A parameter of the rule; may be repeated."
)
_MODULE_NAME = click.option("--module-name", help="Name of the lane's module; sc_<rule> unless given.")
_SAMPLES = click.option(
    "--samples",
    type=click.IntRange(1),
    help="Of a network: how many held-out samples of its run are played; 2 by emit, 200 by verify.",
)
_PIPELINED = click.option(
    "--pipelined", is_flag=True, help="Registers between the stages: the same values, a faster clock, later."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def hdl() -> None:
    """Emit, verify and synthesise fixed-point rules and networks as hardware.

    RULE is a plasticity by name, or module:attribute. FOLDER has a network in whole numbers: one that scn quantise
    wrote, or that of a run which has one.
    """


@hdl.command()
@click.argument("rule", metavar="RULE|FOLDER")
@_SET
@_MODULE_NAME
@_PIPELINED
@click.option(
    "--output", type=click.Path(path_type=Path), help="A new folder; the module's name unless given."
)
@click.option("--language", "languages", multiple=True, help="A backend; verilog and vhdl unless given.")
@click.option("--read", multiple=True, help="A state field with an output; the first one unless given.")
@click.option("--load", multiple=True, help="A state field that can be loaded.")
@click.option(
    "--vectors", default=1000, show_default=True, type=click.IntRange(1), help="Clocks of the testbench."
)
@_SAMPLES
@_JSON
@click.pass_context
def emit(
    context: click.Context,
    /,
    rule: str,
    settings: tuple[str, ...],
    module_name: str | None,
    pipelined: bool,
    output: Path | None,
    languages: tuple[str, ...],
    read: tuple[str, ...],
    load: tuple[str, ...],
    vectors: int,
    samples: int | None,
    as_json: bool,
) -> None:
    """Write sources, testbenches and a README into a new folder: of RULE's lane, or of the engine of a network."""
    from sc_hardware.emission import LANGUAGES
    from sc_hardware.lane.folder import write_lane

    if Path(rule).is_dir():
        from sc_hardware.commands.engine import emit_engine, open_folder

        _refuse_options_of_rules(context)
        opened = open_folder(Path(rule), module_name)
        emit_engine(opened, context.obj, output, languages or LANGUAGES, samples or 2, as_json)
        return

    found, design = _design(rule, settings, module_name, pipelined, read=read or None, load=load)
    folder = output if output is not None else Path(design.lane.name)
    files = write_lane(
        found,
        design,
        folder,
        languages=languages or LANGUAGES,
        n_vectors=vectors,
        report=lambda line: click.echo(line, err=True),
    )
    if as_json:
        click.echo(json.dumps({"folder": str(folder), "module": design.lane.name, "files": files}, indent=1))
    else:
        click.echo(f"written: {folder} ({len(files)} files)")


@hdl.command()
@click.argument("rule", metavar="RULE|FOLDER")
@_SET
@_PIPELINED
@click.option("--time-limit", default=300.0, show_default=True, help="Seconds for each claim.")
@_SAMPLES
@_JSON
@click.pass_context
def verify(
    context: click.Context,
    /,
    rule: str,
    settings: tuple[str, ...],
    pipelined: bool,
    time_limit: float,
    samples: int | None,
    as_json: bool,
) -> None:
    """Prove that Verilog, VHDL and RULE are the same, for one choice of parameters.

    Of a network: lint its engine, and simulate it on held-out samples (Verilator all of them; Icarus and GHDL the
    first) against the integer model. Exit code 1 if something does not hold or the time was not enough.
    """
    if Path(rule).is_dir():
        from sc_hardware.commands.engine import open_folder, verify_engine

        _refuse_options_of_rules(context)
        if not verify_engine(open_folder(Path(rule), None), context.obj, samples or 200, as_json):
            raise click.exceptions.Exit(_NOT_PROVEN)
        return
    from sc_hardware.verification.verify import verify as prove

    found, design = _design(rule, settings, None, pipelined)
    parameters = _defaults(design)
    with tempfile.TemporaryDirectory(prefix="scn-hdl-") as folder:
        report = lambda proof: click.echo(_line(proof), err=as_json)  # noqa: E731
        proofs = prove(found, design, parameters, Path(folder), time_limit=time_limit, report=report)
    proven = all(proof.holds for proof in proofs)
    if as_json:
        import attrs

        rows = [attrs.asdict(proof) for proof in proofs]
        click.echo(
            json.dumps(
                {"rule": found.name, "parameters": parameters, "proven": proven, "claims": rows}, indent=1
            )
        )
    else:
        click.echo(f"{'proven' if proven else 'NOT PROVEN'}: {found.name} with {_written(parameters)}")
    if not proven:
        raise click.exceptions.Exit(_NOT_PROVEN)


@hdl.command()
@click.argument("rule", metavar="RULE|FOLDER")
@_SET
@click.option(
    "--target",
    "targets",
    multiple=True,
    help="Of a rule ice40, hx8k, ecp5 or xilinx; of a network ecp5-85k, up5k or hx8k; all unless given.",
)
@_JSON
def synth(rule: str, settings: tuple[str, ...], targets: tuple[str, ...], as_json: bool) -> None:
    """Show what the lane of RULE takes and how fast it is, without and with a pipeline.

    Cells by yosys; the clock, in MHz, by nextpnr with three seeds. Nothing runs on an FPGA. Of a network: the same of
    its engine, with one seed, and block RAMs, on ecp5-85k, up5k or hx8k.
    """
    if Path(rule).is_dir():
        from sc_hardware.commands.engine import open_folder, synth_engine

        synth_engine(open_folder(Path(rule), None), targets, as_json)
        return
    from sc_hardware.verification.place_and_route import SEEDS, measure, tool_versions
    from sc_hardware.verification.synthesise import TARGETS

    found, design = _design(rule, settings, None, False)
    parameters = _defaults(design)
    lanes = {"lane": design}
    _found, pipelined = _design(rule, settings, None, True)
    if pipelined.latency > 1:
        lanes["pipelined lane"] = pipelined
    click.echo(_SYNTHESIS.format(*_SYNTHESIS_HEADS), err=as_json)
    rows = measure(
        lanes, parameters, targets or tuple(TARGETS), report=lambda row: click.echo(_row(row), err=as_json)
    )
    if as_json:
        import attrs

        report = {
            "rule": found.name,
            "parameters": parameters,
            "tools": tool_versions(),
            "flags": {name: [t.synthesis, " ".join(t.place_and_route)] for name, t in TARGETS.items()},
            "seeds": SEEDS,
            "results": [attrs.asdict(row) for row in rows],
            "hardware_measurement_claimed": False,
        }
        click.echo(json.dumps(report, indent=1))


_SYNTHESIS_HEADS = ("lane", "device", "LUT", "FF", "carry", "DSP", "clocks", "MHz, three seeds")
_SYNTHESIS = "{:15} {:16} {:>5} {:>5} {:>5} {:>4} {:>6}  {}"


def _row(row: Measured) -> str:
    used = row.usage
    mhz = " ".join(f"{clock:.1f}" for clock in row.clocks_mhz) or "-"
    return _SYNTHESIS.format(
        row.lane, row.device, used.luts, used.flip_flops, used.carries, used.multipliers, row.latency, mhz
    )


def _refuse_options_of_rules(context: click.Context) -> None:
    from sc_core.errors import ConfigurationError

    for name in ("settings", "pipelined", "read", "load", "vectors", "time_limit"):
        if name in context.params and context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            option = {"settings": "set"}.get(name, name.replace("_", "-"))
            raise ConfigurationError(
                f"--{option}", "is for rules; a network in a folder has what it was quantised to"
            )


def _design(
    name: str, settings: tuple[str, ...], module_name: str | None, pipelined: bool, **options: Any
) -> tuple[Rule, LaneDesign]:
    from sc_hardware.lane import build_lane
    from sc_hardware.rules.by_name import find_rule

    rule = find_rule(name)
    parameters = _parameters(settings)
    return rule, build_lane(
        rule, module_name=module_name, parameters=parameters, pipelined=pipelined, **options
    )


def _parameters(settings: tuple[str, ...]) -> dict[str, int]:
    from sc_core.errors import ConfigurationError

    parameters = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals or not value.removeprefix("-").isdecimal():
            raise ConfigurationError("--set", f"must be NAME=VALUE with a whole number, got {setting!r}")
        parameters[name] = int(value)
    return parameters


def _defaults(design: LaneDesign) -> dict[str, int]:
    return {parameter.name.lower(): parameter.default for parameter in design.lane.parameters}


def _written(parameters: dict[str, int]) -> str:
    return ", ".join(f"{name} {value}" for name, value in parameters.items()) or "no parameters"


def _line(proof: Proof) -> str:
    outcome = {True: "proven", False: "REFUTED", None: "not decided"}[proof.holds]
    return f"{outcome:12} {proof.seconds:6.1f} s  {proof.method:10} {proof.claim}"
