"""Which regions of a panel are meant by ids, names and region groups."""

from analytics.errors import OptionError
from analytics.panel import Panel
from analytics.sources.table import nearest
from analytics.store import Store


def chosen_regions(store: Store, names: tuple[str, ...], panel: Panel) -> list[str]:
    """Ids of the panel's regions that *names* mean, in the panel's order.

    A name is an id, a name under which a region is reported, or a region group; of a coarser region, and of a group,
    it means all regions of the panel inside. Raises OptionError for a name that means none of them.
    """
    found: set[str] = set()
    for name in names:
        meant = _meant(store, name, panel)
        if not meant:
            raise OptionError(f"region {name!r} is not in this panel of {panel.level}{_hint(store, name, panel)}")
        found |= meant
    return [region for region in panel.region_ids if region in found]


def own_regions(names: tuple[str, ...], panel: Panel) -> list[str]:
    """As `chosen_regions`, for a panel without a database: ids and names of its own regions only."""
    for name in names:
        if not _exact(name, panel):
            raise OptionError(f"region {name!r} is not in this panel{nearest(name, panel.region_names)}")
    return [region for region in panel.region_ids if any(region in _exact(name, panel) for name in names)]


def _exact(name: str, panel: Panel) -> set[str]:
    pairs = zip(panel.region_ids, panel.region_names, strict=True)
    return {region for region, called in pairs if name in (region, called)}


def _meant(store: Store, name: str, panel: Panel) -> set[str]:
    """Ids that *name* means: the panel's own first, then what it names in the hierarchy, then a group's members."""
    if exact := _exact(name, panel):
        return exact
    rows = store.rows(
        "WITH meant AS (SELECT region_id FROM region WHERE region_id = $name "
        "UNION SELECT region_id FROM region_name WHERE place_key = place_key($name) "
        'UNION SELECT region_id FROM region_member WHERE group_id = $name OR place_key("group") = place_key($name)) '
        "SELECT DISTINCT l.region_id FROM lineage AS l JOIN meant AS m ON m.region_id = l.ancestor_id",
        {"name": name},
    )
    return {region for (region,) in rows} & set(panel.region_ids)


def _hint(store: Store, name: str, panel: Panel) -> str:
    """What the panel has, or that the region group is made of smaller regions."""
    levels = store.rows(
        "SELECT DISTINCT r.level FROM region_member AS m JOIN region AS r ON r.region_id = m.region_id "
        'WHERE m.group_id = $name OR place_key(m."group") = place_key($name)',
        {"name": name},
    )
    if levels:
        return f": that group is made of regions of {levels[0][0]} (--level {levels[0][0]})"
    return nearest(name, [*panel.region_names, *panel.region_ids])
