"""The page on scheduling: its settings, its cron lines and its systemd units are ones that work."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from analytics.cli.context import definition_of, form_options, mail_server
from analytics.errors import MEANINGS, Exit, OptionError
from analytics.jobs import Job
from analytics.settings import Settings
from tests.conftest import ROOT
from tests.desk import incidents

PAGE = (ROOT / "docs" / "scheduling.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[str]:
    """The page's fenced blocks in one language."""
    return [found[2] for found in BLOCK.finditer(PAGE) if found[1] == language]


def test_settings_of_the_page_are_understood(tmp_path: Path) -> None:
    """Each settings file of the page is read without complaint, as settings and as a job that loads or mails something."""
    seen = []
    for text in blocks("toml"):
        if not text.startswith("# reports/"):
            (tmp_path / "incidents.toml").write_text(text, encoding="utf-8")
            assert Settings.read(tmp_path / "incidents.toml") == Settings()
            seen.append("load" if Job.read(tmp_path / "incidents.toml", {}).load else "mail")
    assert seen == ["load", "mail", "load"]


def test_the_mail_of_the_page_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The definition's recipients and the server are those that the page names; the password is found beside the settings."""
    duty, mail = (text for text in blocks("toml") if text.startswith("# reports/") or "[smtp]" in text)
    name = re.match(r"# (reports/\w+\.toml)\n", duty)
    assert name, duty
    (tmp_path / "reports").mkdir()
    (tmp_path / name[1]).write_text(duty, encoding="utf-8")
    (tmp_path / "smtp.password").write_text("hunter2\n", encoding="utf-8")
    (tmp_path / "incidents.toml").write_text(mail, encoding="utf-8")
    given = {"config": tmp_path / "incidents.toml"}
    server = mail_server(given)
    assert server is not None and (server.server, server.user) == ("mail.example.org:587", "desk")
    assert form_options(given).mail.sender == "Security desk <desk@example.org>"
    definition = definition_of(given, "duty")
    assert "eml" in definition.forms and len(definition.recipients["light"]) == 2
    (tmp_path / "smtp.password").unlink()
    with pytest.raises(OptionError, match=r"password_file .* cannot be read"):
        mail_server(given)


def test_commands_of_cron_and_systemd_have_options_that_exist() -> None:
    """Every `incidents run` of the page's cron lines and units parses."""
    lines = re.findall(r"\bincidents (run [^;|&\n]*)", "\n".join([*blocks("cron"), *blocks("ini")]))
    assert len(lines) == 3
    for line in lines:
        done = incidents(*shlex.split(line), "--help")
        assert done.exit_code == 0, done.stderr


def test_the_page_has_every_exit_code_of_a_run() -> None:
    """The table of the page and the codes of the program do not drift apart."""
    listed = set(map(int, re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE))) | set(range(1, 7)) | {8, 130}
    assert listed == set(map(int, Exit)) == set(map(int, MEANINGS))


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """`systemd-analyze verify` finds nothing wrong with service and timer, once their program and user are there."""
    tool = shutil.which("systemd-analyze")
    if tool is None:
        pytest.skip("needs systemd-analyze")
    for text in blocks("ini"):
        name = re.match(r"# /etc/systemd/system/(\S+)\n", text)
        assert name, text
        there = text.replace("/usr/local/bin/incidents", shutil.which("true") or "/bin/true").replace("User=desk\n", "")
        (tmp_path / name[1]).write_text(there, encoding="utf-8")
    units = sorted(tmp_path.iterdir())
    done = subprocess.run([tool, "verify", "--man=no", *map(str, units)], capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "incidents." in line]
    assert (done.returncode, ours) == (0, []), done.stderr
