"""Writing a run down: what it judged and found, under the names that its episodes keep."""

import hashlib
import json
from typing import Any

import pandas as pd

from analytics import __version__
from analytics.flags import lasting_ids, open_in
from analytics.pipeline.analysis import Analysis
from analytics.pipeline.log import series
from analytics.store import Fingerprint, Store, episodes_of, known_episodes, record_run, runs_from, write_names


def record(store: Store, name: str, analysis: Analysis, fingerprint: Fingerprint) -> None:
    """Record the run of the report *name*, once; episodes of later runs are named anew, as if it had come in its turn."""
    found = {"flags": _flags(analysis), "episodes": _episodes(analysis), "events": _events(analysis)}
    run = run_row(name, analysis, fingerprint)
    contents = [repr(run), *(frame.to_json(orient="split", date_format="iso") for frame in found.values())]
    run = {"run_id": hashlib.sha256("\n".join(contents).encode()).hexdigest()[:12], **run}
    with store.transaction():
        if record_run(store, run, **found):
            for later in runs_from(store, run):
                own = episodes_of(store, later["run_id"], own=True)
                write_names(store, later["run_id"], lasting_ids(own, known_episodes(store, later)))


def run_row(name: str, analysis: Analysis, fingerprint: Fingerprint) -> dict[str, Any]:
    """The run as a row of the table run, without its id."""
    return {
        "report": name,
        "first_week": analysis.first,
        "last_week": analysis.last,
        **series(analysis.panel, analysis.settings.regions),
        "version": __version__,
        "settings": json.dumps(analysis.options, sort_keys=True, default=str, ensure_ascii=False),
        "settings_hash": analysis.settings_hash,
        "fingerprint": fingerprint.checksum,
    }


def _flags(analysis: Analysis) -> pd.DataFrame:
    """Flags of the weeks asked for, their episodes under their own names."""
    flags = analysis.judgement.flags
    weeks = pd.to_datetime(flags["week"])
    asked = (weeks >= pd.Timestamp(analysis.first)) & (weeks <= pd.Timestamp(analysis.last))
    return flags[asked].rename(columns={"episode_id": "own_id"})


def _episodes(analysis: Analysis) -> pd.DataFrame:
    episodes = analysis.judgement.episodes
    return episodes[open_in(episodes, analysis.first)].rename(columns={"episode_id": "own_id"})


def _events(analysis: Analysis) -> pd.DataFrame:
    """All that happened to the episodes that are open in the weeks asked for."""
    events = analysis.judgement.events
    return events[events["episode_id"].isin(_episodes(analysis)["own_id"])].rename(columns={"episode_id": "own_id"})
