"""Merging selectors: what was recorded stays recorded, and what is wanted is added once."""

from tests.unit.test_selectors import HR, HR2, arn, basic, data

from itemtrail.core.selector_merge import DATA_NAME, MANAGEMENT_NAME, fresh, merge, to_advanced
from itemtrail.core.selectors import covers, covers_management, management_event, records, table_event


def after(merged):
    return {"AdvancedEventSelectors": list(merged.selectors)}


def test_the_default_management_selection_survives():
    merged = merge({}, "all", reads=False, management=False)
    assert covers_management(after(merged)) is True
    assert covers(after(merged), None).full


def test_basic_selectors_are_converted_with_their_exclusions():
    before = basic(["arn:aws:s3:::logs/a"], side="WriteOnly", exclude=["kms.amazonaws.com"], kind="AWS::S3::Object")
    merged = after(merge(before, "all", reads=False, management=False))
    assert records(merged, management_event(read_only=False, source="kms.amazonaws.com")) is False
    assert records(merged, management_event(read_only=True, source="ec2.amazonaws.com")) is False
    assert records(merged, management_event(read_only=False, source="ec2.amazonaws.com")) is True
    written = {
        "eventCategory": "Data",
        "resources.type": "AWS::S3::Object",
        "readOnly": "false",
        "resources.ARN": "arn:aws:s3:::logs/abc",
    }
    assert records(merged, written) is True
    assert records(merged, {**written, "resources.ARN": "arn:aws:s3:::logs/b"}) is False


def test_advanced_selectors_of_others_stay_as_they_are():
    before = data({"Field": "userIdentity.arn", "NotEquals": ["x"]})
    merged = merge(before, "all", reads=False, management=False)
    assert merged.selectors[: len(before["AdvancedEventSelectors"])] == tuple(before["AdvancedEventSelectors"])


def test_a_trail_that_records_it_already_is_left_alone():
    assert merge(data(), "all", reads=True, management=False).selectors is None
    assert merge(basic(["arn:aws:dynamodb"]), [HR], reads=False, management=True).selectors is None


def test_merging_twice_changes_nothing():
    for tables in ("all", [HR, HR2]):
        for before in ({}, basic(), basic([HR]), arn(NotEquals=[HR]), data({"Field": "eventName", "Equals": ["PutItem"]})):
            merged = merge(before, tables, reads=False, management=True)
            assert merge(after(merged), tables, reads=False, management=True).selectors is None


def test_our_own_list_grows_and_there_is_one_of_it():
    first = after(merge({}, [HR], reads=False, management=False))
    second = after(merge(first, [HR, HR2], reads=False, management=False))
    own = [selector for selector in second["AdvancedEventSelectors"] if selector["Name"] == DATA_NAME]
    assert [field["Equals"] for field in own[0]["FieldSelectors"] if field["Field"] == "resources.ARN"] == [[HR, HR2]]
    assert len(own) == 1


def test_a_hand_edited_selector_of_our_name_is_not_replaced():
    edited = {
        "AdvancedEventSelectors": [{**s, "Name": DATA_NAME} for s in arn(Equals=[HR], NotEquals=[HR2])["AdvancedEventSelectors"]]
    }
    merged = after(merge(edited, [HR2], reads=False, management=False))
    assert edited["AdvancedEventSelectors"][0] in merged["AdvancedEventSelectors"]


def test_management_is_added_where_it_is_wanted_and_missing():
    merged = merge(data(), "all", reads=False, management=True)
    assert merged.selectors[0]["Name"] == MANAGEMENT_NAME
    assert covers_management(after(merged)) is True


def test_management_events_left_out_on_purpose_stay_left_out():
    for before in (basic(exclude=["kms.amazonaws.com"]), basic(side="WriteOnly")):
        merged = after(merge(before, "all", reads=False, management=True))
        assert covers_management(merged) is covers_management(before)


def test_a_new_trail_records_writes_only_unless_asked():
    selectors = {"AdvancedEventSelectors": list(fresh("all", reads=False, management=True))}
    assert records(selectors, table_event("PutItem", HR)) is True
    assert records(selectors, table_event("GetItem", HR)) is False
    assert (
        records({"AdvancedEventSelectors": list(fresh([HR], reads=True, management=False))}, table_event("GetItem", HR)) is True
    )


def test_an_exclusion_is_named_as_the_reason():
    merged = merge(arn(NotEquals=[HR]), [HR], reads=False, management=False)
    assert any("resources.ARN NotEquals" in reason for reason in merged.reasons)


def test_conversion_of_advanced_is_the_identity():
    before = data()
    assert to_advanced(before) == tuple(before["AdvancedEventSelectors"])
