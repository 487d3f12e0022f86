"""The lifecycle assertions: every scenario's verdict, and the counterexample in the words of whoever must mend it."""

import datetime as dt

import pytest

from itemtrail.core import retention
from itemtrail.core.lifecycle_checks import Cold, Kept, Readable, cold, gone, kept, readable
from itemtrail.core.lifecycle_rules import ALL_128K, SMALL, VARIES, parse
from itemtrail.snapshot import FindingStatus

NOW = dt.datetime(2026, 11, 24, 9, 30, tzinfo=dt.UTC)
FAIL, CANNOT, PASS = FindingStatus.FAIL, FindingStatus.CANNOT_PROVE, FindingStatus.PASS
ORIGINALS = "originals/account=111122223333/region=us-east-1/delivery_date="
WANT = Cold((ORIGINALS,), "GLACIER", 60)
YEAR = Kept(("originals/", "receipts/"), 365)
GLACIER = {"Transitions": [{"Days": 60, "StorageClass": "GLACIER"}]}
MORE_THAN_1 = {"ObjectSizeGreaterThan": 1}


def config(*rules, minimum=ALL_128K):
    made = [{"ID": f"r{number}", "Status": "Enabled", "Filter": {}, **rule} for number, rule in enumerate(rules)]
    return parse({"Rules": made, "TransitionDefaultMinimumObjectSize": minimum})


def got_cold(configuration, sizes=()):
    return {f.check.removeprefix("lifecycle."): f for f in cold(configuration, WANT, "archive", sizes=sizes, now=NOW)}


def verdicts(configuration, sizes=()):
    return tuple(finding.status for finding in got_cold(configuration, sizes).values())


def days(*pairs, **more):
    return {"Transitions": [{"Days": number, "StorageClass": to} for number, to in pairs], **more}


COLD = {  # P1, P6, P9
    "no rules": (config(), (), (FAIL, PASS, PASS)),
    "everything, with a size filter": (config({**GLACIER, "Filter": MORE_THAN_1}), (), (PASS, PASS, PASS)),
    "colder than asked": (config(days((60, "DEEP_ARCHIVE"), Filter=MORE_THAN_1)), (), (PASS, PASS, PASS)),
    "warmer than asked": (config(days((60, "GLACIER_IR"), Filter=MORE_THAN_1)), (), (FAIL, PASS, PASS)),
    "a day late": (config(days((61, "GLACIER"), Filter=MORE_THAN_1)), (), (FAIL, PASS, PASS)),
    "by way of another class": (config(days((30, "STANDARD_IA"), (60, "GLACIER"), Filter=MORE_THAN_1)), (), (PASS, PASS, PASS)),
    "only Disabled": (config({**GLACIER, "Filter": MORE_THAN_1, "Status": "Disabled"}), (), (FAIL, FAIL, PASS)),
    "another prefix": (config({**GLACIER, "Filter": {"And": {"Prefix": "foo/", **MORE_THAN_1}}}), (), (FAIL, PASS, PASS)),
    "a tag filter": (config({**GLACIER, "Filter": {"Tag": {"Key": "a", "Value": "b"}}}), (), (FAIL, PASS, PASS)),
    "one year's deliveries only": (
        config({**GLACIER, "Filter": {"And": {"Prefix": ORIGINALS + "2026", **MORE_THAN_1}}}),
        (),
        (FAIL, PASS, PASS),
    ),
    "two prefixes that together are all": (
        config(*({**GLACIER, "Filter": {"And": {"Prefix": f"originals/account={a}", **MORE_THAN_1}}} for a in "12")),
        (),
        (PASS, PASS, PASS),
    ),
    "128 KB by default, any size": (config(GLACIER), (), (FAIL, PASS, FAIL)),
    "128 KB by default, all larger": (config(GLACIER), (SMALL, SMALL * 9), (PASS, PASS, PASS)),
    "128 KB by default, one smaller": (config(GLACIER), (SMALL, SMALL - 1), (FAIL, PASS, FAIL)),
    "varies by class": (config(GLACIER, minimum=VARIES), (), (PASS, PASS, PASS)),
    "a size filter that leaves small ones out": (
        config({**GLACIER, "Filter": {"ObjectSizeGreaterThan": 50_000}}),
        (),
        (FAIL, PASS, PASS),
    ),
    "small ones left out, none there": (
        config({**GLACIER, "Filter": {"ObjectSizeGreaterThan": 50_000}}),
        (50_001,),
        (PASS, PASS, PASS),
    ),
    "two size filters that together are all": (
        config({**GLACIER, "Filter": {"ObjectSizeGreaterThan": 999}}, {**GLACIER, "Filter": {"ObjectSizeLessThan": 1000}}),
        (),
        (PASS, PASS, PASS),
    ),
    "two size filters with one size between": (
        config({**GLACIER, "Filter": {"ObjectSizeGreaterThan": 1000}}, {**GLACIER, "Filter": {"ObjectSizeLessThan": 1000}}),
        (),
        (FAIL, PASS, PASS),
    ),
    "a date that is past": (
        config({"Transitions": [{"Date": "2020-01-01T00:00:00Z", "StorageClass": "GLACIER"}], "Filter": MORE_THAN_1}),
        (),
        (PASS, PASS, PASS),
    ),
    "a date far ahead": (
        config({"Transitions": [{"Date": "2036-01-01T00:00:00Z", "StorageClass": "GLACIER"}], "Filter": MORE_THAN_1}),
        (),
        (FAIL, PASS, PASS),
    ),
    "One Zone in the way": (
        config(days((30, "ONEZONE_IA"), (40, "GLACIER_IR"), (60, "GLACIER"), Filter=MORE_THAN_1)),
        (),
        (PASS, PASS, PASS),
    ),
    "a class not known": (config({**GLACIER, "Filter": MORE_THAN_1}, days((1, "MAGMA"))), (), (CANNOT, CANNOT, CANNOT)),
    "a class not known, elsewhere": (
        config({**GLACIER, "Filter": MORE_THAN_1}, days((1, "MAGMA"), Filter={"Prefix": "x/"})),
        (),
        (PASS, PASS, PASS),
    ),
}


@pytest.mark.parametrize(("configuration", "sizes", "expected"), COLD.values(), ids=COLD)
def test_cold(configuration, sizes, expected):
    assert verdicts(configuration, sizes) == expected


def test_the_small_object_is_named():
    finding = got_cold(config(GLACIER), [SMALL - 1, SMALL])["P9"]
    assert f"{ORIGINALS}2… of {SMALL - 1} bytes never moves" in finding.detail
    assert "ObjectSizeGreaterThan" in finding.advice


def test_the_disabled_rule_is_named():
    finding = got_cold(config({**GLACIER, "Filter": MORE_THAN_1, "Status": "Disabled"}))["P6"]
    assert "'r0'" in finding.detail


def test_a_thousand_rules_end_in_a_verdict():
    many = [{**GLACIER, "Filter": {"And": {"Prefix": f"{ORIGINALS}{n}", "ObjectSizeGreaterThan": n}}} for n in range(1000)]
    assert verdicts(config(*many)) == (CANNOT, CANNOT, CANNOT)


KEPT = {
    "no rules": (config(), PASS),
    "longer than asked": (config({"Expiration": {"Days": 365}}), PASS),
    "a day shorter": (config({"Expiration": {"Days": 364}}), FAIL),
    "shorter, but Disabled": (config({"Expiration": {"Days": 1}, "Status": "Disabled"}), PASS),
    "shorter, elsewhere": (config({"Expiration": {"Days": 1}, "Filter": {"Prefix": "changes/"}}), PASS),
    "shorter, deep inside": (config({"Expiration": {"Days": 1}, "Filter": {"Prefix": "receipts/account=1"}}), FAIL),
    "shorter, the whole bucket": (config({"Expiration": {"Days": 1}, "Filter": {"Prefix": ""}}), FAIL),
    "shorter, for a tag": (config({"Expiration": {"Days": 1}, "Filter": {"Tag": {"Key": "a", "Value": "b"}}}), FAIL),
    "shorter, for large ones": (config({"Expiration": {"Days": 1}, "Filter": {"ObjectSizeGreaterThan": 10**9}}), FAIL),
    "a filter that nothing meets": (
        config({"Expiration": {"Days": 1}, "Filter": {"And": {"ObjectSizeGreaterThan": 9, "ObjectSizeLessThan": 10}}}),
        PASS,
    ),
    "by date, though far ahead": (config({"Expiration": {"Date": "2099-01-01T00:00:00Z"}}), FAIL),
    "noncurrent, shorter": (config({"NoncurrentVersionExpiration": {"NoncurrentDays": 30}}), FAIL),
    "noncurrent, many kept": (
        config({"NoncurrentVersionExpiration": {"NoncurrentDays": 1, "NewerNoncurrentVersions": 100}}),
        FAIL,
    ),
    "noncurrent, longer": (config({"NoncurrentVersionExpiration": {"NoncurrentDays": 400}}), PASS),
    "delete markers only": (config({"Expiration": {"ExpiredObjectDeleteMarker": True}}), PASS),
    "uploads only": (config({"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1}}), PASS),
    "transitions only": (config(GLACIER), PASS),
    "not understood": (config({"Expiration": "soon"}), CANNOT),
    "not understood, elsewhere": (config({"Expiration": "soon", "Filter": {"Prefix": "changes/"}}), PASS),
    "a counterexample beside what is not understood": (config({"Expiration": "soon"}, {"Expiration": {"Days": 1}}), FAIL),
}


@pytest.mark.parametrize(("configuration", "expected"), KEPT.values(), ids=KEPT)
def test_kept(configuration, expected):
    assert kept(configuration, YEAR, "archive", versioned=True).status is expected


def test_the_counterexample_names_object_age_and_rule():
    finding = kept(config({"Expiration": {"Days": 3}, "Filter": {"ObjectSizeGreaterThan": 9}}), YEAR, "archive", versioned=True)
    assert finding.detail == (
        "an object originals/… of 10 bytes is hidden by a delete marker after 3 day(s), by Expiration of rule 'r0'; "
        "it must go not before 365 days"
    )


def test_without_versions_it_is_deleted_and_noncurrent_rules_say_nothing():
    assert "deleted after 3 day(s)" in kept(config({"Expiration": {"Days": 3}}), YEAR, "b", versioned=False).detail
    noncurrent = config({"NoncurrentVersionExpiration": {"NoncurrentDays": 1}})
    assert kept(noncurrent, YEAR, "b", versioned=False).status is PASS


PROVEN = {"Tag": {"Key": "itemtrail", "Value": "proven"}}
TRAIL = Kept(("AWSLogs/",), None, ("itemtrail", "proven"), 30)
TRAIL_KEPT = {
    "only what is proven": (config({"Expiration": {"Days": 90}, "Filter": PROVEN}), PASS),
    "what is proven, too soon": (config({"Expiration": {"Days": 29}, "Filter": PROVEN}), FAIL),
    "what is proven and more": (
        config({"Expiration": {"Days": 90}, "Filter": {"And": {"Tags": [PROVEN["Tag"], {"Key": "a", "Value": "b"}]}}}),
        PASS,
    ),
    "what says so with another value": (
        config({"Expiration": {"Days": 90}, "Filter": {"Tag": {"Key": "itemtrail", "Value": "x"}}}),
        FAIL,
    ),
    "everything, in a hundred years": (config({"Expiration": {"Days": 36500}}), FAIL),
    "versions of everything": (config({"NoncurrentVersionExpiration": {"NoncurrentDays": 365}}), FAIL),
    "versions of what is proven": (config({"NoncurrentVersionExpiration": {"NoncurrentDays": 30}, "Filter": PROVEN}), PASS),
}


@pytest.mark.parametrize(("configuration", "expected"), TRAIL_KEPT.values(), ids=TRAIL_KEPT)
def test_what_is_not_proven_never_expires(configuration, expected):
    assert kept(configuration, TRAIL, "trail", versioned=True).status is expected


READABLE = {
    "no rules": (config(), PASS),
    "instant retrieval": (config(days((0, "GLACIER_IR"))), PASS),
    "after the window": (config(days((31, "DEEP_ARCHIVE"))), PASS),
    "inside the window": (config(days((29, "GLACIER"))), FAIL),
    "by date": (config({"Transitions": [{"Date": "2030-01-01T00:00:00Z", "StorageClass": "GLACIER"}]}), FAIL),
    "for a tag": (config(days((1, "GLACIER"), Filter={"Tag": {"Key": "a", "Value": "b"}})), FAIL),
    "not understood": (config(days((1, "MAGMA"))), CANNOT),
}


@pytest.mark.parametrize(("configuration", "expected"), READABLE.values(), ids=READABLE)
def test_readable(configuration, expected):
    assert readable(configuration, Readable(("originals/",), "GLACIER_IR", 30), "archive").status is expected


def test_what_must_always_be_readable_may_never_be_colder():
    assert readable(config(days((9999, "GLACIER"))), Readable(("events/",), "GLACIER_IR", None), "archive").status is FAIL


def test_proven_log_files_do_go():
    tag = ("itemtrail", "proven")
    rules = config({"Expiration": {"Days": 90}, "Filter": PROVEN})
    assert gone(rules, ["AWSLogs/1/"], tag, 90, "trail").status is PASS
    assert gone(rules, ["AWSLogs/1/"], tag, 89, "trail").status is FAIL
    assert gone(config(), ["AWSLogs/1/"], tag, 90, "trail").status is FAIL


@pytest.mark.parametrize("prefix", ["", "deep/root"])
def test_our_own_rules_satisfy_everything_we_assert(prefix):
    archive = parse(
        {
            "Rules": list(
                retention.archive_rules(
                    prefix,
                    originals_class="DEEP_ARCHIVE",
                    originals_after=45,
                    events_class="GLACIER_IR",
                    events_after=90,
                    spill_days=1,
                )
            )
        }
    )
    want = retention.originals_cold(prefix, ["111122223333"], ["us-east-1"], storage_class="DEEP_ARCHIVE", days=45)
    findings = [
        *cold(archive, want, "a", sizes=(), now=NOW),
        kept(archive, retention.archive_kept(prefix, days=36500), "a", versioned=True),
        *(readable(archive, window, "a") for window in retention.archive_readable(prefix, originals_days=45, hot_days=90)),
    ]
    trail = parse({"Rules": list(retention.trail_rules(prefix, expiry_days=90, noncurrent_days=30))})
    root = retention.trail_root(prefix)
    findings += [
        kept(trail, retention.trail_kept(prefix, days=30), "t", versioned=True),
        readable(trail, retention.trail_readable(prefix, days=30), "t"),
        gone(trail, [root], retention.PROVEN_TAG, 90, "t"),
    ]
    assert [finding for finding in findings if finding.status is not PASS] == []


def test_merging_rules_keeps_those_of_others_and_their_default_minimum():
    wanted = retention.trail_rules("", expiry_days=90, noncurrent_days=30)
    other = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 1}}
    old = {**wanted[0], "Expiration": {"Days": 40}}
    merged = retention.merge_rules({"Rules": [other, old], "TransitionDefaultMinimumObjectSize": VARIES}, wanted)
    assert merged == {"Rules": [other, *wanted], "TransitionDefaultMinimumObjectSize": VARIES}
    assert retention.merge_rules(merged, wanted) is None


def test_our_rules_in_another_order_and_spelling_are_ours():
    wanted = retention.trail_rules("", expiry_days=90, noncurrent_days=30)
    respelled = {**wanted[0], "Filter": {"And": {"Tags": [wanted[0]["Filter"]["Tag"]]}}}
    assert retention.merge_rules({"Rules": [wanted[1], respelled]}, wanted) is None
