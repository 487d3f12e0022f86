"""The configuration file: what is refused, in words that name file, key and what is allowed; and its page in the docs."""

import json
import re
from pathlib import Path

import pytest

from itemtrail import settings
from itemtrail.errors import ConfigurationError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "configuration.md"
GOOD = settings.DEFAULT_PATH.read_text(encoding="utf-8")


def changed(pattern: str, replacement: str) -> str:
    text, count = re.subn(pattern, replacement, GOOD, count=1, flags=re.MULTILINE)
    assert count == 1, pattern
    return text


def refusal(text: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings.parse(text, file="my.toml")
    return str(caught.value)


def test_the_sandboxs_own_configuration_is_read():
    loaded = settings.load(settings.DEFAULT_PATH)
    assert loaded.trail.name == "HRMS-DynamoDB-Logs"
    assert loaded.archive.retention_mode == "GOVERNANCE"


REFUSED = {
    "unknown key": (changed(r"^reads = .*$", "raeds = true"), ["unknown key `trail.data_events.raeds`"]),
    "unknown section": (GOOD + "\n[trial]\nname = 'x'\n", ["unknown key `trial`"]),
    "missing key": (changed(r"^home_region = .*$", ""), ["`trail.home_region` is missing"]),
    "value not allowed": (
        changed(r"^retention_mode = .*$", 'retention_mode = "FOREVER"'),
        ["archive.retention_mode", "'GOVERNANCE'", "'COMPLIANCE'"],
    ),
    "wrong type": (changed(r"^retention_days = .*$", 'retention_days = "30"'), ["archive.retention_days", "'30'", "integer"]),
    "too small": (changed(r"^expiry_days = .*$", "expiry_days = 30"), ["trail.expiry_days", "greater than or equal to 31"]),
    "account not 12 digits": (changed(r'^account = "111122223333"$', 'account = "1111"'), ["trail.account", r"^\d{12}$"]),
    "account as a number": (changed(r'^account = "111122223333"$', "account = 111122223333"), ["trail.account", "string"]),
    "log retention that AWS does not take": (
        changed(r"^log_retention_days = .*$", "log_retention_days = 2"),
        ["streams.log_retention_days", "1, 3, 5"],
    ),
    "a table's name instead of its ARN": (
        changed(r'^tables = "all".*$', 'tables = ["Employees"]'),
        ["trail.data_events.tables", "arn:aws"],
    ),
    "prefix with a slash at its end": (changed(r"^expiry_days = .*$", 'prefix = "logs/"'), ["trail.prefix"]),
    "COMPLIANCE unconfirmed": (
        changed(r"^retention_mode = .*$", 'retention_mode = "COMPLIANCE"'),
        ["cannot be undone", "nobody can delete for 30 days"],
    ),
    "expiry inside the re-open window": (
        changed(r"^expiry_days = .*$", "expiry_days = 31").replace("[validation]", "reopen_days = 40\n[validation]"),
        ["`trail.expiry_days` = 31 is shorter than `archive.reopen_days` = 40"],
    ),
    "cold inside the re-open window": (
        changed(r"^retention_days = .*$", "reopen_days = 60"),
        ["`archive.originals_after_days` = 45 is shorter than `archive.reopen_days` = 60"],
    ),
    "not TOML": ("[trail\n", ["is not TOML", "line 1"]),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_named(text, words):
    message = refusal(text)
    for word in ["my.toml", "Next: ", *words]:
        assert word in message, message


def test_two_mistakes_are_told_at_once():
    message = refusal(changed(r"^reads = .*$", "raeds = true").replace("expiry_days = 90", "expiry_days = 0"))
    assert "raeds" in message
    assert "expiry_days" in message


def test_compliance_confirmed_is_taken():
    sentence = 'retention_mode = "COMPLIANCE"\nconfirm_compliance = "nobody can delete for 30 days"'
    assert settings.parse(changed(r"^retention_mode = .*$", sentence), file="f").archive.retention_mode == "COMPLIANCE"


@pytest.mark.parametrize(
    ("days", "words", "taken"),
    [
        (2557, "7 years", True),
        (2555, "7 years", True),
        (2557, "2557 days", True),
        (366, "1 year", True),
        (400, "1 year", False),
        (2557, "8 years", False),
        (364, "1 year", False),
        (30, "0 years", False),
    ],
)
def test_compliance_may_be_confirmed_in_years_where_the_days_are_whole_years(days, words, taken):
    sentence = f'retention_mode = "COMPLIANCE"\nconfirm_compliance = "nobody can delete for {words}"'
    text = re.sub(
        r"^retention_days = .*$", f"retention_days = {days}", changed(r"^retention_mode = .*$", sentence), flags=re.MULTILINE
    )
    if taken:
        assert settings.parse(text, file="f").archive.retention_days == days
    else:
        with pytest.raises(ConfigurationError, match="cannot be undone"):
            settings.parse(text, file="f")


def test_a_file_that_is_not_there_says_which_variable_names_it(tmp_path, monkeypatch):
    monkeypatch.setenv(settings.ENVIRONMENT_VARIABLE, str(tmp_path / "none.toml"))
    with pytest.raises(ConfigurationError, match="ITEMTRAIL_CONFIG"):
        settings.load()


def test_a_file_that_is_not_utf8_says_so(tmp_path):
    path = tmp_path / "latin.toml"
    path.write_bytes(b"# \xe9\n")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        settings.load(path)


def test_settings_cannot_be_changed_once_read():
    with pytest.raises(ValueError, match="frozen"):
        settings.load(settings.DEFAULT_PATH).trail.name = "other"


def documented() -> dict[str, str]:
    """``section.key`` → default, as the page has it."""
    rows: dict[str, str] = {}
    for section in re.split(r"^## \[", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        name = section.partition("]")[0]
        rows |= {
            f"{name}.{key}": default
            for key, default in re.findall(r"^\| `(\w+)` \|.*?\| (required|`[^`]*`) \|", section, re.MULTILINE)
        }
    return rows


def actual(model=settings.Settings, head=""):
    """The same from the settings themselves."""
    rows: dict[str, str] = {}
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, settings.BaseModel):
            rows |= actual(field.annotation, f"{head}{name}.")
        elif field.is_required():
            rows[head + name] = "required"
        else:
            value = list(field.default) if isinstance(field.default, tuple) else field.default
            rows[head + name] = f"`{json.dumps(value)}`"
    return rows


def test_the_page_has_every_key_with_its_default():
    assert documented() == actual()
