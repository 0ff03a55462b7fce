"""Text from records made safe: for whoever reads it, and for plotly, which reads a subset of HTML and `%{...}` in labels."""

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


def visible(text: str, length: int = 80) -> str:
    """*text* on one line, shortened, without control characters and marks that steer the direction of what follows."""
    return "".join(letter for letter in shorten(text, length) if not is_steering(letter))


def inert(text: str, length: int = 80) -> str:
    """*text* so that plotly shows it as it is: no tags, entities, templates, control characters or stray direction."""
    line = visible(text, length)
    safe = "".join(ENTITIES.get(letter, letter) for letter in line)
    turns = any(_rightward(letter) for letter in line)
    return f"{ISOLATE}{safe}{END_ISOLATE}" if turns else safe


def isolated(text: str) -> str:
    """*text* with each name that is read from right to left kept to itself, so that it turns no number beside it.

    A name runs from one right-to-left letter to the last that only spaces, digits, hyphens and joiners separate from
    it; its letters stay as they are, between two marks (Unicode's first-strong isolate, and its end).
    """
    made, name = "", ""
    for letter in text:
        if _rightward(letter) or (name and _joins(letter)):
            name += letter
        else:
            made, name = made + _kept(name) + letter, ""
    return made + _kept(name)


def _kept(name: str) -> str:
    """A right-to-left name between isolates; what follows its last letter stays outside."""
    end = max((place + 1 for place, letter in enumerate(name) if _rightward(letter)), default=0)
    while end < len(name) and unicodedata.combining(name[end]):
        end += 1
    return f"{ISOLATE}{name[:end]}{END_ISOLATE}{name[end:]}" if end else name


def _rightward(letter: str) -> bool:
    return unicodedata.bidirectional(letter) in RIGHTWARD


def _joins(letter: str) -> bool:
    """True for what may stand inside a name of several words."""
    return letter in " -'\u200c\u200d" or letter.isdigit() or bool(unicodedata.combining(letter))


def is_steering(letter: str) -> bool:
    """True for control characters and for marks that steer direction."""
    return unicodedata.category(letter) == "Cc" or unicodedata.bidirectional(letter) in STEERING


ARABIC = re.compile("[\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc]")
SORANI = frozenset("ەێۆڕڵڤ")
"""Letters that Central Kurdish has and Arabic and Persian do not."""


def language(text: str) -> str:
    """`ckb` or `und-Arab` for text whose letters are mostly Arabic script, with or without Kurdish ones; else ""."""
    letters = sum(letter.isalpha() for letter in text)
    if not letters or 2 * len(ARABIC.findall(text)) <= letters:
        return ""
    return "ckb" if SORANI & set(text) else "und-Arab"
