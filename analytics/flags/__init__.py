"""From model results to flags and episodes under one written policy."""

from analytics.flags.episodes import EPISODE_COLUMNS, EVENT_COLUMNS, open_in, opening, settled
from analytics.flags.identity import lasting_ids
from analytics.flags.judging import FLAG_COLUMNS, Judgement, judge, large_enough, levels, raised, recent, trailing
from analytics.flags.policy import LEVELS, Policy
from analytics.flags.priority import PARTS
from analytics.flags.words import reason, spoken

__all__ = [
    "EPISODE_COLUMNS",
    "EVENT_COLUMNS",
    "FLAG_COLUMNS",
    "LEVELS",
    "PARTS",
    "Judgement",
    "Policy",
    "judge",
    "large_enough",
    "lasting_ids",
    "levels",
    "open_in",
    "opening",
    "raised",
    "reason",
    "recent",
    "settled",
    "spoken",
    "trailing",
]
