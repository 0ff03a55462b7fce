"""The columns of an incident as data: names, types, units, allowed values, and what makes a value wrong."""

from dataclasses import dataclass

FIRST_DAY = "1900-01-01"
LAST_DAY = "2100-12-31"


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column of an incident: what it holds and what a value must be."""

    name: str
    type: str
    """SQL type in the store."""
    doc: str
    """Meaning and unit, shown as the column's comment in the database."""
    low: str = ""
    """Smallest value allowed, as text of the column's type; "" = no limit."""
    high: str = ""
    """Largest value allowed; "" = no limit."""
    allowed: tuple[str, ...] = ()
    """The only values allowed, or () for any."""
    required: bool = False
    """Whether a record without this value is rejected."""

    @property
    def expects(self) -> str:
        """What a right value is, in words."""
        if self.allowed:
            return f"one of {', '.join(self.allowed)}"
        kind = KINDS[self.type]
        if self.low and self.high:
            return f"{kind} from {self.low} to {self.high}"
        return f"{kind} not below {self.low}" if self.low else kind


KINDS = {
    "DATE": "a date (YYYY-MM-DD)",
    "TIMESTAMP": "a time (YYYY-MM-DD HH:MM:SS, UTC)",
    "INTEGER": "a whole number",
    "DOUBLE": "a number",
    "VARCHAR": "text",
}

DATE_PRECISIONS = ("day", "week", "month", "year")
PLACE_PRECISIONS = ("exact", "near", "admin2", "admin1", "country")


def _count(name: str, doc: str) -> Column:
    return Column(name=name, type="INTEGER", doc=doc, low="0")


def _text(name: str, doc: str) -> Column:
    return Column(name=name, type="VARCHAR", doc=doc)


COLUMNS: tuple[Column, ...] = (
    Column(
        name="occurred_on",
        type="DATE",
        doc="First day of the incident; decides its week",
        low=FIRST_DAY,
        high=LAST_DAY,
        required=True,
    ),
    Column(name="occurred_until", type="DATE", doc="Last day of the incident", low=FIRST_DAY, high=LAST_DAY),
    Column(
        name="date_precision",
        type="VARCHAR",
        doc="How well the day is known: day, week, month or year",
        allowed=DATE_PRECISIONS,
    ),
    _text("country", "Country as reported"),
    _text("admin1", "First-level region (governorate, province) as reported"),
    _text("admin2", "Second-level region (district) as reported"),
    _text("location", "Place name as reported"),
    Column(name="latitude", type="DOUBLE", doc="Latitude, degrees north (WGS 84)", low="-90", high="90"),
    Column(name="longitude", type="DOUBLE", doc="Longitude, degrees east (WGS 84)", low="-180", high="180"),
    Column(
        name="place_precision",
        type="VARCHAR",
        doc="How well the place is known: exact, near, admin2, admin1 or country",
        allowed=PLACE_PRECISIONS,
    ),
    _text("event_type", "Type of violence in the source's words"),
    _text("tactic", "How the attack was made: hit-and-run, IED, ..."),
    _text("actor1", "First actor, usually the attacker"),
    _text("actor2", "Second actor"),
    _text("target", "Who or what was attacked"),
    _count("killed", "People killed, best estimate"),
    _count("killed_low", "People killed, low estimate"),
    _count("killed_high", "People killed, high estimate"),
    _count("killed_civilians", "Civilians killed"),
    _count("killed_security", "Members of security forces killed"),
    _count("killed_attackers", "Attackers killed"),
    _count("wounded", "People wounded"),
    _text("source_name", "Who reported the incident"),
    _text("source_url", "Where the report can be read"),
    _text("notes", "The source's own description"),
)

BY_NAME = {column.name: column for column in COLUMNS}

IDENTITY: tuple[Column, ...] = (
    Column(name="source_id", type="VARCHAR", doc="The record's id in its source", required=True),
    Column(
        name="known_at",
        type="TIMESTAMP",
        doc="When this state of the record became known (UTC)",
        low="1900-01-01",
        high="2100-12-31",
    ),
    Column(
        name="known_order",
        type="INTEGER",
        doc="Order of the record's states where their clock times are not known",
        low="1",
        high="999999",
    ),
)

READABLE = {column.name: column for column in (*IDENTITY, *COLUMNS)}
"""Every column a source may give, by name."""

MEASURES: dict[str, str] = {
    "incidents": "sum(share)",
    "killed": "sum(killed * share)",
    "wounded": "sum(wounded * share)",
    "killed_civilians": "sum(killed_civilians * share)",
    "killed_security": "sum(killed_security * share)",
}
"""Measures by name, as SQL over a week's incidents; share is 1, or less where an imprecise date is spread."""

JUDGED_MEASURES = ("incidents",)
"""Measures that the count models judge."""

SUMS = tuple(name for name in MEASURES if name not in JUDGED_MEASURES)
"""Measures that are sums of an incident's column of the same name: judged by the compound method."""
