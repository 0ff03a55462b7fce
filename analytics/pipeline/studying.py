"""From a store and a question to an event study: the events asked for, the dated events beside them, the counts."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime

import numpy as np

from analytics.errors import OptionError
from analytics.models.event_study import EventStudy, StudyEvent, StudyOptions, StudyResult
from analytics.panel import Panel, Status, default_to
from analytics.pipeline.analysis import check_judged, count
from analytics.settings import Settings
from analytics.sources.table import nearest
from analytics.store import Store, as_of_default, check_level


@dataclass(frozen=True, kw_only=True)
class StudyQuestion:
    """What followed these dated events, or all of a kind, or these dates? Exactly one of the three is given.

    Raises OptionError otherwise.
    """

    events: tuple[str, ...] = ()
    """Ids of dated events; several are stacked."""
    kind: str = ""
    """All dated events of a kind, as election."""
    dates: tuple[date, ...] = ()
    """Any dates."""
    regions: tuple[str, ...] = ()
    """Ids or names of regions or groups; none for those that each event concerns."""
    against: tuple[str, ...] = ()
    """Comparison regions or groups, likewise; none for no comparison."""
    others: tuple[date, ...] = ()
    """Dates of events that the database lacks."""
    options: StudyOptions = field(default_factory=StudyOptions)

    def __post_init__(self) -> None:
        if sum(map(bool, (self.events, self.kind, self.dates))) != 1:
            raise OptionError("say what to study by one of --event ID, --kind KIND or --date D")


def study_events(
    store: Store,
    settings: Settings,
    question: StudyQuestion,
    *,
    to: date | None = None,
    as_of: datetime | None = None,
) -> StudyResult:
    """Study *question* in the settings' counts until *to* (default: where coverage ends), as known at *as_of*.

    A region or group that the settings' level does not have is counted beside it. Raises OptionError for a measure that
    is not judged, and for events, regions and levels that the store does not have.
    """
    check_judged(settings.measure)
    check_level(store, settings.level)
    as_of = as_of or as_of_default(store)
    to = to or default_to(store, source=settings.source or None, week_start=settings.week_start, as_of=as_of)
    panel = count(store, settings, to=to, as_of=as_of)
    found = {name: _place(store, panel, name) for name in (*question.regions, *question.against)}
    for region, level in dict.fromkeys(found.values()):
        if region not in panel.region_ids:
            panel = _beside(panel, count(store, replace(settings, level=level), to=to, as_of=as_of), region)
    regions, against = (
        tuple(dict.fromkeys(found[name][0] for name in names)) for names in (question.regions, question.against)
    )
    _check_apart(store, regions or tuple(set(panel.region_ids) - set(against)), against)
    return study_panel(panel, replace(question, regions=regions, against=against), dated_events(store, panel))


def study_panel(panel: Panel, question: StudyQuestion, listed: Iterable[StudyEvent] = ()) -> StudyResult:
    """Study *question* in *panel*, whose dated events are *listed*; raises OptionError for an event not among them."""
    listed = list(listed)
    further = [StudyEvent(event_id=f"other-{day}", starts_on=day, name="the event") for day in sorted(question.others)]
    events = _chosen(question, listed)
    days = {event.starts_on for event in events} if question.dates else set()
    beside = [event for event in listed if event.starts_on not in days]
    return EventStudy(question.options).fit(
        panel, events, others=beside + further, regions=question.regions, against=question.against
    )


def dated_events(store: Store, panel: Panel) -> list[StudyEvent]:
    """The store's dated events that concern regions of *panel*, in order."""
    found = store.rows(
        "SELECT event_id, region_id FROM event_regions WHERE list_contains($ids, region_id)",
        {"ids": list(panel.region_ids)},
    )
    rows = store.rows("SELECT event_id, kind, name, starts_on, regions FROM dated_events")
    concerned: dict[str, list[str]] = {}
    for event, region in found:
        concerned.setdefault(event, []).append(region)
    return [
        StudyEvent(event_id=event, kind=kind, name=name, starts_on=day, regions=tuple(concerned.get(event, ())))
        for event, kind, name, day, regions in rows
        if event in concerned or not regions
    ]


def _chosen(question: StudyQuestion, listed: list[StudyEvent]) -> list[StudyEvent]:
    """The events that *question* names; raises OptionError where there is none."""
    if question.dates:
        return [StudyEvent(event_id=str(day), starts_on=day) for day in sorted(set(question.dates))]
    if question.kind:
        if found := [event for event in listed if event.kind == question.kind]:
            return found
        kinds = ", ".join(sorted({event.kind for event in listed})) or "none"
        raise OptionError(f"no dated event here is of kind {question.kind!r}; there are: {kinds}")
    known = {event.event_id: event for event in listed}
    for name in question.events:
        if name not in known:
            there = ", ".join(known) or "none"
            raise OptionError(f"event {name!r} is not among the dated events of these regions: {there}")
    return [known[name] for name in dict.fromkeys(question.events)]


def _place(store: Store, panel: Panel, name: str) -> tuple[str, str]:
    """Id and level of the region or group called *name*, the panel's own first; raises OptionError for none, or several."""
    own = dict(zip(map(str.casefold, panel.region_names), panel.region_ids, strict=True))
    own |= {region.casefold(): region for region in panel.region_ids}
    if name.casefold() in own:
        return own[name.casefold()], panel.level
    known = store.rows(
        "SELECT region_id, level, region_id, name FROM region "
        'UNION SELECT group_id, group_id, group_id, "group" FROM region_member '
        "UNION SELECT n.region_id, r.level, n.region_id, n.name FROM region_name AS n JOIN region AS r USING (region_id) "
        "ORDER BY ALL"
    )
    called = {(row[0], row[1]) for row in known if name.casefold() in (row[2].casefold(), row[3].casefold())}
    if len(called) == 1:
        return called.pop()
    if called:
        raise OptionError(
            f"region {name!r} is one of several: {', '.join(sorted(one for one, _ in called))}; give its id"
        )
    near = nearest(name, dict.fromkeys([*panel.region_ids, *panel.region_names, *(row[0] for row in known)]))
    raise OptionError(f"region {name!r} is neither a region nor a region group{near}")


def _beside(panel: Panel, other: Panel, region: str) -> Panel:
    """*panel* with one region of *other* as a further column, unknown where *other* has no such week."""
    if region not in other.region_ids:
        raise OptionError(f"region {region!r} has no weeks that are covered; `incidents coverage` says what is")
    column = other.region_ids.index(region)
    values, status = np.full(len(panel.weeks), np.nan), np.full(len(panel.weeks), Status.UNKNOWN, dtype=np.uint8)
    _, here, there = np.intersect1d(panel.weeks, other.weeks, return_indices=True)
    values[here], status[here] = other.values[there, column], other.status[there, column]
    return replace(
        panel,
        region_ids=(*panel.region_ids, region),
        region_names=(*panel.region_names, other.region_names[column]),
        values=np.column_stack([panel.values, values]),
        status=np.column_stack([panel.status, status]),
        population=None,
    )


def _check_apart(store: Store, regions: tuple[str, ...], against: tuple[str, ...]) -> None:
    """Raise OptionError where a region of one side shares ground with one of the other, and would count on both."""
    if not against:
        return
    ground: dict[str, set[str]] = {}
    for whole, part in store.rows("SELECT unit_id, region_id FROM reach"):
        ground.setdefault(whole, set()).add(part)
    for one in regions:
        for other in against:
            if one != other and ground.get(one, set()) & ground.get(other, set()):
                raise OptionError(f"{one!r} and {other!r} share ground, and its incidents would count on both sides")
