"""What a report shows: one frozen value, made by the pipeline, in which every number is already there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Optional

import pandas as pd

from analytics.definitions import SECTIONS
from analytics.errors import OptionError
from analytics.figures import numbers
from analytics.figures.levels import LEVELS
from analytics.flags.priority import PARTS
from analytics.models.base import SpikeResult
from analytics.models.decompose import Decomposition
from analytics.panel import Panel
from analytics.report.changes import Changes

if TYPE_CHECKING:
    import plotly.graph_objects as go

GROUPS = ("tactic", "actor", "killed")
"""What a `breakdown` may count by."""

_REQUIRED = {
    "flags": "week region_id region level reason",
    "episodes": "episode_id region_id region first_week last_week",
    "trends": "region_id region",
    "events": "event_id name starts_on",
    "not_judged": "region weeks reason",
    "incidents": "region_id week",
    "breakdown": "region_id kind name count per_week before_per_week",
    "level_changes": "region_id region week",
}
_OPTIONAL = {
    "flags": "measure kinds p_value q_value observed expected upper excess ratio growth growth_low growth_high "
    "p_growing killed wounded flag_id episode_id episode_week priority muted remarks p_spike p_ramp onset onset_edge ramp_growth sql "
    + " ".join(PARTS),
    "episodes": "measure weeks peak_level observed excess status not_judged_since closed_week reopened verdict muted remarks",
    "trends": "weeks incidents mean growth growth_low growth_high p_growing p_value q_value ratio ratio_low ratio_high "
    "doubling_weeks direction note",
    "events": "kind ends_on regions source notes",
    "not_judged": "region_id",
    "incidents": "occurred_on occurred_until date_precision admin1 admin2 location event_type tactic actor1 actor2 "
    "target killed killed_civilians killed_security wounded source_id source_name source_url notes",
    "breakdown": "weeks weeks_before",
    "level_changes": "week_low week_high probability before after ratio ratio_low ratio_high sentence",
}
COLUMNS = {name: (tuple(_REQUIRED[name].split()), tuple(_OPTIONAL[name].split())) for name in _REQUIRED}
"""Columns of each frame of a `ReportContent`: those it must have, and those added as missing values."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Extra:
    """A part of one's own: text, a chart, a table, and the SQL and command behind them."""

    heading: str
    text: str = ""
    chart: Optional["go.Figure"] = None
    """A figure whose annotations have a name each (a letter), which stands for their text on narrow screens."""
    marks: tuple[tuple[str, str], ...] = ()
    """What the letters in the chart stand for: letter and words."""
    weeks: pd.DataFrame | None = None
    """The rows that the chart draws; those of an event study (k, rate_ratio, low, high, ...) are also drawn still."""
    table: pd.DataFrame | None = None
    sql: str = ""
    command: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class ReportContent:
    """Everything one report shows; nothing statistical is computed from it.

    A frame that is None leaves its section out (or, with `reasons[section]`, leaves the reason in its place);
    an empty frame keeps the section, which then says that there is none. Frames are copied at the door; their
    columns are `COLUMNS`: the first group is required, the second is filled with missing values.
    Raises OptionError for a missing column, an unknown level or section, or a period that ends before it begins.
    """

    title: str
    period_first: date
    """First day of the judged weeks."""
    period_last: date
    """Last day of the judged weeks."""
    to: date
    headline: str
    """The paragraph that is read aloud; paragraphs after a blank line stand below it, lines that begin with "- " as a list."""
    subtitle: str = ""
    sections: tuple[str, ...] = SECTIONS
    """Sections that the page shows, in this order; those without content are left out."""
    simulated: bool = False
    """Also true whenever the panel is simulated."""
    as_of: datetime | None = None
    data_age: str = ""
    """How old the data are, as a sentence."""
    filters: tuple[str, ...] = ()
    """Filters in force, each readable alone; shown wherever numbers are."""
    totals: Mapping[str, Mapping[str, float | None]] = field(default_factory=dict)
    """Span ("latest week", "period", ...) -> measure ("incidents", "killed", "wounded") -> number, None if unknown."""
    changes: Changes | None = None
    """What changed since the last report."""
    extras: tuple[Extra, ...] = ()
    """Sections of one's own, after the headline."""
    panel: Panel | None = None
    """Whole history of the charted measure."""
    spikes: SpikeResult | None = None
    """Expected and upper of the charted weeks; its regions are the panel's."""
    charted: tuple[str, ...] = ()
    """Ids of regions of the panel whose charts are shown though nothing is flagged there."""
    streams: pd.DataFrame | None = None
    """Every judged region-week with its q-value, as in `Judgement.streams`; what the panel's files say of it."""
    decomposition: Decomposition | None = None
    """Level and season of the panel, or of those of its regions that have a chart."""
    chart_weeks: int = 156
    """Weeks drawn and embedded, counted back from the panel's last."""
    flags: pd.DataFrame | None = None
    """One row per flag; growth columns are fractions per week (0.08 = +8 % per week)."""
    episodes: pd.DataFrame | None = None
    trends: pd.DataFrame | None = None
    """One row per region; growth columns as in flags."""
    events: pd.DataFrame | None = None
    """One row per dated event; `regions` lists the ids of the regions and groups it was given, `concerns` the ids of
    the panel's regions in whose charts it belongs; an empty list, or none, means every region."""
    studies: tuple[Extra, ...] | None = None
    """Event studies: the finding first in the text, the event-time chart, the terms; an empty tuple: there is none."""
    level_changes: pd.DataFrame | None = None
    """One row per change of level of a region: the week it began with its interval, the chance that there is one in
    it, means a week before and after, and their ratio."""
    breakdown: pd.DataFrame | None = None
    """What the flagged regions' incidents were: region_id, kind (one of `GROUPS`), name, count in the report's weeks,
    per_week in them and before_per_week in the weeks before (per known week, missing where no week is known), and how
    many weeks those are; count is of incidents, or of people where kind is killed. Largest first within a kind."""
    backtest: Extra | None = None
    """How these settings did on the past; nothing is claimed where it is None."""
    boundaries: Mapping[str, Any] | None = None
    """GeoJSON FeatureCollection; every feature has the property region_id."""
    region_names: Mapping[str, str] = field(default_factory=dict)
    """Names of region ids that neither panel nor flags name (groups, neighbours)."""
    not_judged: pd.DataFrame | None = None
    quality: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    """Table heading -> table (loads, rejects, unknown weeks, imprecise dates, unplaced records, latest record)."""
    incidents: pd.DataFrame | None = None
    """Incidents behind flags: the flag's region_id and week, then incident columns."""
    methods: tuple[tuple[str, str], ...] = ()
    """(heading, text); blank lines separate paragraphs."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    """version, settings_hash, fingerprint, command, ...; in this order at the foot of the page."""
    sql: Mapping[str, str] = field(default_factory=dict)
    """Query text by what it makes: totals, flags, episodes, trends, events, incidents, not_judged, quality,
    overview, breakdown, level_changes, map, chart (every chart) or chart:REGION_ID (that one); other names are listed under Methods."""
    commands: Mapping[str, str] = field(default_factory=dict)
    """Command that reproduces it, by the same names as `sql`; provenance["command"] where a name is missing."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Section name -> why it is missing, shown in its place; in that of backtest a paragraph after "$ " is a command."""

    def __post_init__(self) -> None:
        if self.period_last < self.period_first:
            raise OptionError(f"the period ends {self.period_last}, before it begins {self.period_first}: swap them")
        if self.chart_weeks < 1:
            raise OptionError(f"chart_weeks must be at least 1, got {self.chart_weeks}")
        _check_sections(self.sections)
        for name in COLUMNS:
            object.__setattr__(self, name, _complete(name, getattr(self, name)))
        if self.panel is not None and self.panel.simulated:
            object.__setattr__(self, "simulated", True)
        _check_levels(self.flags)
        _check_groups(self.breakdown)
        _check_regions(self.events)


def _complete(name: str, frame: pd.DataFrame | None) -> pd.DataFrame | None:
    """A copy of *frame* with all columns that its section reads."""
    if frame is None:
        return None
    required, optional = COLUMNS[name]
    missing = [column for column in required if column not in frame.columns]
    if missing:
        raise OptionError(f"{name} has no column {', '.join(missing)}; it has {', '.join(map(str, frame.columns))}")
    copy = frame.reset_index(drop=True).copy()
    for column in optional:
        if column not in copy.columns:
            copy[column] = None
    return copy


def _check_levels(flags: pd.DataFrame | None) -> None:
    """Raise OptionError for a level that has no colour, shape or place in the order."""
    unknown = sorted(set(flags["level"]) - set(LEVELS)) if flags is not None else []
    if unknown:
        raise OptionError(f"flags have the level {unknown[0]!r}; choose one of {', '.join(LEVELS)}")


def _check_groups(breakdown: pd.DataFrame | None) -> None:
    """Raise OptionError for a kind of breakdown that no table shows."""
    unknown = sorted(set(breakdown["kind"]) - set(GROUPS)) if breakdown is not None else []
    if unknown:
        raise OptionError(f"breakdown has the kind {unknown[0]!r}; choose one of {', '.join(GROUPS)}")


def _check_sections(names: tuple[str, ...]) -> None:
    """Raise OptionError for a section that there is not, or that is named twice."""
    for number, name in enumerate(names):
        if name not in SECTIONS:
            raise OptionError(f"sections has {name!r}; choose from {', '.join(SECTIONS)}")
        if name in names[:number]:
            raise OptionError(f"sections names {name!r} twice; name it once")


def _check_regions(events: pd.DataFrame | None) -> None:
    """Raise OptionError where an event's regions are not a list of ids."""
    wrong = [] if events is None else [value for value in events["regions"] if not _listed(value)]
    if wrong:
        raise OptionError(f"regions of a dated event are {wrong[0]!r}; give a list of region ids")


def _listed(value: Any) -> bool:
    """True for a list, or nothing at all."""
    return numbers.is_listing(value) or numbers.is_missing(value)
