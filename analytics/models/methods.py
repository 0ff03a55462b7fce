"""The spike methods by their names on the command line, and their options from plain values."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from importlib import import_module
from typing import Any, Protocol

from analytics.errors import OptionError
from analytics.models.base import SpikeResult
from analytics.panel import Panel
from analytics.settings import build

METHODS: dict[str, tuple[str, str, str]] = {
    "auto": ("spike", "SpikeOptions", "Spike"),
    "farrington-flexible": ("farrington", "FarringtonOptions", "FarringtonFlexible"),
    "farrington": ("farrington_1996", "Farrington1996Options", "Farrington1996"),
    "ears-c1": ("ears", "EarsOptions", "EarsC1"),
    "ears-c2": ("ears", "EarsOptions", "EarsC2"),
    "ears-c3": ("ears", "EarsC3Options", "EarsC3"),
    "cusum": ("cusum", "CusumOptions", "Cusum"),
    "glr-poisson": ("glr", "GlrOptions", "GlrPoisson"),
    "glr-nb": ("glr", "GlrNbOptions", "GlrNb"),
    "bayes": ("bayes", "BayesOptions", "Bayes"),
    "rki": ("rki", "RkiOptions", "Rki"),
    "predictive": ("predictive", "PredictiveOptions", "Predictive"),
    "joint": ("joint", "JointOptions", "Joint"),
    "compound": ("compound", "CompoundOptions", "Compound"),
    "ramp": ("ramp", "RampOptions", "Ramp"),
    "rare": ("rare", "RareOptions", "Rare"),
    "mean-sd": ("practice", "MeanSdOptions", "MeanSd"),
    "acled-surge": ("practice", "SurgeOptions", "Surge"),
    "acled-threat": ("practice", "ThreatOptions", "Threat"),
    "hdx-maximum": ("practice", "MaximumOptions", "Maximum"),
}
"""Name -> (module, options, model) in analytics.models; a module is imported when its method is asked for."""


class SpikeModel(Protocol):
    """What every spike method is: options inside, a panel in, a result out."""

    def fit(self, panel: Panel, first: date | None = None, last: date | None = None) -> SpikeResult:
        """Judge the weeks of *panel* from *first* to *last* (first days of weeks)."""
        ...


def spike_model(method: str, values: Mapping[str, Any]) -> SpikeModel:
    """The model called *method* with the options in *values*; raises OptionError for an unknown name or option.

    A value called *preset* names options to start from, where the method has such: farrington-flexible r-default,
    bayes bayes-1 to bayes-3, rki rki-1 to rki-3.
    """
    if method not in METHODS:
        raise OptionError(f"method {method!r} is not known; choose from {', '.join(METHODS)}")
    module, options, model = METHODS[method]
    home = import_module(f"analytics.models.{module}")
    values = dict(values)
    preset = values.pop("preset", None)
    given = build(getattr(home, options), values, method)
    if preset is not None:
        given = replace(_preset(method, home, preset), **{name: getattr(given, name) for name in values})
    found: SpikeModel = getattr(home, model)(given)
    return found


def _preset(method: str, home: Any, name: str) -> Any:
    """The options called *name* of a method; raises OptionError naming those that there are."""
    presets = {"r-default": home.FarringtonOptions.r_default()} if method == "farrington-flexible" else {}
    presets = presets or getattr(home, "PRESETS", {})
    if name not in presets:
        known = f"choose {', '.join(presets)}" if presets else f"{method} has none"
        raise OptionError(f"preset {name!r} is not known; {known}")
    return presets[name]
