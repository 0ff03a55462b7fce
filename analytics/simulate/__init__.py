"""Panels and incident records whose truth is known, made from a seed."""

from analytics.simulate.clusters import ClusterDesign, SimulatedClusters, clusters
from analytics.simulate.designs import SCENARIOS, Scenario, SimulatedCounts, noufaily
from analytics.simulate.feeds import delayed, dropped, reported
from analytics.simulate.ramps import RampDesign, SimulatedRamps, ramps
from analytics.simulate.records import BUNDLED_SEED, SimulatedRecords, incident_records, write
from analytics.simulate.sums import SimulatedSums, SumDesign, sums

__all__ = [
    "BUNDLED_SEED",
    "SCENARIOS",
    "ClusterDesign",
    "RampDesign",
    "Scenario",
    "SimulatedClusters",
    "SimulatedCounts",
    "SimulatedRamps",
    "SimulatedRecords",
    "SimulatedSums",
    "SumDesign",
    "clusters",
    "delayed",
    "dropped",
    "incident_records",
    "noufaily",
    "ramps",
    "reported",
    "sums",
    "write",
]
