"""What changed since the last recorded report: the same report, level, measure and filter, earlier in its order."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from analytics import __version__
from analytics.figures import numbers
from analytics.flags import LEVELS
from analytics.pipeline.analysis import Analysis
from analytics.pipeline.content import flat
from analytics.pipeline.log import series
from analytics.pipeline.moved import Moved, moved
from analytics.report.changes import EPISODES, SETTINGS, Changes
from analytics.sources.base import literal
from analytics.store import Store, data_fingerprint, episodes_of, last_run, log_begins

ORDER = ("new", "escalated", "reopened", "continuing", "not judged", "closed", "withdrawn", "revised")
"""What becomes of an episode from one report to the next, in the order of the table."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """What changed from the last recorded report to this one, in all that it shows; and, from that, in each region."""

    whole: Changes
    previous: Mapping[str, Any] | None = None
    """The run of the last report; None where there is none."""
    found: Moved | None = None

    def of_region(self, region_id: str) -> Changes:
        """What changed in one region: its episodes, its figures and the records behind them, of the same frames."""
        if self.previous is None or self.found is None:
            return self.whole
        episodes = self.whole.episodes[self.whole.episodes["region_id"] == region_id]
        return _told(self.whole, self.previous, episodes, self.found.of_regions((region_id,)))


def changes_since(store: Store, name: str, analysis: Analysis) -> Changes:
    """What changed from the last recorded report called *name* to this *analysis*."""
    return compare(store, name, analysis).whole


def compare(store: Store, name: str, analysis: Analysis) -> Comparison:
    """Compare *analysis* with the last recorded report called *name*."""
    run = series(analysis.panel, analysis.settings.regions)
    previous = last_run(store, name, run)
    if previous is None:
        return Comparison(whole=Changes(sentence=_no_earlier(store, name, run)))
    last, settings = previous["last_week"] + timedelta(days=6), analysis.settings
    found = moved(store, settings, since=previous["as_of"], now=analysis.panel.as_of, last=last)
    found = found.of_regions(analysis.panel.region_ids) if analysis.narrowed else found
    bare = Changes(
        sentence="",
        since=_report_words(previous),
        settings=setting_changes(analysis, previous),
        caveats=_caveats(store, previous),
        sql=_query(analysis, previous, last),
    )
    episodes = episode_changes(episodes_of(store, previous["run_id"]), analysis, previous)
    return Comparison(whole=_told(bare, previous, episodes, found), previous=previous, found=found)


def _told(changes: Changes, previous: Mapping[str, Any], episodes: pd.DataFrame, found: Moved) -> Changes:
    """*changes* with these episodes and figures, and the sentence that says so."""
    return replace(
        changes,
        sentence=_sentence(previous, episodes, found),
        episodes=episodes,
        figures=found.figures,
        records=found.records,
        unmoving=found.unmoving,
    )


def _query(analysis: Analysis, previous: Mapping[str, Any], last: date) -> str:
    """SQL that lists the records that changed, with the rows of the weekly table that each counts in, then and now."""
    settings = analysis.settings
    moments = [
        f"TIMESTAMP '{at}'" if at else "TIMESTAMP 'infinity'" for at in (previous["as_of"], analysis.panel.as_of)
    ]
    parts = [*moments, f"level := {literal(settings.level)}", f"last := DATE '{last}'"]
    parts += [f"source := {literal(settings.source)}"] if settings.source else []
    parts += [f'"where" := ({settings.where}\n)'] if settings.where else []
    parts += [f"dates := {literal(settings.dates)}"] if settings.dates != "exclude" else []
    return f"SELECT * FROM incident_changes({', '.join(parts)})"  # noqa: S608 - shown to readers


def _no_earlier(store: Store, name: str, run: dict[str, Any]) -> str:
    """That there is nothing to compare with, and since when the log runs; a run looked at again says the same."""
    earliest = log_begins(store, run)
    log = (
        f"the log runs since the report to {numbers.day(earliest)}"
        if earliest
        else "the log has no run before this one"
    )
    return f"No earlier report called {name}, of this level, measure and filter, is recorded in this database; {log}."


def _report_words(run: Mapping[str, Any]) -> str:
    known = f", as known at {numbers.moment(run['as_of'])}" if run["as_of"] else ""
    return f"the report to {numbers.day(run['to'])}{known}"


def episode_changes(before: pd.DataFrame, analysis: Analysis, previous: dict[str, Any]) -> pd.DataFrame:
    """What became of each episode between a recorded run with the episodes *before* and this one; columns as `EPISODES`."""
    now = analysis.log.of_episodes(analysis.judgement.episodes)
    start = pd.Timestamp(analysis.judgement.streams["week"].min())
    then = {row["episode_id"]: row for row in before.to_dict("records")}
    rows = [_change(row, then.get(row["episode_id"]), previous) for row in now.to_dict("records")]
    missing = [row for name, row in then.items() if name not in set(now["episode_id"])]
    rows += [_missing(row, now, start) for row in missing]
    frame = pd.DataFrame([row for row in rows if row], columns=list(EPISODES))
    level = frame["level_now"].fillna(frame["level_before"]).map(LEVELS.index)
    keys = frame.assign(order=frame["change"].map(ORDER.index), level=-level)
    return frame.loc[keys.sort_values(["order", "level", "region", "episode_id"]).index].reset_index(drop=True)


def _change(now: dict[Any, Any], then: dict[Any, Any] | None, previous: dict[str, Any]) -> dict[str, Any] | None:
    """The row of an episode of this run; None where it is the same and over, or older than what the last report showed."""
    if then is None:
        if now["closed_week"] <= pd.Timestamp(previous["first_week"]):
            return None
        late = now["first_week"] <= pd.Timestamp(previous["last_week"])
        notes = [
            "in weeks of the last report, which had not flagged it" if late else "",
            "over again" if now["status"] == "closed" else "",
        ]
        return _row("new", now, note="; ".join(filter(None, notes)))
    higher = LEVELS.index(now["peak_level"]) > LEVELS.index(then["peak_level"])
    was, is_open = then["status"] == "open", now["status"] == "open"
    on = "escalated" if higher else "continuing" if numbers.is_missing(now["not_judged_since"]) else "not judged"
    change = {(True, True): on, (True, False): "closed", (False, True): "reopened"}
    if was or is_open:
        return _row(change[was, is_open], now, then)
    if now["last_week"] > then["last_week"]:
        return _row("closed", now, then, note="reopened and closed between the reports")
    same = all(now[name] == then[name] for name in ("first_week", "last_week", "weeks", "peak_level"))
    return None if same else _row("revised", now, then, note=f"it had {then['weeks']} flagged weeks")


def _missing(then: dict[Any, Any], now: pd.DataFrame, start: pd.Timestamp) -> dict[str, Any] | None:
    """The row of an episode that the last report had and this one has not."""
    if then["last_week"] < start:
        return _row("closed", {**then, **_GONE}, then) if then["status"] == "open" else None
    stream = now[now["episode_id"].str[:-10] == then["episode_id"][:-10]]
    into = stream[(stream["first_week"] <= then["last_week"]) & (stream["last_week"] >= then["first_week"])]
    note = f"now part of {into['episode_id'].iloc[0]}" if len(into) else "its weeks are no longer flagged"
    return _row("withdrawn", {**then, **_GONE}, then, note=note)


_GONE = {"peak_level": None, "not_judged_since": None}
"""What an episode that this run has not does not have now."""


def _row(change: str, now: dict[Any, Any], then: dict[Any, Any] | None = None, note: str = "") -> dict[str, Any]:
    plain = {name: now.get(name) for name in EPISODES}
    levels = {"level_before": then["peak_level"] if then else None, "level_now": now["peak_level"]}
    said = {"muted": now.get("muted", ""), "remarks": now.get("remarks", ""), "note": note}
    return {**plain, **levels, **said, "change": change}


def setting_changes(analysis: Analysis, previous: dict[str, Any]) -> pd.DataFrame:
    """Options in force, and the program's version, that differ from the last report's: columns as `SETTINGS`."""
    then = flat(json.loads(previous["settings"])) | {"version": previous["version"]}
    plain = json.loads(json.dumps(analysis.options, default=str))
    now = flat(plain) | {"version": __version__}
    names = [name for name in {**then, **now} if then.get(name) != now.get(name)]
    rows = [(name, numbers.anything(then.get(name)), numbers.anything(now.get(name))) for name in names]
    return pd.DataFrame(rows, columns=list(SETTINGS))


def _caveats(store: Store, previous: dict[str, Any]) -> tuple[str, ...]:
    """What a reader must know of the comparison."""
    then = json.loads(previous["settings"])
    counted = (then["where"], *then["measures"])
    if data_fingerprint(store, previous["as_of"], counted).checksum == previous["fingerprint"]:
        return ()
    return (
        "What was known at the last report is not what it was made from: since then a load of that time, or a tag rule "
        "that it counts by, was added, changed or undone. Figures of then are those that the database has for that moment now.",
    )


def _sentence(previous: Mapping[str, Any], episodes: pd.DataFrame, moved: Moved) -> str:
    """What is read aloud: the episodes, then the records."""
    parts = [_episode_words(episodes), _record_words(moved)]
    return f"Since {_report_words(previous)}: {'. '.join(parts)}."


_SPOKEN = {
    "new": ("new episode", "new episodes"),
    "escalated": ("escalated", "escalated"),
    "reopened": ("reopened", "reopened"),
    "continuing": ("continuing", "continuing"),
    "not judged": ("open but not judged", "open but not judged"),
    "closed": ("closed", "closed"),
    "withdrawn": ("no longer flagged", "no longer flagged"),
}


def _episode_words(episodes: pd.DataFrame) -> str:
    """How many episodes are new, escalated and so on, and where; muted ones apart."""
    told = episodes[episodes["muted"] == ""]
    parts: list[str] = []
    for change, (one, many) in _SPOKEN.items():
        rows = told[told["change"] == change]
        if len(rows):
            counted = numbers.several(len(rows), one, many) if parts or change == "new" else _first(len(rows), one)
            parts.append(f"{counted} ({_regions(rows)})")
    if quiet := len(episodes) - len(told):
        parts.append(f"{quiet} muted ({_regions(episodes[episodes['muted'] != ''])})")
    return ", ".join(parts) or "no episode began, went on or ended"


def _first(number: int, word: str) -> str:
    """The first of the counts, with what is counted: `2 episodes closed`."""
    return f"{numbers.several(number, 'episode', 'episodes')} {word}"


def _regions(rows: pd.DataFrame) -> str:
    names = list(dict.fromkeys(rows["region"]))
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


SHOWN = 6
"""Regions named in a list of the sentence; the others are counted."""


def _record_words(moved: Moved) -> str:
    """What the records did that moved a figure: those revised, and those that became known later."""
    records = moved.records
    revised, added = records[records["change"] != "added"], records[records["change"] == "added"]
    parts = []
    if len(revised):
        killed = [numbers.amount(revised[f"killed_{when}"].fillna(0).sum()) for when in ("before", "now")]
        toll = f"killed {killed[0]} → {killed[1]}" if killed[0] != killed[1] else f"killed {killed[0]} as before"
        parts.append(f"{numbers.several(len(revised), 'record', 'records')} revised: {toll}{_kinds(revised)}")
    if len(added):
        killed_in_them = numbers.amount(added["killed_now"].fillna(0).sum())
        parts.append(f"{numbers.several(len(added), 'incident', 'incidents')} with {killed_in_them} killed added later")
    if (moved.figures[["incidents_other", "killed_other"]] != 0).any(axis=None):
        parts.append("figures moved because coverage, regions or the choice of sources changed")
    if not parts:
        return "In the weeks it covered, no figure moved"
    return f"In the weeks it covered, {'; '.join(parts)}"


def _kinds(revised: pd.DataFrame) -> str:
    """How many of the revised records were retracted, or moved to another week or region."""
    counts = {
        "retracted": int((revised["change"] == "retracted").sum()),
        "with another day": _differ(revised, "day"),
        "with another region": _differ(revised, "region"),
    }
    words = [f"{count:,} {what}" for what, count in counts.items() if count]
    return f" ({', '.join(words)})" if words else ""


def _differ(records: pd.DataFrame, name: str) -> int:
    """Records of which something is known then and now, and is not the same."""
    before, now = records[f"{name}_before"], records[f"{name}_now"]
    return int((before.notna() & now.notna() & (before != now)).sum())
