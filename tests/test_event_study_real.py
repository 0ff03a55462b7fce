"""Event studies of real records: June 2014 and Iraq's elections, where ../shared/data is there."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from analytics.models.event_study import EventStudy, StudyEvent, StudyOptions
from analytics.panel import Panel
from analytics.store import Store

pytest_plugins = ["tests.databases"]

JUNE = StudyEvent(event_id="june", starts_on=date(2014, 6, 10), name="Fall of Mosul", kind="attack")
ELECTIONS = [
    StudyEvent(event_id="2010", starts_on=date(2010, 3, 7), kind="election"),
    StudyEvent(event_id="2014", starts_on=date(2014, 4, 30), kind="election"),
    StudyEvent(event_id="2018", starts_on=date(2018, 5, 12), kind="election"),
]


@pytest.fixture(scope="module")
def country(iraq: Path) -> Panel:
    """Weekly incidents of all Iraq, 1989 to 2018."""
    with Store(iraq, read_only=True) as store:
        return Panel.from_store(store, level="country")


@pytest.fixture(scope="module")
def governorates(iraq: Path) -> Panel:
    """Weekly incidents by governorate, 1989 to 2018."""
    with Store(iraq, read_only=True) as store:
        return Panel.from_store(store)


def test_june_2014_is_a_level_shift_where_the_offensive_was(governorates: Panel) -> None:
    """Incidents rose in Nineveh, Salah al-Din, Kirkuk and Diyala, and not in Basra, Baghdad or Anbar (at war since January)."""
    options = StudyOptions(placebo=0, lead=0)
    regions = ("IQ-NI", "IQ-SD", "IQ-KI", "IQ-DI", "IQ-BG", "IQ-AN")
    frame = EventStudy(options).fit(governorates, [JUNE], regions=regions).frame()
    rows = frame[(frame["scope"] == "region") & (frame["term"] == "after")].set_index("regions")
    assert (rows.loc[["IQ-NI", "IQ-SD", "IQ-KI", "IQ-DI"], "low"] > 1).all()
    assert ((rows.loc[["IQ-BG", "IQ-AN"], "low"] < 1) & (rows.loc[["IQ-BG", "IQ-AN"], "high"] > 1)).all()


def test_kirkuk_in_june_2014_stands_out_among_all_other_dates(governorates: Panel) -> None:
    """No other week of three decades shows as large an effect in Kirkuk: the p is as small as the dates allow."""
    row = EventStudy().fit(governorates, [JUNE], regions=("IQ-KI",)).headline()
    assert row["placebo_dates"] > 100
    assert row["larger_dates"] == 0
    assert row["p_placebo"] == pytest.approx(1 / (1 + row["independent_dates"]))


def test_the_elections_show_no_clear_change(country: Panel) -> None:
    """Stacked, 2010, 2014 and 2018 show none; 2014 counts only the five weeks before June, and says so."""
    result = EventStudy(StudyOptions(placebo=299)).fit(country, ELECTIONS, others=[JUNE])
    stacked, fourteen = result.headline(), result.headline("2014")
    assert stacked["low"] < 1 < stacked["high"]
    assert stacked["p_placebo"] > 0.1
    assert fourteen["weeks"] == 5
    assert stacked["note"] == "2014 has 5 of 26 weeks"
    assert "weeks 6 to 26 not counted: after Fall of Mosul of 2014-06-10" in fourteen["note"]
    assert result.sentence().startswith("No clear change in the 26 weeks after the 3 elections of 7 March 2010")
    kept = EventStudy(StudyOptions(placebo=0, lead=0)).fit(country, [ELECTIONS[1]]).headline()
    assert kept["low"] > 1
    assert not np.isclose(kept["rate_ratio"], fourteen["rate_ratio"])
