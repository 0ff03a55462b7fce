"""The spike methods by their names on the command line, and their options from plain values."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

from analytics.errors import OptionError
from analytics.models.base import SpikeResult
from analytics.models.farrington import FarringtonFlexible, FarringtonOptions
from analytics.models.rare import Rare, RareOptions
from analytics.models.spike import Spike, SpikeOptions
from analytics.panel import Panel
from analytics.settings import build

METHODS: dict[str, tuple[Any, Any]] = {
    "auto": (SpikeOptions, Spike),
    "farrington-flexible": (FarringtonOptions, FarringtonFlexible),
    "rare": (RareOptions, Rare),
}
"""Name -> (options, model)."""


class SpikeModel(Protocol):
    """What every spike method is: options inside, a panel in, a result out."""

    def fit(self, panel: Panel, first: date | None = None, last: date | None = None) -> SpikeResult:
        """Judge the weeks of *panel* from *first* to *last* (first days of weeks)."""
        ...


def spike_model(method: str, values: Mapping[str, Any]) -> SpikeModel:
    """The model called *method* with the options in *values*; raises OptionError for an unknown name or option."""
    if method not in METHODS:
        raise OptionError(f"method {method!r} is not known; choose from {', '.join(METHODS)}")
    kind, model = METHODS[method]
    values = dict(values)
    if method == "farrington-flexible" and (preset := values.pop("preset", None)) is not None:
        if preset != "r-default":
            raise OptionError(f"preset {preset!r} is not known; choose r-default")
        return made(model, build(kind, values, method), FarringtonOptions.r_default(), values)
    found: SpikeModel = model(build(kind, values, method))
    return found


def made(model: Any, given: Any, preset: Any, values: Mapping[str, Any]) -> SpikeModel:
    """*model* with the options of *preset*, but for those in *values*."""
    from dataclasses import replace

    found: SpikeModel = model(replace(preset, **{name: getattr(given, name) for name in values}))
    return found
