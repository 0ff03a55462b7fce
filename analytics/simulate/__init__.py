"""Panels and incident records whose truth is known, made from a seed."""

from analytics.simulate.designs import SCENARIOS, Scenario, SimulatedCounts, noufaily
from analytics.simulate.ramps import RampDesign, SimulatedRamps, ramps
from analytics.simulate.records import BUNDLED_SEED, SimulatedRecords, incident_records, write

__all__ = [
    "BUNDLED_SEED",
    "SCENARIOS",
    "RampDesign",
    "Scenario",
    "SimulatedCounts",
    "SimulatedRamps",
    "SimulatedRecords",
    "incident_records",
    "noufaily",
    "ramps",
    "write",
]
