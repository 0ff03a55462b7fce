import csv
import json
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analytics.bundled import bundled
from analytics.errors import OptionError, OutputError
from analytics.panel import Status
from analytics.schema import BY_NAME, READABLE
from analytics.simulate import (
    BUNDLED_SEED,
    SCENARIOS,
    Scenario,
    SimulatedRecords,
    draws,
    incident_records,
    noufaily,
    write,
)
from analytics.simulate.designs import BASELINE, JUDGED, WEEKS
from analytics.simulate.effects import EFFECTS, LAST_DAY, SILENCE, Effect
from analytics.simulate.happenings import all_weeks, dispersion, happenings, normal_means
from analytics.simulate.iraq import ACTOR_SHARES, GOVERNORATES, TACTIC_SHARES, TARGET_SHARES


@pytest.fixture(scope="module")
def records() -> SimulatedRecords:
    """The bundled records, made once."""
    return incident_records(BUNDLED_SEED)


@pytest.fixture(scope="module")
def last(records: SimulatedRecords) -> pd.DataFrame:
    """The last version of each incident, with the Monday of its week."""
    frame = records.incidents.groupby("source_id").tail(1).copy()
    day = pd.to_datetime(frame["occurred_on"])
    return frame.assign(week=day - pd.to_timedelta(day.dt.day_of_week, unit="D"))


def weekly(last: pd.DataFrame, name: str, first: str, until: str) -> pd.Series:
    """Incidents of governorate *name* in each week from *first* to *until*, both Mondays."""
    chosen = last[(last["admin1"] == name) & (last["date_precision"] == "day")]
    return chosen.groupby("week").size().reindex(pd.date_range(first, until, freq="7D"), fill_value=0)


def region(region_id: str) -> int:
    """Number of the governorate *region_id*."""
    return [g.region_id for g in GOVERNORATES].index(region_id)


def test_counts_are_quantiles_of_the_negative_binomial() -> None:
    """Counts are scipy's quantiles of the negative binomial of size mean / (dispersion - 1), for every dispersion."""
    u = np.linspace(0.0005, 0.9995, 1000)
    for mean in (0.02, 0.7, 6.0, 80.0):
        for phi in (1.01, 1.3, 5.0):
            ours = draws.counts(u, np.full(u.shape, mean), phi)
            assert (ours == stats.nbinom.ppf(u, mean / (phi - 1), 1 / phi)).all()


def test_counts_of_dispersion_one_are_quantiles_of_the_poisson() -> None:
    """A dispersion of 1 gives scipy's Poisson quantiles, and a mean of 0 gives 0."""
    u = np.linspace(0.0005, 0.9995, 1000)
    for mean in (0.02, 0.7, 6.0, 80.0):
        assert (draws.counts(u, np.full(u.shape, mean), 1.0) == stats.poisson.ppf(u, mean)).all()
    assert not draws.counts(u, np.zeros(u.shape), 1.3).any()


def test_counts_end_at_the_edge_of_the_uniform_numbers() -> None:
    """The largest number below 1 gives a finite count and 0 gives the smallest."""
    edge = np.array([0.0, np.nextafter(1.0, 0.0)])
    low, high = draws.counts(edge, np.array([6.0, 6.0]), 1.3)
    assert low == 0
    assert 30 < high < 100


def test_lognormal_is_the_quantile_of_scipy() -> None:
    """Lognormal values are scipy's quantiles of the same median and sigma (to rounding: both invert the normal)."""
    u = np.linspace(0.001, 0.999, 500)
    expected = stats.lognorm.ppf(u, 1.2, scale=3.0)
    np.testing.assert_allclose(draws.lognormal(u, 3.0, 1.2), expected, rtol=1e-12)


def test_pick_follows_the_weights() -> None:
    """A uniform number picks the choice on whose stretch of the summed weights it falls; weight 0 is never picked."""
    weights = np.array([2.0, 0.0, 1.0, 1.0])
    u = np.array([0.0, 0.4999, 0.5, 0.7499, 0.75, 0.9999])
    assert draws.pick(u, weights).tolist() == [0, 0, 2, 2, 3, 3]


def test_there_are_42_different_scenarios() -> None:
    """The scenarios are 7 sets, without and with trend, with 0, 1 and 2 harmonics, each under its own name."""
    assert len(SCENARIOS) == 42
    assert len({scenario.name for scenario in SCENARIOS}) == 42
    assert SCENARIOS[0].name == "A-m0"
    assert SCENARIOS[41] == Scenario(
        name="G-trend-m2", theta=5, beta=0.0001, gamma1=0.05, gamma2=0.01, harmonics=2, phi=1.2
    )


def test_mean_of_a_scenario_by_hand() -> None:
    """Set A with trend and one harmonic has, in week 13 (a quarter turn), the mean exp(.1 + .0025 * 13 + .6)."""
    mean = SCENARIOS[4].mean()
    assert mean.shape == (WEEKS,)
    assert mean[12] == pytest.approx(np.exp(0.1 + 0.0325 + 0.6), rel=1e-12)
    # half a turn for the first harmonic, a whole one for the second: the cosines cancel
    assert SCENARIOS[5].mean()[25] == pytest.approx(np.exp(0.1 + 0.065), rel=1e-12)


@pytest.mark.parametrize("number", [1, 7, 13, 19, 25, 31, 37])
def test_variance_is_phi_times_mean(number: int) -> None:
    """Each set's counts have the mean mu and the variance phi mu, which the wrong sizes in circulation do not give."""
    made = noufaily(number, seed=number, series=600, past_outbreaks=False)
    mean = made.counts.mean(axis=1) / made.mean
    variance = made.counts.var(axis=1, ddof=1) / (made.scenario.phi * made.mean)
    # 624 weeks x 600 series: standard errors are below .008 (set B, mean .14 and phi 2, is the widest)
    assert mean.mean() == pytest.approx(1, abs=0.03)
    assert variance.mean() == pytest.approx(1, abs=0.035)


def test_series_are_negative_binomial() -> None:
    """The share of each count in set D is that of scipy's negative binomial of size mu / (phi - 1)."""
    made = noufaily(19, seed=5, series=300, past_outbreaks=False)
    mu, phi = made.mean[0], made.scenario.phi
    expected = stats.nbinom.pmf(np.arange(8), mu / (phi - 1), 1 / phi)
    shares = np.bincount(made.counts.ravel(), minlength=8)[:8] / made.counts.size
    # 187,200 counts: the standard error of a share is at most .0012
    np.testing.assert_allclose(shares, expected, atol=0.005)


def test_the_same_seed_gives_the_same_counts() -> None:
    """A seed decides everything; another seed gives other counts."""
    one, same, other = (noufaily(2, seed=seed, series=3, outbreak=5) for seed in (1, 1, 2))
    assert (one.counts == same.counts).all()
    assert (one.starts == same.starts).all()
    assert (one.counts != other.counts).any()


def test_more_series_leave_the_first_as_they_were() -> None:
    """The first series are the same however many are simulated, outbreaks included."""
    few, many = (noufaily(16, seed=3, series=series, outbreak=4) for series in (4, 9))
    assert (few.counts == many.counts[:, :4]).all()
    assert (few.starts == many.starts[:4]).all()


def test_outbreaks_come_on_top_of_the_same_counts() -> None:
    """Less its outbreaks' cases, a series is the one that the seed gives without outbreaks, for every k."""
    plain = noufaily(10, seed=8, series=20, past_outbreaks=False)
    for k in (1.0, 10.0):
        made = noufaily(10, seed=8, series=20, outbreak=k)
        assert (made.counts - made.past_cases - made.cases == plain.counts).all()
    assert not plain.cases.any()
    assert (plain.starts == -1).all()


def test_outbreaks_stay_in_their_stretch() -> None:
    """Past cases lie in the baseline weeks 313..575, the judged outbreak's in 576..624 from its start on."""
    made = noufaily(37, seed=2, series=50, outbreak=10)
    assert (BASELINE.start, BASELINE.stop, JUDGED.start, JUDGED.stop) == (312, 575, 575, 624)
    assert made.past_cases.sum() == made.past_cases[BASELINE].sum() > 0
    assert made.cases.sum() == made.cases[JUDGED].sum() > 0
    first = np.array([np.flatnonzero(column)[0] for column in made.cases.T])
    assert (first >= made.starts).all()
    assert (made.starts >= JUDGED.start).all()


def test_outbreak_size_and_spread() -> None:
    """An outbreak has Poisson(k s) cases, half of them in its first week and 42 % in its second."""
    plain = noufaily(31, seed=4, series=400, past_outbreaks=False)
    made = noufaily(31, seed=4, series=400, past_outbreaks=False, outbreak=8)
    inside = made.starts < JUDGED.stop - 8
    ratio = made.cases.sum(axis=0) / (8 * plain.counts[BASELINE].std(axis=0, ddof=1))
    # about 350 outbreaks of about 54 cases: standard error .007
    assert ratio[inside].mean() == pytest.approx(1, abs=0.03)
    columns = np.flatnonzero(inside)
    share = [made.cases[made.starts[inside] + week, columns].sum() / made.cases[:, inside].sum() for week in (0, 1)]
    # P(X < 1) and P(1 <= X < 2) of a lognormal (0, .5); 19,000 cases: standard error .004
    np.testing.assert_allclose(share, [0.5, stats.norm.cdf(np.log(2) / 0.5) - 0.5], atol=0.015)


def test_counts_as_a_panel() -> None:
    """The panel holds the counts as known values of consecutive weeks and says that they are simulated."""
    made = noufaily(1, seed=1, series=3)
    panel = made.panel()
    assert panel.simulated
    np.testing.assert_array_equal(panel.values, made.counts)
    assert (panel.status == Status.KNOWN).all()
    assert (np.diff(panel.weeks) == np.timedelta64(7, "D")).all()
    with pytest.raises(OptionError, match="2020-01-01 is not a Monday; use 2019-12-30"):
        made.panel(first=date(2020, 1, 1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scenario": 0}, "scenario 0 does not exist; choose 1..42"),
        ({"scenario": 43}, "scenario 43"),
        ({"series": 0}, "series is 0"),
        ({"outbreak": -1.0}, "outbreak is -1.0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, float], message: str) -> None:
    """What cannot be simulated is refused with the value and what to use."""
    with pytest.raises(OptionError, match=message):
        noufaily(**{"scenario": 1, "seed": 1, **options})  # type: ignore[arg-type]


def test_a_scenario_checks_itself() -> None:
    """A dispersion below 1 and a negative number of harmonics are refused."""
    with pytest.raises(OptionError, match=r"phi of scenario x is 0\.5"):
        Scenario(name="x", theta=0, phi=0.5)
    with pytest.raises(OptionError, match="harmonics of scenario x is -1"):
        Scenario(name="x", theta=0, harmonics=-1)


def test_bundled_files_are_what_the_seed_gives(records: SimulatedRecords, tmp_path: Path) -> None:
    """The three files in data/ are, byte for byte, what the bundled seed gives."""
    for path in write(records, tmp_path):
        assert path.read_bytes() == bundled(f"data/{path.name}").read_bytes(), f"make data/{path.name} again"


def test_files_have_line_feeds_and_fixed_decimals(records: SimulatedRecords, tmp_path: Path) -> None:
    """Files end lines with a line feed, give degrees three decimals, and stay under 2 MB."""
    path = write(records, tmp_path / "new")[0]
    raw = path.read_bytes()
    assert b"\r" not in raw
    assert raw.endswith(b"\n")
    assert len(raw) < 2_000_000
    with path.open(encoding="utf-8", newline="") as file:
        degrees = [row[name] for row in csv.DictReader(file) for name in ("latitude", "longitude")]
    assert {len(text.partition(".")[2]) for text in degrees if text} == {3}


def test_a_folder_that_cannot_be_written_is_named(records: SimulatedRecords, tmp_path: Path) -> None:
    """Writing where a file stands in the way raises OutputError naming the folder."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        write(records, tmp_path / "file")


def test_seeds_differ(records: SimulatedRecords) -> None:
    """Another seed gives other records; a negative one is refused."""
    assert not incident_records(1).incidents.equals(records.incidents)
    with pytest.raises(OptionError, match="seed is -1"):
        incident_records(-1)


def test_shares_of_a_profile_sum_to_one() -> None:
    """Shares of tactics, actors and targets sum to 1 in every manner (to rounding)."""
    for table in (TACTIC_SHARES, ACTOR_SHARES, TARGET_SHARES):
        for shares in table.values():
            assert sum(shares) == pytest.approx(1, abs=1e-12)
    assert {g.manner for g in GOVERNORATES} == set(TACTIC_SHARES)


def test_columns_are_those_of_an_incident(records: SimulatedRecords) -> None:
    """Every column is one that the schema reads, and every value is one that it allows."""
    frame = records.incidents
    assert set(frame.columns) <= set(READABLE)
    for name in ("date_precision", "place_precision"):
        assert set(frame[name]) <= set(BY_NAME[name].allowed)
    assert frame["latitude"].dropna().between(29, 38).all()
    assert (frame["notes"].str.contains("simulated") & (frame["source_name"] == "simulated")).all()


def test_rows_are_in_order_of_knowledge(records: SimulatedRecords) -> None:
    """Rows are ordered by known_at, then source_id; versions of one incident have different times."""
    keys = records.incidents[["known_at", "source_id"]]
    assert keys.equals(keys.sort_values(["known_at", "source_id"], ignore_index=True))
    assert not keys.duplicated().any()


def test_nothing_is_known_before_it_happened(records: SimulatedRecords) -> None:
    """Each version is known after the incident began and before the evening of the last day is over."""
    frame = records.incidents
    assert (frame["known_at"] > frame["occurred_until"]).all()
    assert frame["known_at"].max() < f"{LAST_DAY} 24"
    assert frame["occurred_on"].min() >= "2016-01-01"


def test_casualties_add_up(records: SimulatedRecords) -> None:
    """Killed is the sum of the groups, within its low and high estimates, and no number is negative."""
    frame = records.incidents
    groups = ["killed_civilians", "killed_security", "killed_attackers"]
    assert (frame["killed"] == frame[groups].sum(axis=1)).all()
    assert (frame["killed_low"] <= frame["killed"]).all()
    assert (frame["killed"] <= frame["killed_high"]).all()
    assert (frame[[*groups, "killed_low"]] >= 0).all(axis=None)
    assert (frame["wounded"].dropna() >= 0).all()


def test_size_and_shares_of_the_records(records: SimulatedRecords, last: pd.DataFrame) -> None:
    """There are 4,000 to 6,000 incidents, with the stated shares of revisions, vague dates and vague places."""
    versions = records.incidents.groupby("source_id").size()
    assert 4000 < len(versions) < 6000
    # 6,000 incidents: standard errors are at most .005
    assert (versions > 1).mean() == pytest.approx(0.15, abs=0.02)
    assert (versions > 2).mean() == pytest.approx(0.02, abs=0.008)
    assert (last["date_precision"] == "month").mean() == pytest.approx(0.02, abs=0.008)
    assert (last["admin2"] == "").mean() == pytest.approx(0.15, abs=0.02)
    assert (last["admin1"] == "").mean() == pytest.approx(0.02, abs=0.008)


def test_first_reports_are_a_day_late_and_some_are_weeks_late(records: SimulatedRecords) -> None:
    """The median first report comes about a day and a half after the start of the day; 1 to 3 % take two weeks."""
    first = records.incidents.groupby("source_id").head(1)
    delay = pd.to_datetime(first["known_at"]) - pd.to_datetime(first["occurred_until"])
    assert pd.Timedelta(days=1.2) < delay.median() < pd.Timedelta(days=1.9)
    assert 0.01 < (delay > pd.Timedelta(days=14)).mean() < 0.03


def test_revisions_mostly_raise_the_toll(records: SimulatedRecords) -> None:
    """Each further version changes the toll, the wounded or the tactic; most changed tolls went up."""
    frame = records.incidents
    grouped = frame.fillna({"wounded": -1}).groupby("source_id")
    later = frame["source_id"].duplicated()
    before = grouped[["killed", "wounded", "tactic"]].shift()
    now = frame.fillna({"wounded": -1})[["killed", "wounded", "tactic"]]
    assert (now != before)[later].any(axis=1).all()
    change = (frame["killed"] - before["killed"])[later]
    assert (change > 0).sum() > 2 * (change < 0).sum() > 0
    assert ((frame["tactic"] != before["tactic"]) & later).any()


def test_places_are_regions_of_the_bundled_hierarchy() -> None:
    """Governorates bear the ids and names of the bundled regions, and districts are theirs."""
    with bundled("data/iraq_regions.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = {(row["parent_id"], row["name"]): row["region_id"] for row in rows}
    for governorate in GOVERNORATES:
        assert names["IQ", governorate.name] == governorate.region_id
        for place in governorate.places:
            assert (governorate.region_id, place.name) in names


def test_points_lie_in_their_governorate(last: pd.DataFrame) -> None:
    """Points lie inside Iraq, and outside Baghdad (drawn too small in the boundaries) inside their governorate."""
    shapely = pytest.importorskip("shapely")
    features = json.loads(bundled("data/iraq_admin1.geojson").read_text(encoding="utf-8"))["features"]
    shapes = {f["properties"]["region_id"]: shapely.geometry.shape(f["geometry"]) for f in features}
    country = shapely.union_all(list(shapes.values()))
    placed = last.dropna(subset=["latitude"])
    points = shapely.points(placed["longitude"], placed["latitude"])
    assert shapely.contains(country, points).all()
    for governorate in GOVERNORATES:
        here = (placed["admin1"] == governorate.name).to_numpy()
        assert governorate.name == "Baghdad" or shapely.contains(shapes[governorate.region_id], points[here]).all()


def test_natural_counts_have_the_stated_mean_and_dispersion() -> None:
    """Where nothing is injected, counts over many seeds have the stated mean and variance, in busy and rare regions."""
    weeks, means = all_weeks()[:52], normal_means(all_weeks())[:52]
    generator = np.random.default_rng(1)
    for column, governorate in enumerate(GOVERNORATES):
        mean, phi = np.tile(means[:, column], (1000, 1)), dispersion(governorate)
        counts = draws.counts(generator.random(mean.shape), mean, phi)
        # 52,000 counts; the widest, Muthanna, expects 1,040 incidents: standard error 3.1 %
        assert counts.sum() / mean.sum() == pytest.approx(1, abs=0.12)
        assert ((counts - mean) ** 2).sum() / (phi * mean).sum() == pytest.approx(1, abs=0.15)
    assert weeks[0] == np.datetime64("2016-01-04")


def test_rows_of_happenings_are_the_drawn_counts() -> None:
    """Rows come in order of week, and those of no effect sum to about what is normal."""
    rows = happenings(np.random.default_rng(7))
    assert rows["week"].is_monotonic_increasing
    natural = (rows["effect"] == -1).sum()
    # the sum has a mean of about 5,700 and a standard deviation of about 86
    assert natural == pytest.approx(normal_means(all_weeks()).sum(), abs=4 * 86)


def test_multiplier_of_a_ramp_by_hand() -> None:
    """A ramp jumps, grows for its weeks, falls by its decay until normal, and is 1 before and after."""
    ramp = Effect(
        effect_id="r", kind="ramp", region_id="IQ-DI", starts=date(2021, 10, 11), size=1.5, weeks=3, jump=2, decay=0.5
    )
    weeks = np.datetime64("2021-10-04") + 7 * np.arange(8)
    np.testing.assert_allclose(ramp.multiplier(weeks), [1, 2, 3, 4.5, 2.25, 1.125, 1, 1], rtol=1e-12)
    assert ramp.until(weeks) == date(2021, 11, 14)
    assert not ramp.added(weeks).any()


def test_spikes_bursts_and_shifts_by_hand() -> None:
    """A spike adds to one week, a burst multiplies for its weeks, a level shift to the end."""
    weeks = np.datetime64("2021-10-04") + 7 * np.arange(4)
    made = {
        kind: Effect(effect_id=kind, kind=kind, region_id="IQ-DI", starts=date(2021, 10, 11), size=3, weeks=2)
        for kind in ("spike", "burst", "level shift")
    }
    assert made["spike"].added(weeks).tolist() == [0, 3, 0, 0]
    assert made["spike"].multiplier(weeks).tolist() == [1, 1, 1, 1]
    assert made["burst"].multiplier(weeks).tolist() == [1, 3, 3, 1]
    assert made["level shift"].multiplier(weeks).tolist() == [1, 3, 3, 3]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"kind": "wave"}, "kind of effect e is 'wave'; choose one of ramp"),
        ({"starts": date(2021, 10, 10)}, "2021-10-10, which is not a Monday"),
        ({"size": 1.0}, "size of effect e is 1.0"),
    ],
)
def test_an_effect_checks_itself(changed: dict[str, object], message: str) -> None:
    """An effect of an unknown kind, not starting on a Monday, or without a size is refused."""
    right = {"effect_id": "e", "kind": "burst", "region_id": "IQ-DI", "starts": date(2021, 10, 11), "size": 2.0}
    with pytest.raises(OptionError, match=message):
        Effect(**(right | changed))  # type: ignore[arg-type]


def test_truth_lists_every_effect(records: SimulatedRecords) -> None:
    """The truth has one row per effect and one for the unreported stretch, within the records' days."""
    truth = records.truth
    assert truth["effect_id"].tolist() == [*(effect.effect_id for effect in EFFECTS), SILENCE.effect_id]
    assert (truth["from"] <= truth["until"]).all()
    assert truth["until"].max() <= LAST_DAY.isoformat()
    assert set(truth["regions"]) <= {g.region_id for g in GOVERNORATES}


def test_the_ramps_are_in_the_records(last: pd.DataFrame) -> None:
    """In the nine weeks from the election on, hit-and-run attacks multiply, mostly in the districts named."""
    for effect in (effect for effect in EFFECTS if effect.kind == "ramp"):
        name = GOVERNORATES[region(effect.region_id)].name
        attacks = last[(last["admin1"] == name) & (last["tactic"] == effect.tactic)]
        after = attacks[attacks["week"].between("2021-10-11", "2021-12-06")]
        before = attacks[attacks["week"].between("2020-10-12", "2021-10-04")]
        assert len(after) / 9 > 3 * len(before) / 52
        placed = after[after["admin2"] != ""]
        # 85 % of what is added and less of the rest: about .75; 26 attacks or more in the large ones: error .08
        assert placed["admin2"].isin(effect.places).mean() > 0.6


def test_the_ramps_are_over_by_spring(last: pd.DataFrame) -> None:
    """In April and May 2022 the ramps' governorates are back at no more than twice what is normal."""
    weeks = all_weeks()
    spring = (weeks >= np.datetime64("2022-04-04")) & (weeks <= np.datetime64("2022-05-30"))
    for effect in (effect for effect in EFFECTS if effect.kind == "ramp"):
        column = region(effect.region_id)
        assert (effect.multiplier(weeks)[spring] == 1).all()
        counts = weekly(last, GOVERNORATES[column].name, "2022-04-04", "2022-05-30")
        assert counts.mean() <= 2 * normal_means(weeks)[spring, column].mean() + 0.2


def test_the_spike_is_in_the_records(last: pd.DataFrame) -> None:
    """Basra has about nine incidents in the week of 15 November 2021, and otherwise at most five a week that year."""
    counts = weekly(last, "Basra", "2021-01-04", "2021-12-27")
    assert 7 <= counts["2021-11-15"] <= 11
    assert counts.drop(pd.Timestamp("2021-11-15")).max() <= 5


def test_the_level_shift_is_in_the_records(last: pd.DataFrame) -> None:
    """Anbar's incidents from 30 August 2021 on are about 2.5 times what is normal."""
    weeks = all_weeks()
    inside = (weeks >= np.datetime64("2021-08-30")) & (weeks <= np.datetime64("2022-06-13"))
    normal = normal_means(weeks)[inside, region("IQ-AN")].sum() * 0.98 * 0.98
    ratio = weekly(last, "Anbar", "2021-08-30", "2022-06-13").sum() / normal
    # about 250 incidents of dispersion 1.3: standard error .18 on 2.5, twice that is allowed and a little for delays
    assert 2.0 < ratio < 3.0


def test_the_unreported_stretch_is_empty(records: SimulatedRecords, last: pd.DataFrame) -> None:
    """Maysan has no record in the stretch that coverage declares unreported, and has records around it."""
    maysan = last[last["admin1"] == "Maysan"]
    assert not ((maysan["occurred_on"] <= "2021-10-10") & (maysan["occurred_until"] >= "2021-08-02")).any()
    assert (maysan["occurred_on"] > "2021-10-10").any()
    silent = records.coverage[records.coverage["reported"] == "false"]
    assert silent[["region_id", "covers_from", "covers_until"]].to_numpy().tolist() == [
        ["IQ-MA", "2021-08-02", "2021-10-10"]
    ]


def test_country_coverage_spans_the_records(records: SimulatedRecords) -> None:
    """One row of coverage says that all of Iraq was reported on from the first week to the last day."""
    assert (records.coverage["source"] == "simulated").all()
    row = records.coverage.iloc[0]
    assert row[["region_id", "covers_from", "covers_until", "reported"]].tolist() == [
        "IQ",
        "2016-01-04",
        "2022-06-30",
        "true",
    ]
    assert records.incidents["occurred_on"].between("2016-01-01", "2022-06-30").all()
