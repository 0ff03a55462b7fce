"""Text from records made safe for plotly, which reads a subset of HTML and `%{...}` templates in every label."""

import re
import unicodedata

ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "{": "&#123;"}
ISOLATE, END_ISOLATE = "\u2068", "\u2069"
RIGHTWARD = {"R", "AL", "AN"}
"""Unicode's direction classes of letters that are read from right to left."""
STEERING = {"RLE", "RLO", "RLI", "LRE", "LRO", "LRI", "FSI", "PDF", "PDI"}
"""Its classes of marks that steer the direction of what follows; they could turn the rest of a label around."""


def shorten(text: str, length: int) -> str:
    """*text* on one line and at most *length* characters long, the cut shown by an ellipsis."""
    line = re.sub(r"\s+", " ", text).strip()
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"


def inert(text: str, length: int = 80) -> str:
    """*text* so that plotly shows it as it is: no tags, entities, templates, control characters or stray direction."""
    line = "".join(letter for letter in shorten(text, length) if not _invisible(letter))
    safe = "".join(ENTITIES.get(letter, letter) for letter in line)
    turns = any(unicodedata.bidirectional(letter) in RIGHTWARD for letter in line)
    return f"{ISOLATE}{safe}{END_ISOLATE}" if turns else safe


def _invisible(letter: str) -> bool:
    """True for control characters and for marks that steer direction."""
    return unicodedata.category(letter) == "Cc" or unicodedata.bidirectional(letter) in STEERING
