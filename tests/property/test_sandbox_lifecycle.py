"""The sandbox's lifecycle run against the library's lifecycle function: written apart, they must agree on current versions."""

import dataclasses
import datetime as dt

from hypothesis import given, settings
from tests.property.test_lifecycle_simulation import BEGIN, CONFIGURATION, HORIZON, VERSION

from cloudtrail_sandbox.s3_lifecycle import Thing, due
from itemtrail.core.lifecycle import State, state
from itemtrail.core.lifecycle_rules import parse

DAY = dt.timedelta(days=1)


@settings(max_examples=150)
@given(CONFIGURATION, VERSION)
def test_a_run_each_midnight_ends_where_the_function_says(configuration, version):
    version = dataclasses.replace(version, noncurrent_since=None)
    thing = Thing(version.key, version.size, version.created, "STANDARD", version.tags)
    smallest, parsed = configuration["TransitionDefaultMinimumObjectSize"], parse(configuration)
    for number in range(1, HORIZON):
        now = BEGIN + number * DAY
        what = due(thing, configuration["Rules"], now, smallest=smallest) if now >= version.created else ""
        said = state(parsed, version, now)
        assert (what == "expire") == (said.hidden or said.deleted)
        if what == "expire":
            return
        thing = dataclasses.replace(thing, storage_class=what or thing.storage_class)
        assert said == State(thing.storage_class)
