"""A digest as plain text of 80 columns, as Markdown, and as HTML for mail; nothing from data acts in any of them."""

import re
import unicodedata
from collections.abc import Iterator

from markupsafe import Markup, escape

from analytics.figures.levels import LEVELS
from analytics.figures.text import isolated
from analytics.report.digest import Block, Digest, Item

COLUMNS = 80
"""Width of the plain text; only a command, which must be copied whole, may be wider."""


def plain(digest: Digest) -> str:
    """The digest as text of at most `COLUMNS` columns."""
    head = [digest.banner, _underlined(digest.title, "="), digest.subtitle]
    parts = [_wrapped(text) if "\n" not in text else text for text in head if text]
    return "\n\n".join([*parts, *(_plain_block(block) for block in digest.blocks)]) + "\n"


def _plain_block(block: Block) -> str:
    parts = [_underlined(block.heading, "-")] if block.heading else []
    parts += [_wrapped(sentence) for sentence in block.sentences]
    if block.items:
        parts.append("\n".join(_wrapped(_led(item), first="* ", rest="  ") for item in block.items))
    if block.command:
        parts.append(f"Make it again:\n\n    {block.command}")
    return "\n\n".join(parts)


def _led(item: Item) -> str:
    """An item with its level before it, in capitals."""
    return f"{item.level.upper()}: {item.text}" if item.level else item.text


def _underlined(text: str, mark: str) -> str:
    lines = list(_lines(text, COLUMNS))
    return "\n".join([*map(isolated, lines), mark * max(map(width, lines), default=0)])


def _wrapped(text: str, first: str = "", rest: str = "") -> str:
    """*text* folded at spaces, the first line after *first* and the others after *rest*, which are equally wide.

    Names are isolated after folding: a mark that a line begins must end on that line.
    """
    lines = _lines(text, COLUMNS - width(first))
    return "\n".join(f"{rest if number else first}{isolated(line)}" for number, line in enumerate(lines))


def _lines(text: str, columns: int) -> Iterator[str]:
    """*text* as lines of at most *columns*; a word that is longer is cut into several."""
    line = ""
    for piece in (piece for word in text.split(" ") for piece in _pieces(word, columns)):
        if line and width(line) + 1 + width(piece) > columns:
            yield line
            line = piece
        else:
            line = f"{line} {piece}" if line else piece
    yield line


def _pieces(word: str, columns: int) -> Iterator[str]:
    """A word in pieces that fit."""
    piece = ""
    for letter in word:
        if width(piece) + width(letter) > columns:
            yield piece
            piece = ""
        piece += letter
    if piece:
        yield piece


def width(text: str) -> int:
    """Columns that *text* takes on a screen of equal letters: none for marks, two for wide letters (Unicode UAX 11)."""
    return sum(_columns(letter) for letter in text)


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1


def markdown(digest: Digest) -> str:
    """The digest as CommonMark, a paragraph or item to a line; data make no markup, link, image or HTML in it."""
    parts = [f"**{marked(digest.banner)}**"] if digest.banner else []
    parts.append(f"# {marked(digest.title)}")
    parts += [marked(digest.subtitle)] if digest.subtitle else []
    return "\n\n".join([*parts, *(_markdown_block(block) for block in digest.blocks)]) + "\n"


def _markdown_block(block: Block) -> str:
    parts = [f"## {marked(block.heading)}"] if block.heading else []
    parts += [marked(sentence) for sentence in block.sentences]
    if block.items:
        parts.append("\n".join(f"- {_markdown_item(item)}" for item in block.items))
    if block.command:
        parts.append(f"Make it again:\n\n{_fenced(block.command)}")
    return "\n\n".join(parts)


def _markdown_item(item: Item) -> str:
    return f"**{item.level}**: {marked(item.text)}" if item.level else marked(item.text)


def _fenced(command: str) -> str:
    """A code block whose fence is longer than any run of backticks in it."""
    fence = "`" * (max((len(run) for run in re.findall("`+", command)), default=0) + 3)
    return f"{fence}sh\n{isolated(command)}\n{fence}"


_MARKS = re.compile(r"[\\`*_\[\]<>&|~#!$]")
"""Letters that begin or end markup wherever they stand."""
_ADDRESS = re.compile(r":(?=//)|(?<=www)\.", re.IGNORECASE)
"""What makes GitHub's Markdown take text for an address."""
_LEADING = re.compile(r"^([-+=]|\d+(?=[.)]))")
"""What makes a list, a rule or a heading at the start of a line."""


def marked(text: str) -> str:
    """*text* so that Markdown shows it as it is.

    GitHub's Markdown makes a link of whatever looks like a mail address, escaped or not: a word joiner (U+2060), which
    takes no room, stands behind its @.
    """
    safe = _MARKS.sub(lambda found: f"\\{found[0]}", text)
    safe = _ADDRESS.sub(lambda found: f"\\{found[0]}", safe)
    safe = _LEADING.sub(lambda found: found[0] + "\\" if found[0][0].isdigit() else f"\\{found[0]}", safe)
    return isolated(re.sub(r"@(?=\S)", "@\u2060", safe))


STYLE = "font-family: sans-serif; font-size: 16px; line-height: 1.45; max-width: 42em; margin: 0 auto; padding: 8px"


def html(digest: Digest) -> str:
    """The digest as a simple HTML page for mail: no script, no picture, no link, nothing to fetch."""
    head = [Markup("<p><strong>{}</strong></p>").format(digest.banner)] if digest.banner else []
    head.append(Markup('<h1 style="font-size: 22px"><bdi>{}</bdi></h1>').format(digest.title))
    head += [_paragraph(digest.subtitle)] if digest.subtitle else []
    body = Markup("\n").join([*head, *(_html_block(block) for block in digest.blocks)])
    page = Markup(
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{}</title>\n</head>\n'
        '<body style="{}">\n{}\n</body>\n</html>\n'
    )
    return str(page.format(digest.title, STYLE, body))


def _html_block(block: Block) -> Markup:
    parts = [Markup('<h2 style="font-size: 18px">{}</h2>').format(block.heading)] if block.heading else []
    parts += [_paragraph(sentence) for sentence in block.sentences]
    if block.items:
        parts.append(Markup("<ul>\n{}\n</ul>").format(Markup("\n").join(map(_html_item, block.items))))
    if block.command:
        parts.append(_paragraph("Make it again:"))
        parts.append(Markup('<pre style="white-space: pre-wrap"><code>{}</code></pre>').format(block.command))
    return Markup("\n").join(parts)


def _paragraph(text: str) -> Markup:
    return Markup("<p>{}</p>").format(escape(isolated(text)))


def _html_item(item: Item) -> Markup:
    """An item; its level is a word with a border in the level's colour, so that no colour carries meaning alone."""
    if not item.level:
        return Markup("<li>{}</li>").format(isolated(item.text))
    label = Markup('<strong style="border-left: 8px solid {}; padding-left: 4px">{}</strong>')
    return Markup("<li>{}: {}</li>").format(label.format(LEVELS[item.level].colour, item.level), isolated(item.text))
