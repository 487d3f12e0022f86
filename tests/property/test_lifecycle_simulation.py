"""The lifecycle function against a day-by-day simulation written apart from it, and the checks against the function.

The simulation walks every midnight, asks each rule from its JSON text what is due on that day, and does it in AWS's order.
"""

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from itemtrail.core.lifecycle import Version, colder, state
from itemtrail.core.lifecycle_checks import Kept, Readable, kept, readable
from itemtrail.core.lifecycle_drift import drift
from itemtrail.core.lifecycle_placement import Place, Rules, judge
from itemtrail.core.lifecycle_rules import parse
from itemtrail.core.lifecycle_together import Together, together
from itemtrail.model import Archived
from itemtrail.snapshot import FindingStatus

BEGIN = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
HORIZON = 45
WARM_TO_COLD = ["STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE"]
KB128 = 131_072
PREFIXES = ["", "a/", "a/b/", "a/bc", "z/"]
TAGS = [{"Key": "t", "Value": "1"}, {"Key": "u", "Value": "2"}]
SIZES = [0, 1, 99, 100, 101, KB128 - 1, KB128, KB128 + 1]

DAYS = st.integers(0, 30)
WHEN = st.builds(lambda n: {"Days": n}, DAYS) | st.builds(
    lambda n: {"Date": (BEGIN + dt.timedelta(days=n)).isoformat()}, st.integers(-3, 35)
)
TO = st.sampled_from(WARM_TO_COLD[1:])


def _filter(prefix, tags, above, below):
    parts = {} if prefix is None else {"Prefix": prefix}
    parts |= {} if above is None else {"ObjectSizeGreaterThan": above}
    parts |= {} if below is None else {"ObjectSizeLessThan": below}
    return {"And": {**parts, "Tags": tags}} if tags or len(parts) > 1 else parts


FILTER = st.builds(
    _filter,
    st.none() | st.sampled_from(PREFIXES),
    st.lists(st.sampled_from(TAGS), unique_by=lambda tag: tag["Key"], max_size=2),
    st.none() | st.sampled_from([0, 99, 100, KB128]),
    st.none() | st.sampled_from([100, 101, KB128, KB128 + 1]),
)
NONCURRENT = st.fixed_dictionaries({"NoncurrentDays": DAYS}, optional={"NewerNoncurrentVersions": st.integers(1, 3)})
RULE = st.fixed_dictionaries(
    {"ID": st.just("r"), "Status": st.sampled_from(["Enabled", "Enabled", "Disabled"]), "Filter": FILTER},
    optional={
        "Transitions": st.lists(st.builds(lambda when, to: {**when, "StorageClass": to}, WHEN, TO), min_size=1, max_size=3),
        "Expiration": WHEN | st.just({"ExpiredObjectDeleteMarker": True}),
        "NoncurrentVersionTransitions": st.lists(st.builds(lambda n, to: {**n, "StorageClass": to}, NONCURRENT, TO), max_size=2),
        "NoncurrentVersionExpiration": NONCURRENT,
    },
)
CONFIGURATION = st.fixed_dictionaries(
    {
        "Rules": st.lists(RULE, max_size=4),
        "TransitionDefaultMinimumObjectSize": st.sampled_from(["all_storage_classes_128K", "varies_by_storage_class"]),
    }
)
VERSION = st.builds(
    lambda key, size, minutes, tags, overwritten, newer: Version(
        key,
        size,
        BEGIN + dt.timedelta(minutes=minutes),
        frozenset(tags),
        None if overwritten is None else BEGIN + dt.timedelta(minutes=minutes + overwritten),
        newer,
    ),
    st.sampled_from(["a/x", "a/b/x", "a/bcd", "z/x", "q"]),
    st.sampled_from(SIZES),
    st.integers(0, 3 * 1440),
    st.sets(st.sampled_from([("t", "1"), ("u", "2"), ("v", "3")])),
    st.none() | st.integers(1, 20 * 1440),
    st.integers(0, 3),
)


def simulate(document, version, versioned):
    """The state after each midnight of the horizon, by walking them."""
    storage, hidden, since = "STANDARD", False, version.noncurrent_since
    newer = version.newer if since else 0
    days = []
    for day in range(HORIZON):
        midnight = BEGIN + dt.timedelta(days=day)
        current = since is None or since >= midnight
        rules = [rule for rule in document["Rules"] if rule["Status"] == "Enabled" and matches(rule["Filter"], version)]
        if midnight >= version.created and days[-1:] != [("gone",)]:
            if current:
                storage, ended = one_day(rules, document, version, storage, midnight, versioned)
                if ended and not versioned:
                    days.append(("gone",))
                    continue
                if ended:
                    hidden, since, newer = True, midnight, version.newer
            if since is not None and since <= midnight:
                storage, gone = one_noncurrent_day(rules, document, version, storage, since, newer, midnight)
                if gone:
                    days.append(("gone",))
                    continue
        elif days[-1:] == [("gone",)]:
            days.append(("gone",))
            continue
        days.append((storage, hidden))
    return days


def one_day(rules, document, version, storage, midnight, versioned):
    ended = any(reached(rule.get("Expiration", {}), version.created, midnight) for rule in rules)
    if ended and not versioned:
        return storage, True
    classes = [
        step["StorageClass"]
        for rule in rules
        for step in rule.get("Transitions", [])
        if reached(step, version.created, midnight) and admitted(rule, document, version.size, step["StorageClass"])
    ]
    return coldest(storage, classes), ended


def one_noncurrent_day(rules, document, version, storage, since, newer, midnight):
    for rule in rules:
        end = rule.get("NoncurrentVersionExpiration")
        if end and newer >= end.get("NewerNoncurrentVersions", 0) and reached({"Days": end["NoncurrentDays"]}, since, midnight):
            return storage, True
    classes = [
        step["StorageClass"]
        for rule in rules
        for step in rule.get("NoncurrentVersionTransitions", [])
        if newer >= step.get("NewerNoncurrentVersions", 0)
        and reached({"Days": step["NoncurrentDays"]}, since, midnight)
        and admitted(rule, document, version.size, step["StorageClass"])
    ]
    return coldest(storage, classes), False


def coldest(storage, classes):
    for to in sorted(classes, key=WARM_TO_COLD.index, reverse=True):
        if WARM_TO_COLD.index(to) > WARM_TO_COLD.index(storage) and (storage, to) != ("ONEZONE_IA", "GLACIER_IR"):
            return to
    return storage


def reached(when, start, midnight):
    """Whether a Days or Date action that counts from ``start`` is due at this midnight."""
    if "Days" in when:
        return start + dt.timedelta(days=when["Days"]) <= midnight
    return "Date" in when and start <= midnight and dt.datetime.fromisoformat(when["Date"]) <= midnight


def admitted(rule, document, size, to):
    inner = rule["Filter"].get("And", rule["Filter"])
    if size >= KB128 or "ObjectSizeGreaterThan" in inner or "ObjectSizeLessThan" in inner:
        return True
    return document["TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class" and to in ("GLACIER", "DEEP_ARCHIVE")


def matches(filter_, version):
    inner = filter_.get("And", filter_)
    return (
        version.key.startswith(inner.get("Prefix", ""))
        and all((tag["Key"], tag["Value"]) in version.tags for tag in inner.get("Tags", []))
        and not ("ObjectSizeGreaterThan" in inner and version.size <= inner["ObjectSizeGreaterThan"])
        and not ("ObjectSizeLessThan" in inner and version.size >= inner["ObjectSizeLessThan"])
    )


@settings(max_examples=100, deadline=None)
@given(CONFIGURATION, VERSION, st.booleans())
def test_the_function_agrees_with_the_simulation(document, version, versioned):
    if not versioned:
        version = Version(version.key, version.size, version.created, version.tags)
    configuration = parse(document)
    for day, simulated in enumerate(simulate(document, version, versioned)):
        found = state(configuration, version, BEGIN + dt.timedelta(days=day), versioned=versioned)
        assert (("gone",) if found.deleted else (found.storage_class, found.hidden)) == simulated, day


@settings(max_examples=100, deadline=None)
@given(CONFIGURATION, VERSION, st.integers(1, 40), st.booleans())
def test_what_is_said_to_be_kept_is_kept(document, version, days, guarded):
    """A PASS of P2 means that no object under the prefix is hidden or deleted before its time, by the function."""
    configuration = parse(document)
    want = Kept(("a/",), days, ("u", "2"), days) if guarded else Kept(("a/",), days)
    finding = kept(configuration, want, "bucket", versioned=True)
    if finding.status is not FindingStatus.PASS or not version.key.startswith("a/"):
        return
    found = state(configuration, version, version.created + dt.timedelta(days=days) - dt.timedelta(seconds=1))
    assert not (found.hidden or found.deleted)


TIMES = st.integers(0, 40)


@settings(max_examples=150, deadline=None)
@given(CONFIGURATION, VERSION, TIMES, st.booleans(), st.sampled_from(WARM_TO_COLD[:-1]))
def test_what_is_said_to_be_readable_is_readable_current_or_not(document, version, days, guarded, most):
    """A PASS of P3, P4, P11 or P12 means that no version under the prefix is colder before its time, on any simulated day."""
    want = Readable(("a/",), most, None, ("u", "2"), days) if guarded else Readable(("a/",), most, days)
    if readable(parse(document), want, "bucket").status is not FindingStatus.PASS or not version.key.startswith("a/"):
        return
    limit = days if not guarded or ("u", "2") in version.tags else HORIZON
    for day, found in enumerate(simulate(document, version, True)):
        if found != ("gone",) and BEGIN + dt.timedelta(days=day) < version.created + dt.timedelta(days=limit):
            assert not colder(found[0], most), day


@settings(max_examples=150, deadline=None)
@given(CONFIGURATION, VERSION, st.integers(1, 40))
def test_what_is_not_proven_never_goes_on_any_day_of_the_simulation(document, version, days):
    """A PASS of P7: without the tag nothing is ever hidden or gone; with it, not within the window."""
    want = Kept(("a/",), None, ("u", "2"), days, "P7")
    if kept(parse(document), want, "bucket", versioned=True).status is not FindingStatus.PASS or not version.key.startswith("a/"):
        return
    limit = days if ("u", "2") in version.tags else HORIZON
    for day, found in enumerate(simulate(document, version, True)):
        if BEGIN + dt.timedelta(days=day) < version.created + dt.timedelta(days=limit):
            assert found != ("gone",) and not (found[1] and version.noncurrent_since is None), day


ROOT = "AWSLogs/"
FOLDERS = ["AWSLogs/1/CloudTrail-Digest/", "AWSLogs/1/CloudTrail/"]
NAMED = st.sampled_from(["", ROOT, "AWSLogs/1/", "AWSLogs/1/CloudTrail", *FOLDERS, *(f + "r/" for f in FOLDERS), "AWSLogs/2/"])


def _under(document, prefixes):
    """The configuration with these prefixes in its rules, one each."""
    rules = [
        {**rule, "Filter": _filter(prefix, [], None, None)} for rule, prefix in zip(document["Rules"], prefixes, strict=False)
    ]
    return {**document, "Rules": rules}


@settings(max_examples=200, deadline=None)
@given(CONFIGURATION, st.lists(NAMED, min_size=4, max_size=4), st.sampled_from(["r/", "s/"]), st.sampled_from(SIZES[1:]))
def test_digests_and_logs_that_are_said_to_stay_together_do(document, prefixes, place, size):
    """A PASS of P4: on every day of the simulation a digest and a log of one age are both readable, or neither is."""
    moved = _under(document, prefixes)
    if together(parse(moved), Together(ROOT, ("1",)), "bucket").status is not FindingStatus.PASS:
        return
    digest, log = (Version(folder + place + "x", max(size, 20), BEGIN + dt.timedelta(hours=12)) for folder in FOLDERS)
    for first, second in zip(simulate(moved, digest, True), simulate(moved, log, True), strict=True):
        assert _unread(first) == _unread(second)


def _unread(found):
    return found == ("gone",) or found[1] or colder(found[0], "GLACIER_IR")


@settings(max_examples=150, deadline=None)
@given(CONFIGURATION, VERSION, st.integers(0, HORIZON - 1), st.integers(0, 5))
def test_an_object_that_s3_moved_within_the_lag_lies_as_due(document, version, day, lag):
    """Wherever S3 may have got to within the lag, by the simulation, is no finding; with its tags known, nothing is left open."""
    fresh = Version(version.key, version.size, version.created, version.tags)
    walked = simulate(document, fresh, True)
    if BEGIN + dt.timedelta(days=day) < fresh.created:
        return
    rules = Rules(parse(document), BEGIN + dt.timedelta(days=day), dt.timedelta(days=lag))
    for late in range(lag + 1):
        found = walked[max(day - late, 0)]
        if BEGIN + dt.timedelta(days=day - late) < fresh.created or found == ("gone",) or found[1]:
            continue
        listed = Archived(fresh.key, fresh.size, "", found[0], last_modified=fresh.created)
        assert judge(rules, listed, fresh.tags)[0] is Place.AS_DUE
        assert judge(rules, listed)[0] in (Place.AS_DUE, Place.TAGS)


@settings(max_examples=100, deadline=None)
@given(CONFIGURATION, st.randoms())
def test_a_configuration_has_no_drift_from_itself_in_any_order_under_any_name(document, random):
    shuffled = [{**rule, "ID": str(number)} for number, rule in enumerate(document["Rules"])]
    wanted = [{**rule, "ID": f"itemtrail-{number}"} for number, rule in enumerate(document["Rules"])]
    random.shuffle(shuffled)
    for rule in shuffled:
        random.shuffle(rule.get("Transitions", []))
    assert drift({"Rules": shuffled}, wanted).none
