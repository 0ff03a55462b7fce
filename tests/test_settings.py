"""Settings defend themselves: what is unknown, of the wrong type or out of range is named."""

from pathlib import Path
from typing import Any

import pytest

from analytics.errors import OptionError
from analytics.flags import Policy
from analytics.models.rare import RareOptions
from analytics.models.spike import SpikeOptions
from analytics.settings import Settings, build


def toml(path: Path, text: str) -> Path:
    """A settings file."""
    path = path / "incidents.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_empty_file_is_the_defaults(tmp_path: Path) -> None:
    """Every setting has a default, so a file may be empty."""
    assert Settings.read(toml(tmp_path, "")) == Settings()


def test_a_file_sets_what_it_names(tmp_path: Path) -> None:
    """Plain settings and sections arrive as written."""
    settings = Settings.read(toml(tmp_path, 'title = "الأنبار"\nweeks = 26\n[spikes]\nyears_back = 4\n'))
    assert (settings.title, settings.weeks, settings.spikes) == ("الأنبار", 26, {"years_back": 4})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("wheeks = 3", r"incidents\.toml: unknown option 'wheeks'; did you mean 'weeks'\?"),
        ("zzz = 3", r"unknown option 'zzz'; choose from title, level"),
        ('weeks = "many"', r"incidents\.toml: weeks must be a whole number, got 'many'"),
        ("weeks = 2.5", r"weeks must be a whole number, got 2\.5"),
        ("weeks = inf", r"weeks must be a whole number, got inf"),
        ("weeks = true", r"weeks must be a whole number, got True"),
        ("weeks = 0", r"weeks must be at least 1, got 0"),
        ("title = 3", r"title must be text, got 3"),
        ("week_start = 1", r"week_start must be text, got 1"),
        ('week_start = "mnday"', r"'mnday' is not a weekday; choose one of monday"),
        ('dates = "ignore"', r"dates must be exclude or spread, got 'ignore'"),
        ("spikes = 3", r"spikes must be a section of options, got 3"),
        ("weeks = ", r"incidents\.toml is not valid TOML"),
        ("weeks = 3\nweeks = 4", r"incidents\.toml is not valid TOML"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path: Path, text: str, message: str) -> None:
    """The error names the file or the setting, the value, and what would do."""
    with pytest.raises(OptionError, match=message):
        Settings.read(toml(tmp_path, text))


def test_a_missing_or_binary_file_is_named(tmp_path: Path) -> None:
    """A file that is not there, or no text, is an option that cannot be used."""
    with pytest.raises(OptionError, match=r"none\.toml: No such file"):
        Settings.read(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(OptionError, match=r"binary\.toml is not valid TOML"):
        Settings.read(tmp_path / "binary.toml")


@pytest.mark.parametrize(
    ("given", "built"),
    [
        ({"years_back": "4"}, SpikeOptions(years_back=4)),
        ({"alpha": "0.005"}, SpikeOptions(alpha=0.005)),
        ({"trend": "false"}, SpikeOptions(trend=False)),
        ({"trend": "Yes"}, SpikeOptions(trend=True)),
        ({"threshold": "muan"}, SpikeOptions(threshold="muan")),
    ],
)
def test_text_means_what_toml_means(given: dict[str, Any], built: SpikeOptions) -> None:
    """Options from the command line are converted to their types."""
    assert build(SpikeOptions, given, "--set") == built


def test_a_whole_number_may_stand_for_any_number() -> None:
    """An option that is a number takes 2 for 2.0 and keeps a fraction."""
    assert build(RareOptions, {"years_back": 2}, "x").years_back == 2
    assert build(RareOptions, {"years_back": "2.5"}, "x").years_back == 2.5


@pytest.mark.parametrize("value", ["nan", "inf", float("nan"), True, "", None, [1]])
def test_a_number_is_finite_and_a_number(value: Any) -> None:
    """Neither NaN, infinity, truth values nor nothing pass for a threshold."""
    with pytest.raises(OptionError, match="watch_ratio must be a number"):
        build(Policy, {"watch_ratio": value}, "policy")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"watchq": 0.1}, "policy: unknown option 'watchq'; did you mean 'watch_q'"),
        ({"watch_q": 0.001}, "alert_q <= warning_q <= watch_q"),
        ({"alert_q": 0}, "0 < alert_q"),
        ({"min_observed": -1}, "min_observed must not be negative, got -1"),
        ({"floor_weeks": 0}, "floor_weeks must be at least 1, got 0"),
        ({"alert_ratio": 1.0}, "ratio must not fall from watch to alert"),
        ({"watch_excess": 9.0}, "excess must not fall"),
        ({"episode_gap": -1}, "episode_gap -1"),
        ({"growing": 1.0}, r"growing 1\.0"),
    ],
)
def test_a_policy_checks_itself(given: dict[str, Any], message: str) -> None:
    """Thresholds that contradict each other are refused, with their values."""
    with pytest.raises(OptionError, match=message):
        build(Policy, given, "policy")
