"""Pictures of both buckets from a snapshot: our rules, drift, others' rules, and what could not be looked at."""

import dataclasses

from tests import posture_world

from itemtrail.core.posture import Unread
from itemtrail.flows.lifecycle_pictures import pictures
from itemtrail.settings import DEFAULT_PATH, parse
from itemtrail.snapshot import FindingStatus

SETTINGS = parse(DEFAULT_PATH.read_text(encoding="utf-8"), file="test.toml")


def archive_with(*rules, **fields):
    ours = next(one.state.lifecycle for one in posture_world.good().buckets if "archive" in one.roles)
    return posture_world.on_bucket("archive", {"lifecycle": {**ours, "Rules": [*ours["Rules"], *rules]}, **fields})


def lanes(taken, role="archive"):
    found = next(one for one in pictures(taken, SETTINGS) if one.role == role)
    assert found.picture
    return {(one.prefixes[0], one.sizes[0], one.tags, one.replaced): one for one in found.picture.lanes}


def ways(lane):
    return [(one.begin, one.state.storage_class, one.gone) for one in lane.way]


def test_originals_get_cold_after_45_days_and_events_after_90():
    found = lanes(posture_world.good())
    assert ways(found["originals/", 20, frozenset(), False]) == [(0, "STANDARD", False), (45, "DEEP_ARCHIVE", False)]
    assert ways(found["events/", 131072, frozenset(), False]) == [(0, "STANDARD", False), (90, "GLACIER_IR", False)]
    assert ways(found["events/", 0, frozenset(), False]) == [(0, "STANDARD", False)]
    assert not any(lane.broken or lane.planned for lane in found.values())


def test_in_the_trail_bucket_only_what_is_proven_goes():
    found = lanes(posture_world.good(), "trail")
    prefix = f"AWSLogs/{posture_world.ACCOUNT}/CloudTrail/"
    assert ways(found[prefix, 0, frozenset(), False]) == [(0, "STANDARD", False)]
    proven = found[prefix, 0, frozenset({("itemtrail", "proven")}), False]
    assert ways(proven) == [(0, "STANDARD", False), (90, "STANDARD", True), (120, "STANDARD", True)]


def test_a_rule_of_somebody_else_that_hides_receipts_is_seen_marked_and_counterexampled():
    taken = archive_with({"ID": "clean", "Status": "Enabled", "Filter": {"Prefix": "receipts/"}, "Expiration": {"Days": 400}})
    lane = lanes(taken)["receipts/", 0, frozenset(), False]
    assert [(one.name, one.day) for one in lane.broken] == [("P2", 400)]
    assert lane.planned is not None
    found = pictures(taken, SETTINGS)[1]
    assert [one.check for one in found.failing] == ["lifecycle.P2"]
    assert "receipts/" in found.failing[0].detail
    assert not found.drifts


def test_our_rule_that_was_changed_is_drawn_beside_what_it_should_be():
    ours = next(one.state.lifecycle for one in posture_world.good().buckets if "archive" in one.roles)
    rules = [{**rule, "Transitions": [{"Days": 7, "StorageClass": "DEEP_ARCHIVE"}]} for rule in ours["Rules"][:1]]
    taken = posture_world.on_bucket("archive", {"lifecycle": {"Rules": [*rules, *ours["Rules"][1:]]}})
    found = pictures(taken, SETTINGS)[1]
    lane = lanes(taken)["originals/", 20, frozenset(), False]
    assert found.drifts
    assert [one.begin for one in lane.way] == [0, 7]
    assert [one.begin for one in lane.planned] == [0, 45]
    assert [(one.name, one.day) for one in lane.broken] == [("P11", 7)]
    assert {one.check for one in found.failing} == {"lifecycle.P11"}


def test_a_rule_inside_originals_is_judged_for_the_unit_that_it_reaches():
    folder = f"originals/account={posture_world.ACCOUNT}/region={posture_world.HOME}/"
    off = {"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": folder}, "Expiration": {"Days": 30}}
    broken = {prefix: lane.broken for (prefix, *_), lane in lanes(archive_with(off)).items() if lane.broken}
    assert [(one.name, one.day) for one in broken[folder]] == [("P2", 30)]
    assert "originals/" not in broken


def test_rules_that_could_not_be_read_are_not_no_rules():
    taken = posture_world.on_bucket("archive", {"lifecycle": None})
    arn = f"arn:aws:s3:::{posture_world.ARCHIVE_BUCKET}"
    unread = dataclasses.replace(taken, unread=(Unread("s3:GetLifecycleConfiguration", arn, "", "AccessDenied"),))
    found = pictures(unread, SETTINGS)[1]
    assert found.drawing is None
    assert "not the same as having none" in found.missing
    assert not found.findings
    bare = pictures(taken, SETTINGS)[1]
    assert bare.drawing
    assert any("no lifecycle rules" in note for note in bare.notes)
    assert {one.status for one in bare.findings if one.check == "lifecycle.P1"} == {FindingStatus.FAIL}


def test_a_rule_that_is_not_understood_leaves_its_lanes_undrawn_and_no_others():
    odd = {"ID": "odd", "Status": "Enabled", "Filter": {"Prefix": "events/"}, "Teleport": {"Days": 1}}
    found = lanes(archive_with(odd))
    assert "Teleport" in found["events/", 0, frozenset(), False].unknown
    assert not found["events/", 0, frozenset(), False].way
    assert found["originals/", 20, frozenset(), False].way


def test_another_bucket_or_none_is_said():
    gone = posture_world.changed(posture_world.good(), "buckets", lambda one: "archive" in one.roles, state=None)
    gone = dataclasses.replace(gone, buckets=tuple(dataclasses.replace(one, state=None) for one in gone.buckets))
    assert [one.missing for one in pictures(gone, SETTINGS)] == ["there is no such bucket. Next: itemtrail setup"] * 2
    assert {one.missing for one in pictures(dataclasses.replace(gone, buckets=()), SETTINGS)} == {
        "the review did not look at this bucket"
    }


def hostile(number):
    chosen = {"Prefix": f"originals/{number}", "ObjectSizeGreaterThan": number, "Tags": [{"Key": "a", "Value": str(number)}]}
    end = {"Days": 10**12 if number % 2 else number + 1}
    return {"ID": f"r{number}", "Status": "Enabled", "Filter": {"And": chosen}, "Expiration": end}


def test_a_thousand_hostile_rules_are_counted_and_not_drawn():
    found = pictures(archive_with(*map(hostile, range(996))), SETTINGS)[1]
    assert found.picture
    assert any("originals/" in note for note in found.notes)
    assert "lifecycle.P2" in {one.check for one in found.failing}


def test_days_beyond_the_calendar_are_not_drawn_and_prove_nothing():
    far = {"ID": "far", "Status": "Enabled", "Filter": {}, "Expiration": {"Days": 10**12}}
    found = pictures(archive_with(far), SETTINGS)[1]
    assert {lane.unknown for lane in found.picture.lanes} == {"a rule's days lie beyond the calendar"}
    found = pictures(posture_world.on_bucket("trail", {"lifecycle": {"Rules": [far]}}), SETTINGS)[0]
    assert [one.check for one in found.failing] == ["lifecycle.days"]
