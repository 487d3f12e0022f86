"""Basic selectors and the advanced ones made of them record the same events."""

from hypothesis import given, settings
from hypothesis import strategies as st

from itemtrail.core.selector_merge import merge, to_advanced
from itemtrail.core.selectors import records

KINDS = {
    "AWS::DynamoDB::Table": ["arn:aws:dynamodb", "arn:aws:dynamodb:us-east-1:1:table/A", "arn:aws:dynamodb:us-east-1:1:table/AB"],
    "AWS::S3::Object": ["arn:aws:s3", "arn:aws:s3:::", "arn:aws:s3:::b/", "arn:aws:s3:::b/key", "arn:aws:s3:::b2/"],
    "AWS::Lambda::Function": ["arn:aws:lambda", "arn:aws:lambda:us-east-1:1:function:f"],
}
SOURCES = ["kms.amazonaws.com", "rdsdata.amazonaws.com", "ec2.amazonaws.com"]
RESOURCE = st.sampled_from(sorted(KINDS)).flatmap(
    lambda kind: st.fixed_dictionaries({"Type": st.just(kind), "Values": st.lists(st.sampled_from(KINDS[kind]), max_size=3)})
)
SELECTOR = st.fixed_dictionaries(
    {"DataResources": st.lists(RESOURCE, max_size=3)},
    optional={
        "ReadWriteType": st.sampled_from(["All", "ReadOnly", "WriteOnly"]),
        "IncludeManagementEvents": st.booleans(),
        "ExcludeManagementEventSources": st.lists(st.sampled_from(SOURCES[:2]), unique=True),
    },
)
SIDE = st.sampled_from(["true", "false"])
DATA_EVENT = st.sampled_from(sorted(KINDS)).flatmap(
    lambda kind: st.fixed_dictionaries(
        {
            "eventCategory": st.just("Data"),
            "readOnly": SIDE,
            "resources.type": st.just(kind),
            "resources.ARN": st.sampled_from([*KINDS[kind], KINDS[kind][-1] + "x"]),
        }
    )
)
MANAGEMENT_EVENT = st.fixed_dictionaries(
    {"eventCategory": st.just("Management"), "readOnly": SIDE, "eventSource": st.sampled_from(SOURCES)}
)


@settings(max_examples=200, deadline=None)
@given(st.lists(SELECTOR, min_size=1, max_size=5), st.lists(DATA_EVENT | MANAGEMENT_EVENT, min_size=1, max_size=8))
def test_the_conversion_records_the_same(selectors, events):
    converted = to_advanced({"EventSelectors": selectors})
    for event in events:
        wanted = records({"EventSelectors": selectors}, event)
        if converted:
            assert records({"AdvancedEventSelectors": list(converted)}, event) is wanted
        else:
            assert wanted is False


@settings(max_examples=100, deadline=None)
@given(st.lists(SELECTOR, max_size=5), st.lists(DATA_EVENT | MANAGEMENT_EVENT, min_size=1, max_size=8), st.booleans())
def test_merging_loses_nothing(selectors, events, management):
    before = {"EventSelectors": selectors}
    merged = merge(before, ["arn:aws:dynamodb:us-east-1:1:table/AB"], reads=False, management=management)
    if merged.selectors is None:
        return
    after = {"AdvancedEventSelectors": list(merged.selectors)}
    assert all(records(after, event) is True for event in events if records(before, event))
