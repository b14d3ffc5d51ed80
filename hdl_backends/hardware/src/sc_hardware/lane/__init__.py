"""Lanes: a rule as hardware that steps one synapse per clock, described in no particular language."""

from sc_hardware.lane.build import build_lane, check_module_name
from sc_hardware.lane.design import LaneDesign, Module

__all__ = ["LaneDesign", "Module", "build_lane", "check_module_name"]
