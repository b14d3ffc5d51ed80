"""What stands beside emitted sources: folders that appear whole, drawings, waveforms, file lists."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
import yaml

from sc_core.errors import ConfigurationError
from sc_hardware.emission.drawing import Drawing
from sc_hardware.emission.file_list import core_file
from sc_hardware.emission.new_folder import new_folder
from sc_hardware.emission.waveform import Trace, waveform_svg

SVG = "{http://www.w3.org/2000/svg}"


def parsed(svg):
    return ElementTree.fromstring(svg)  # noqa: S314 -- written a line above


def test_a_folder_appears_whole_or_not_at_all(tmp_path):
    place = tmp_path / "above" / "design"

    def fill_and_fail():
        with new_folder(place) as unfinished:
            (unfinished / "file").write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fill_and_fail()
    assert list(place.parent.iterdir()) == []
    with new_folder(place) as unfinished:
        (unfinished / "file").write_text("whole")
    assert [path.name for path in place.parent.iterdir()] == ["design"]
    with pytest.raises(ConfigurationError, match="exists"), new_folder(place):
        pass
    assert (place / "file").read_text() == "whole"


def test_a_drawing_keeps_every_character_of_its_text():
    drawing = Drawing(10, 10, "a < b & c")
    drawing.text(1, 2, '<"&')
    root = parsed(drawing.svg())
    assert root.find(f"{SVG}title").text == "a < b & c"
    assert root.find(f"{SVG}text").text == '<"&'


def texts(svg):
    return [element.text for element in parsed(svg).iter(f"{SVG}text")]


def test_a_waveform_has_a_box_for_each_run_of_a_number_and_a_line_for_bits():
    bits, numbers = Trace("spike", "bit", (0, 1, 1, 0)), Trace("level", "signed", (-5, -5, 7, None))
    svg = waveform_svg("two lanes", "clk", [bits, numbers])
    assert svg == waveform_svg("two lanes", "clk", [bits, numbers])
    words = texts(svg)
    assert [word for word in words if word in ("-5", "7", "x")] == ["-5", "7", "x"]
    assert {"clk", "spike", "level", "two lanes", "0", "3"} <= set(words)
    lines = [line.get("points").split() for line in parsed(svg).iter(f"{SVG}polyline")]
    spike = [point.split(",") for point in lines[-1]]
    heights = [float(y) for _x, y in spike]
    assert [heights[2 * clock] for clock in range(4)] == [heights[0], heights[2], heights[2], heights[0]]
    assert heights[2] < heights[0]  # y points down


def test_a_core_file_lists_sources_before_testbenches_and_what_they_read():
    text = core_file(
        "design",
        'first: "line"\nsecond',
        {"verilog": ["part.v", "top.v"], "vhdl": ["top.vhd"]},
        top="top",
        testbenches={"verilog": ["top_tb.v"], "vhdl": ["top_tb.vhd"]},
        data=["top_tb.hex"],
        constraints={"top.lpf": "LPF"},
    )
    first, _, rest = text.partition("\n")
    assert first == "CAPI=2:"
    core = yaml.safe_load(rest)
    assert core["description"] == 'first: "line" second'
    files = {target: [] for target in core["targets"]}
    for target, found in files.items():
        for fileset in core["targets"][target]["filesets"]:
            found += [next(iter(f)) if isinstance(f, dict) else f for f in core["filesets"][fileset]["files"]]
    assert files == {
        "default": ["part.v", "top.v", "top_tb.hex"],
        "lint": ["part.v", "top.v"],
        "sim": ["part.v", "top.v", "top_tb.v", "top_tb.hex"],
        "sim_vhdl": ["top.vhd", "top_tb.vhd", "top_tb.hex"],
    }
    assert core["targets"]["sim"]["toplevel"] == "top_tb"
    assert core["filesets"]["constraints"]["files"] == [{"top.lpf": {"file_type": "LPF"}}]
    only = yaml.safe_load(core_file("d", "", {"vhdl": ["d.vhd"]}, top="d", testbenches={}).partition("\n")[2])
    assert set(only["targets"]) == {"default"}
