"""Fabricated contents of reports for the tests of figures and report: simulated and seeded."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd

from analytics.figures.study import study_figure
from analytics.models.base import SpikeResult
from analytics.models.discovery import q_values
from analytics.panel import Panel, Status
from analytics.report import Extra, ReportContent
from analytics.report.changes import EPISODES, FIGURES, RECORDS, SETTINGS, Changes
from analytics.weeks import week_range

REGIONS = {
    "IQ-AN": ("Anbar", 41.5, 33.0, 6.0),
    "IQ-BA": ("Basra", 47.4, 30.4, 0.6),
    "IQ-BB": ("Babil", 44.5, 32.5, 1.5),
    "IQ-BG": ("Baghdad", 44.4, 33.4, 9.0),
    "IQ-DI": ("Diyala", 45.1, 33.9, 4.0),
    "IQ-KI": ("Kirkuk", 44.3, 35.4, 3.5),
    "IQ-NI": ("Nineveh", 42.6, 36.1, 5.0),
    "IQ-SD": ("Salah al-Din", 43.6, 34.6, 3.0),
    "IQ-SU": ("Sulaymaniyah — سلێمانی", 45.4, 35.6, 0.3),
    "IQ-MU": ("Muthanna", 45.4, 30.3, 0.05),
}
"""Name, longitude and latitude of a square that stands for the region, and mean count a week."""
WEEKS = week_range(date(2018, 1, 1), date(2021, 12, 20))
JUDGED = 12


def boundaries(size: float = 0.55) -> dict[str, Any]:
    """A square for each region, and one for a neighbour that no report holds."""
    places = {**{key: value[:3] for key, value in REGIONS.items()}, "XX-1": ("Elsewhere", 47.2, 33.0)}
    return {"type": "FeatureCollection", "features": [_square(key, *place, size) for key, place in places.items()]}


def _square(region_id: str, name: str, x: float, y: float, size: float) -> dict[str, Any]:
    corners = [
        (x - size, y - size),
        (x + size, y - size),
        (x + size, y + size),
        (x - size, y + size),
        (x - size, y - size),
    ]
    geometry = {"type": "Polygon", "coordinates": [[list(corner) for corner in corners]]}
    return {"type": "Feature", "properties": {"region_id": region_id, "name": name}, "geometry": geometry}


def panel() -> Panel:
    """Counts from a seed: a ramp in Diyala, a spike in Kirkuk, a stretch of Anbar that nobody reported on."""
    means = np.array([region[3] for region in REGIONS.values()])
    values = np.random.default_rng(20211203).poisson(means, (len(WEEKS), len(means))).astype(np.float64)
    ids = tuple(REGIONS)
    values[-9:, ids.index("IQ-DI")] = [5, 6, 8, 9, 11, 12, 14, 17, 19]
    values[-3, ids.index("IQ-KI")] = 14
    values[-1, ids.index("IQ-SD")] = 9
    status = np.full(values.shape, int(Status.KNOWN), dtype=np.uint8)
    status[60:85, ids.index("IQ-AN")] = Status.UNKNOWN
    status[-2:, ids.index("IQ-BA")] = Status.UNKNOWN
    status[120:123, ids.index("IQ-DI")] = Status.UNKNOWN
    values[status != Status.KNOWN] = np.nan
    names = tuple(region[0] for region in REGIONS.values())
    return Panel(
        weeks=WEEKS,
        region_ids=ids,
        region_names=names,
        values=values,
        status=status,
        to=date(2021, 12, 26),
        simulated=True,
    )


def spikes(panel: Panel) -> SpikeResult:
    """A stand-in for a model's answers over the last 104 weeks: flat means, and quiet regions not judged."""
    weeks = panel.weeks[-104:]
    observed = panel.values[-104:]
    season = 1 + 0.15 * np.sin(np.arange(104) / 52 * 2 * np.pi)[:, None]
    expected = np.nanmean(panel.values[:-12], axis=0)[None, :] * season
    note = np.full(observed.shape, "", dtype=object)
    note[:, expected[0] < 0.2] = "fewer than 10 incidents in the baseline"
    note[np.isnan(observed)] = "unknown: no reporting"
    blank = note != ""
    upper = np.where(blank, np.nan, expected + 2.6 * np.sqrt(expected) + 0.5)
    expected = np.where(blank, np.nan, expected)
    p_value = np.where(blank, np.nan, np.exp(-(np.maximum(observed - expected, 0) ** 2) / (2 * expected) - 0.7))
    return SpikeResult(
        panel=panel,
        method="stand-in",
        options=None,
        weeks=weeks,
        observed=observed,
        expected=expected,
        upper=upper,
        p_value=p_value,
        score=(observed - expected) / (upper - expected),
        alarm=observed > upper,
        note=note,
        judged_by=np.where(blank, "", "stand-in").astype(object),
    )


def _level(ratio: float) -> str:
    return "alert" if ratio >= 3.5 else "warning" if ratio >= 2.7 else "watch"


def flags(panel: Panel, spikes: SpikeResult) -> pd.DataFrame:
    """Flags wherever the stand-in's threshold is passed in the judged weeks."""
    frame = spikes.frame()
    frame = frame[frame["alarm"] & (frame["week"] >= pd.Timestamp(panel.weeks[-JUDGED]))].copy()
    frame["excess"] = frame["observed"] - frame["expected"]
    frame["ratio"] = frame["observed"] / frame["expected"]
    frame["level"] = frame["ratio"].map(_level)
    ramp = frame["region_id"] == "IQ-DI"
    frame["kinds"] = np.where(ramp, "spike, trend", "spike")
    frame["measure"] = "incidents"
    frame["q_value"] = np.minimum(frame["p_value"] * 3, 1)
    frame["growth"], frame["growth_low"], frame["growth_high"] = (
        np.where(ramp, rate, np.nan) for rate in (0.12, 0.04, 0.21)
    )
    frame["p_growing"] = np.where(ramp, 0.998, np.nan)
    frame["killed"], frame["wounded"] = (frame["observed"] * 1.4).round(), (frame["observed"] * 0.8).round()
    frame["episode_id"] = frame["region_id"] + "/incidents/2021-11-15"
    frame["reason"] = [_reason(row) for row in frame.to_dict("records")]
    frame["onset"] = np.where(ramp, pd.Timestamp("2021-11-01"), pd.NaT)
    frame["kinds"] = frame["kinds"] + np.where(ramp, ", ramp", "")
    points = {"level": 30.0, "excess": 12.4, "ratio": 6.5, "growth": 9.0, "lethality": 8.1, "record": 0.0, "new": 5.0}
    frame["priority"] = sum(points.values())
    for part, value in points.items():
        frame[f"priority_{part}"] = value
    frame["muted"] = np.where(frame["region_id"] == "IQ-KI", "until 31 Dec 2021: a known operation", "")
    frame["remarks"] = np.where(frame["region_id"] == "IQ-SD", "confirmed: two sources agree", "")
    frame["sql"] = "SELECT * FROM flag_incidents WHERE region_id = 'IQ-DI'"
    return frame


def _reason(row: dict[str, Any]) -> str:
    growing = (
        " Counts have grown by 12 % a week (95 % interval 4 % to 21 %) over the last 26 weeks."
        if row["region_id"] == "IQ-DI"
        else ""
    )
    return (
        f"{row['region']} had {row['observed']:.0f} incidents where {row['expected']:.1f} are normal for the season "
        f"(alarm above {row['upper']:.1f}); chance of that many in a normal week: {row['p_value']:.2g}.{growing}"
    )


def trends(panel: Panel) -> pd.DataFrame:
    """One row per region, with every direction there is."""
    directions = [
        "steady",
        "unclear",
        "falling",
        "steady",
        "rising fast",
        "rising",
        "falling fast",
        "rising",
        "quiet",
        "quiet",
    ]
    growth = [0.004, 0.02, -0.031, -0.002, 0.12, 0.045, -0.09, 0.038, np.nan, np.nan]
    rate = np.array(growth)
    counts = np.nansum(panel.values[-26:], axis=0)
    return pd.DataFrame(
        {
            "region_id": panel.region_ids,
            "region": panel.region_names,
            "weeks": 26,
            "incidents": counts,
            "mean": counts / 26,
            "growth": rate,
            "growth_low": rate - 0.05,
            "growth_high": rate + 0.06,
            "p_growing": 1 / (1 + np.exp(-40 * rate)),
            "p_value": np.exp(-60 * np.abs(rate)),
            "doubling_weeks": np.where(rate > 0.03, np.log(2) / np.log1p(np.abs(rate)), np.nan),
            "direction": directions,
            "note": [""] * 8 + ["too few incidents: 2 in 26 weeks", "too few incidents: 1 in 26 weeks"],
        }
    )


def events() -> pd.DataFrame:
    """Dated events, some at one day, some over a span, one for one region only."""
    rows = [
        ("e1", "election", "Parliamentary election", "2021-10-10", None, ["IQ"], "https://example.org/election", ""),
        (
            "e2",
            "operation",
            "Joint operation announced",
            "2021-11-03",
            "2021-11-20",
            ["IQ-DI", "IQ-KI"],
            "fabricated",
            "announced, dates of the sweep unclear",
        ),
        ("e3", "withdrawal", "Coalition combat mission ends", "2021-12-09", None, [], "fabricated", ""),
        ("e4", "election", "Parliamentary election", "2018-05-12", None, ["IQ"], "fabricated", ""),
        ("e5", "other", "Curfew", "2020-03-17", "2020-06-01", ["IQ"], "javascript:alert(1)", ""),
        ("e6", "control", "Change of control", "2019-08-01", None, ["disputed-territories", "IQ-KI"], "fabricated", ""),
    ]
    frame = pd.DataFrame(
        rows, columns=["event_id", "kind", "name", "starts_on", "ends_on", "regions", "source", "notes"]
    )
    return frame.assign(concerns=[[] if regions == ["IQ"] else regions for regions in frame["regions"]])


def incidents(flags: pd.DataFrame) -> pd.DataFrame:
    """Two incidents behind each flag."""
    numbered = enumerate(flags.to_dict("records"))
    return pd.DataFrame([_incident(flag, number, extra) for number, flag in numbered for extra in (0, 3)])


def _incident(flag: dict[Any, Any], number: int, extra: int) -> dict[str, Any]:
    return {
        "region_id": flag["region_id"],
        "week": flag["week"],
        "occurred_on": flag["week"] + pd.Timedelta(days=extra),
        "date_precision": "day",
        "admin1": flag["region"],
        "admin2": "Kifri",
        "location": "Kifri",
        "event_type": "attack",
        "tactic": "hit-and-run",
        "actor1": "ISIS",
        "actor2": "Peshmerga",
        "killed": 3 + extra,
        "killed_civilians": extra,
        "killed_security": 3,
        "wounded": 2,
        "source_id": f"S{number}-{extra}",
        "source_name": "Simulated record",
        "source_url": "https://example.org/record/1" if extra else "ftp://example.org/2",
        "notes": "",
    }


def breakdown(flags: pd.DataFrame) -> pd.DataFrame:
    """What the flagged regions' incidents were: two tactics, two actors, two groups killed."""
    rows = [
        (region_id, kind, name, count, count / JUDGED, before / 52, JUDGED, 52)
        for region_id in dict.fromkeys(flags["region_id"])
        for kind, name, count, before in (
            ("tactic", "hit-and-run", 41, 20),
            ("tactic", "IED", 6, 40),
            ("actor", "ISIS", 44, 52),
            ("actor", "داعش", 3, 8),
            ("killed", "civilians", 12, 30),
            ("killed", "security forces", 70, 10),
        )
    ]
    columns = ["region_id", "kind", "name", "count", "per_week", "before_per_week", "weeks", "weeks_before"]
    return pd.DataFrame(rows, columns=columns)


def study_weeks() -> pd.DataFrame:
    """Weeks around an event, in the columns of a study's chart."""
    weeks = np.array([*range(-12, 0), *range(1, 13)])
    ratio = np.where(weeks > 0, 1.8, 1.0) + 0.1 * np.sin(weeks)
    frame = pd.DataFrame({"k": pd.array(weeks, dtype="Int64"), "rate_ratio": ratio})
    frame["low"], frame["high"] = ratio / 1.5, ratio * 1.5
    frame["placebo_low"], frame["placebo_high"] = 0.6, 1.7
    frame["observed"], frame["expected"] = np.round(4 * ratio), 4.0
    return frame


def studies() -> tuple[Extra, ...]:
    """One event study."""
    weeks = study_weeks()
    return (
        Extra(
            heading="Parliamentary election",
            text="More followed: 1.8 times what the weeks before lead one to expect.\n\nOf 200 other dates 4 show as much.",
            chart=study_figure(weeks, title="Parliamentary election: incidents", simulated=True),
            weeks=weeks,
            table=pd.DataFrame(
                {"term": ["after"], "rate_ratio": [1.8], "low": [1.2], "high": [2.7], "p_placebo": [0.02]}
            ),
            sql="SELECT week FROM weekly('admin1')",
            command="incidents study --event e1",
        ),
    )


def level_changes() -> pd.DataFrame:
    """One change of level."""
    return pd.DataFrame(
        {
            "region_id": ["IQ-DI"],
            "region": ["Diyala"],
            "week": [pd.Timestamp("2021-10-25")],
            "before": [4.1],
            "after": [11.2],
            "ratio": [2.7],
            "ratio_low": [2.1],
            "ratio_high": [3.5],
            "sentence": ["Diyala has had 2.7 times as many incidents a week since 25 October 2021."],
        }
    )


def quality() -> dict[str, pd.DataFrame]:
    """The tables of the data-quality section."""
    return {
        "Loads": pd.DataFrame(
            {
                "load": [1],
                "file": ["simulated_incidents.csv"],
                "records": [4812],
                "accepted": [4809],
                "rejected": [3],
                "loaded_at": [pd.Timestamp("2022-01-03 06:00")],
            }
        ),
        "Rejects": pd.DataFrame({"reason": ["killed is negative"], "records": [3]}),
        "Unknown weeks": pd.DataFrame(
            {"region": ["Anbar", "Basra"], "weeks": [25, 2], "first": pd.to_datetime(["2019-02-25", "2021-12-13"])}
        ),
        "Imprecise dates": pd.DataFrame({"precision": ["month"], "records": [41], "policy": ["exclude"]}),
        "Unplaced records": pd.DataFrame({"name": [], "records": []}),
    }


def full() -> ReportContent:
    """A report with every section."""
    counts = panel()
    result = spikes(counts)
    flagged = flags(counts, result)
    trend = trends(counts)
    return ReportContent(
        title="Weekly escalation report: Iraq",
        subtitle="Governorates, incidents a week",
        simulated=True,
        period_first=date(2021, 10, 4),
        period_last=date(2021, 12, 26),
        to=date(2021, 12, 26),
        as_of=datetime(2022, 1, 3, 6, 0, tzinfo=UTC),
        data_age="The latest incident is 1 day older than the end of the period.",
        filters=("source simulated", "all event types", "governorates"),
        headline=(
            "Violence is escalating in Diyala: 19 incidents in the week of 20 December 2021 where 4.0 are normal, "
            "the ninth week of a rise of 12 % a week. Salah al-Din is flagged for a single week. Two regions could not be judged."
        ),
        totals={
            "week of 20 December 2021": {"incidents": 51, "killed": 62, "wounded": 40},
            "period, 12 weeks": {"incidents": 441, "killed": 530, "wounded": 388},
        },
        panel=counts,
        spikes=result,
        streams=result.frame().assign(measure="incidents", q_value=q_values(result.p_value).ravel()),
        flags=flagged,
        episodes=pd.DataFrame(
            {
                "episode_id": ["IQ-DI/incidents/2021-11-15"],
                "region_id": ["IQ-DI"],
                "region": ["Diyala"],
                "measure": ["incidents"],
                "first_week": [pd.Timestamp("2021-11-15")],
                "last_week": [pd.Timestamp("2021-12-20")],
                "weeks": [6],
                "peak_level": ["alert"],
                "observed": [82],
                "excess": [58.3],
                "status": ["open"],
            }
        ),
        trends=trend.assign(q_value=trend["p_value"] * 2, ratio=2.0, ratio_low=1.5, ratio_high=2.6),
        level_changes=level_changes(),
        events=events(),
        studies=studies(),
        backtest=Extra(
            heading="How these settings did on the past",
            text="In ten past years they raised two false flags a year.",
            table=pd.DataFrame({"year": [2019, 2020], "false_flags": [1, 3]}),
            command="incidents backtest",
        ),
        boundaries=boundaries(),
        region_names={"IQ": "Iraq", "disputed-territories": "Disputed territories"},
        not_judged=pd.DataFrame(
            {
                "region": ["Basra", "Muthanna"],
                "weeks": ["13 Dec to 26 Dec 2021", "all 12"],
                "reason": ["unknown: no reporting", "fewer than 10 incidents in the baseline"],
            }
        ),
        quality=quality(),
        incidents=incidents(flagged),
        breakdown=breakdown(flagged),
        methods=(
            ("Baseline", "A stand-in for a model.\n\nIt is flat."),
            ("Flags", "A flag needs p, q and an effect size."),
        ),
        settings={"alpha": 0.01, "weeks": "monday", "judge_weeks": JUDGED},
        provenance={
            "version": "0.1.0",
            "settings_hash": "3f2a",
            "fingerprint": "a81c",
            "command": "incidents report weekly --to 2021-12-26 --as-of 2022-01-03T06:00:00",
        },
        sql={
            "chart": "SELECT week, region_id, value, status\nFROM weekly(level := 'admin1', measure := 'incidents')\n"
            "ORDER BY week",
            "flags": "SELECT * FROM flags WHERE week >= DATE '2021-10-04'",
            "loads": "SELECT * FROM loads",
        },
    )


def quiet() -> ReportContent:
    """The same report when nothing is flagged."""
    content = full()
    assert content.flags is not None and content.incidents is not None
    return replace(
        content,
        headline="No region is flagged: violence stayed within what is normal there in all weeks that could be judged.",
        flags=content.flags.iloc[0:0],
        incidents=content.incidents.iloc[0:0],
        episodes=None,
        studies=None,
    )


PAYLOADS = (
    "<script>window.broken = 1</script>",
    "\"><img src=x onerror='window.broken = 2'>",
    "</script><script>window.broken = 3</script>",
    '=HYPERLINK("https://example.org")',
    "\u202egnirts desrever\u2028next",
    "<b>%{meta.y}</b> <a href='javascript:window.broken=4'>x</a> &lt;i&gt; {{ 7 * 7 }} $x^2$",
    "n" * 10_000,
)
"""Texts that break pages that do not escape."""


def hostile(payload: str) -> ReportContent:
    """The full report with *payload* in every text of every frame and setting, and as the name of every region."""
    content = full()
    assert content.panel is not None and content.spikes is not None and content.breakdown is not None
    counts = replace(content.panel, region_names=tuple(f"{payload} {name}" for name in content.panel.region_names))
    frames = {
        field.name: _poisoned(getattr(content, field.name), payload)
        for field in fields(content)
        if isinstance(getattr(content, field.name), pd.DataFrame)
    }
    frames["breakdown"] = content.breakdown.assign(name=payload)
    return replace(
        content,
        **frames,
        panel=counts,
        spikes=replace(content.spikes, panel=counts),
        title=payload,
        subtitle=payload,
        headline=payload,
        data_age=payload,
        filters=(payload,),
        totals={payload: {payload: 3}},
        region_names={"IQ": payload},
        quality={payload: pd.DataFrame({payload: [payload]})},
        methods=((payload, payload),),
        settings={payload: payload},
        provenance={payload: payload, "command": payload},
        sql={"chart": payload, payload: payload},
        reasons={"flags": payload},
        changes=poisoned_changes(payload),
        extras=(_part(f"{payload} beside"),),
        studies=(_part(payload),),
        backtest=_part(payload),
    )


def _part(payload: str) -> Extra:
    """A part whose every text is *payload*."""
    weeks = study_weeks()
    return Extra(
        heading=payload,
        text=payload,
        chart=study_figure(weeks, title=payload, simulated=True),
        marks=(("A", payload),),
        weeks=weeks,
        table=pd.DataFrame({payload: [payload]}),
        sql=payload,
        command=payload,
    )


def poisoned_changes(payload: str) -> Changes:
    """Changes with *payload* in every text, one row in each table."""
    days = dict.fromkeys(("first_week", "last_week", "closed_week", "week", "day_before", "day_now"), "2021-12-13")
    known = {**days, "level_before": "watch", "level_now": "alert"}
    rows = {
        name: pd.DataFrame([{column: known.get(column, payload) for column in columns}])
        for name, columns in (("episodes", EPISODES), ("records", RECORDS), ("settings", SETTINGS))
    }
    numbers = {column: 1 for column in FIGURES if column.startswith(("incidents", "killed"))}
    texts = {"week": "2021-12-13", "region_id": payload, "region": payload}
    records = rows["records"].assign(killed_before=1, killed_now=2)
    return Changes(
        sentence=payload,
        since=payload,
        caveats=(payload,),
        unmoving=3,
        episodes=rows["episodes"].assign(weeks=1),
        figures=pd.DataFrame([texts | numbers]),
        records=records,
        settings=rows["settings"],
    )


def _poisoned(frame: pd.DataFrame, payload: str) -> pd.DataFrame:
    """*frame* with *payload* in each column of text, except those whose values are keys or levels."""
    kept = {
        "region_id",
        "week",
        "level",
        "peak_level",
        "regions",
        "concerns",
        "starts_on",
        "ends_on",
        "measure",
        "status",
    }
    texts = [
        name
        for name in frame.columns
        if name not in kept and frame[name].map(lambda value: isinstance(value, str)).any()
    ]
    return frame.assign(**dict.fromkeys(texts, payload))
