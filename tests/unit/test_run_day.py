"""Which day a run is about: given, never guessed."""

import datetime as dt

import pytest

from itemtrail.errors import ConfigurationError
from itemtrail_airflow.day import resolve

NOW = dt.datetime(2026, 11, 24, 0, 0, 5, tzinfo=dt.UTC)


def test_the_partition_key_is_the_day():
    assert resolve("2026-11-23", {"day": None}, now=NOW) == dt.date(2026, 11, 23)


def test_without_a_partition_key_the_parameter_is_the_day():
    assert resolve(None, {"day": "2023-07-10"}, now=NOW) == dt.date(2023, 7, 10)


def test_both_may_be_given_when_they_agree():
    assert resolve("2026-11-23", {"day": "2026-11-23"}, now=NOW) == dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("key", "params", "says"),
    [
        (None, {}, "has no day"),
        (None, {"day": None}, "has no day"),
        ("", {"day": ""}, "has no day"),
        ("2026-11-22", {"day": "2026-11-23"}, "partition key is 2026-11-22 and its parameter day 2026-11-23"),
        ("2026-11-24", {}, "not over"),
        ("2027-01-01", {}, "not over"),
        ("20261123", {}, "not a day"),
        ("2026-W47-1", {}, "not a day"),
        ("2026-11-31", {}, "not a day"),
        ("2026-11-23T00:00:00", {}, "not a day"),
        ("٢٠٢٦-11-23", {}, "not a day"),
    ],
)
def test_no_guess_is_made(key, params, says):
    with pytest.raises(ConfigurationError, match=says):
        resolve(key, params, now=NOW)


def test_over_means_over_in_utc():
    east = dt.datetime(2026, 11, 24, 8, 0, tzinfo=dt.timezone(dt.timedelta(hours=9)))  # 2026-11-23 23:00 UTC
    with pytest.raises(ConfigurationError, match="not over"):
        resolve("2026-11-23", {}, now=east)
