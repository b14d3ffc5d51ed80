"""A folder's sources as a FuseSoC core (CAPI2), which build flows and edalize read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from sc_hardware import __version__

FILE_TYPES = {"verilog": "verilogSource-2001", "vhdl": "vhdlSource-2008"}
"""By HDL backend; files of other backends are listed as ``user``."""
_SIMULATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "verilog": ("sim", {"tool": "icarus", "iverilog_options": ["-g2001", "-Wall"]}),
    "vhdl": ("sim_vhdl", {"tool": "ghdl", "analyze_options": ["--std=08"]}),
}


def core_file(
    name: str,
    description: str,
    sources: Mapping[str, Sequence[str]],
    *,
    top: str,
    testbenches: Mapping[str, Sequence[str]],
    data: Sequence[str] = (),
    constraints: Mapping[str, str] | None = None,
) -> str:
    """Return a core file.

    Parameters
    ----------
    name : str
        Of the core.
    description : str
    sources, testbenches : mapping of str to sequence of str
        Files by HDL backend, each after those that it needs.
    top : str
        The top module; its testbench is ``<top>_tb``.
    data : sequence of str
        What simulations and memories read while they run.
    constraints : mapping of str to str, optional
        A file by its type: ``{"engine.lpf": "LPF"}``.

    Returns
    -------
    str
        Targets: ``default`` (sources), ``lint`` (Verilator), ``sim`` (Icarus) and ``sim_vhdl`` (GHDL), as far as the
        backends are among the sources.

    Examples
    --------
    >>> sources, testbenches = {"verilog": ["lane.v"]}, {"verilog": ["lane_tb.v"]}
    >>> core_file("lane", "One lane.", sources, top="lane", testbenches=testbenches).splitlines()[:2]
    ['CAPI=2:', 'name: ::lane:0.1.0']
    """
    filesets: dict[str, Any] = {}
    for kind, files in (("", sources), ("_testbench", testbenches)):
        for language, named in files.items():
            filesets[language + kind] = {"files": list(named), "file_type": FILE_TYPES.get(language, "user")}
    if data:
        # Programs look for these where they run, not where the core lies.
        filesets["data"] = {"files": [{file: {"file_type": "user", "copyto": file}} for file in data]}
    if constraints:
        filesets["constraints"] = {
            "files": [{file: {"file_type": kind}} for file, kind in constraints.items()]
        }
    always = ["data"] if data else []
    preferred = "verilog" if "verilog" in sources else next(iter(sources))
    targets: dict[str, Any] = {"default": {"filesets": [preferred, *always], "toplevel": top}}
    if "verilog" in sources:
        targets["lint"] = {
            "filesets": ["verilog"],
            "toplevel": top,
            "flow": "lint",
            "flow_options": {
                "tool": "verilator",
                "verilator_options": ["-Wall", "--default-language", "1364-2001"],
            },
        }
    for language, (target, options) in _SIMULATIONS.items():
        if language in testbenches:
            targets[target] = {
                "filesets": [language, f"{language}_testbench", *always],
                "toplevel": f"{top}_tb",
                "flow": "sim",
                "flow_options": options,
            }
    table = {
        "name": f"::{name}:{__version__}",
        "description": " ".join(description.split()),
        "filesets": filesets,
        "targets": targets,
    }
    text: str = yaml.safe_dump(table, sort_keys=False, allow_unicode=True, width=100)
    return f"CAPI=2:\n{text}"
