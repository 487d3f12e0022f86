"""Policies as questions: may somebody, and is it denied to everybody; patterns against patterns."""

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from itemtrail.core.access import allowed_to_others, denies_all, grants, like, overlap, public_statements

ARCHIVE = "arn:aws:s3:::archive"
OBJECTS = f"{ARCHIVE}/originals/*"
TEXT = st.text("ab/", max_size=6)
PATTERN = st.text("ab/*?", max_size=6)


def statement(effect="Allow", action="s3:DeleteObject", resource=OBJECTS, **more):
    return {"Sid": "S", "Effect": effect, "Action": action, "Resource": resource, **more}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


@given(PATTERN, PATTERN, TEXT)
def test_what_matches_both_patterns_makes_them_overlap(one, other, text):
    if fnmatch.fnmatchcase(text, one) and fnmatch.fnmatchcase(text, other):
        assert overlap(one, other)


@given(PATTERN, PATTERN, TEXT)
def test_a_pattern_that_covers_another_matches_all_that_it_matches(value, pattern, text):
    if like(value, pattern) and fnmatch.fnmatchcase(text, value):
        assert fnmatch.fnmatchcase(text, pattern)


@given(TEXT, PATTERN)
def test_a_plain_text_is_matched_as_usual(text, pattern):
    assert like(text, pattern) == fnmatch.fnmatchcase(text, pattern) == overlap(text, pattern)


@pytest.mark.parametrize(
    ("allowed", "may"),
    [
        (statement(), True),
        (statement(action="s3:Delete*"), True),
        (statement(action="S3:DELETEOBJECT"), True),
        (statement(action="*", resource="*"), True),
        (statement(resource=f"{ARCHIVE}/*"), True),
        (statement(resource=f"{ARCHIVE}/originals/account=1/*"), True),
        (statement(resource=f"{ARCHIVE}/spill/*"), False),
        (statement(resource="arn:aws:s3:::*"), True),
        (statement(resource=ARCHIVE), False),
        (statement(resource=f"{ARCHIVE}/${{aws:PrincipalTag/folder}}/*"), True),
        (statement(action="s3:DeleteObjectTagging"), False),
        (statement(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}), True),
        ({"Sid": "S", "Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, True),
        ({"Sid": "S", "Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}, False),
        ({"Sid": "S", "Effect": "Allow", "Action": "s3:*", "NotResource": f"{ARCHIVE}/*"}, False),
        ({"Sid": "S", "Effect": "Allow", "Action": "s3:*", "NotResource": f"{ARCHIVE}/originals/a*"}, True),
    ],
)
def test_an_allow_counts_where_it_can_touch_any_of_the_resources(allowed, may):
    assert bool(grants({"p": policy(allowed)}, ["s3:DeleteObject"], [OBJECTS])) is may


@pytest.mark.parametrize(
    ("denied", "may"),
    [
        (statement("Deny"), False),
        (statement("Deny", resource="*"), False),
        (statement("Deny", action="s3:Delete*", resource=f"{ARCHIVE}/*"), False),
        (statement("Deny", resource=f"{ARCHIVE}/originals/account=1/*"), True),
        (statement("Deny", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}), True),
        ({"Effect": "Deny", "NotAction": "s3:Get*", "Resource": "*"}, False),
        ({"Effect": "Deny", "NotAction": "s3:Delete*", "Resource": "*"}, True),
        ({"Effect": "Deny", "Action": "s3:*", "NotResource": f"{ARCHIVE}/spill/*"}, False),
        ({"Effect": "Deny", "Action": "s3:*", "NotResource": f"{ARCHIVE}/*"}, True),
    ],
)
def test_a_deny_counts_where_it_covers_all_of_them_and_has_no_condition(denied, may):
    assert bool(grants({"a": policy(statement()), "b": policy(denied)}, ["s3:DeleteObject"], [OBJECTS])) is may


def test_a_grant_says_where_it_comes_from():
    found = grants(
        {"inline": policy(statement(Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}))}, ["s3:DeleteObject"], [OBJECTS]
    )
    assert str(found[0]) == "s3:DeleteObject (statement 'S' of inline, under the condition Bool aws:MultiFactorAuthPresent true)"


@pytest.mark.parametrize(
    ("condition", "public"),
    [
        (None, True),
        ({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}, False),
        ({"StringLike": {"aws:PrincipalArn": "*"}}, True),
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}}, True),
        ({"StringEqualsIfExists": {"aws:SourceArn": "arn:x"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-1"}}, True),  # holds where the key is absent
        ({"StringEquals": {"AWS:SourceOwner": "111122223333"}}, False),
    ],
)
@pytest.mark.parametrize("principal", ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::1:root", "*"]}])
def test_everybody_is_public_unless_a_condition_names_somebody(principal, condition, public):
    one = statement(Principal=principal, **({"Condition": condition} if condition else {}))
    assert bool(public_statements(policy(one))) is public


def test_an_allow_for_everybody_but_one_is_public():
    assert public_statements(policy(statement(NotPrincipal={"AWS": "arn:aws:iam::1:root"})))


@pytest.mark.parametrize(
    ("denied", "holds"),
    [
        (statement("Deny", Principal="*"), True),
        (statement("Deny", Principal={"AWS": "*"}, resource=f"{ARCHIVE}/*"), True),
        (statement("Deny", Principal={"AWS": "arn:aws:iam::1:role/a"}), False),
        (
            statement("Deny", Principal="*", Condition={"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::1:role/breakglass"}}),
            True,
        ),
        (statement("Deny", Principal="*", Condition={"ArnNotLike": {"aws:PrincipalArn": "*"}}), False),
        (statement("Deny", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}}), False),
        (statement("Allow", Principal="*"), False),
        (statement("Deny", Principal="*", Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::1:role/*"}}), False),
        (statement("Deny", Principal="*", Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::1:*"}}), False),
        (statement("Deny", Principal="*", Condition={"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::1:role/setup-*"}}), True),
        (statement("Deny", Principal="*", Condition={"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::1:root"}}), True),
        (statement("Deny", Principal="*", Condition={"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}), False),
        (statement("Deny", Principal="*", Condition={"StringNotLike": {"aws:userid": "AROAEXAMPLE:*"}}), True),
    ],
)
def test_a_deny_for_everybody_may_leave_out_named_principals_only(denied, holds):
    assert denies_all(policy(denied), "s3:DeleteObject", OBJECTS) is holds


def test_only_a_service_is_nobody_else():
    service = statement(Principal={"Service": "cloudtrail.amazonaws.com"})
    both = statement(Principal={"Service": "cloudtrail.amazonaws.com", "AWS": "arn:aws:iam::2:root"})
    assert not allowed_to_others(policy(service), ["s3:DeleteObject"], [OBJECTS])
    assert allowed_to_others(policy(both), ["s3:DeleteObject"], [OBJECTS])
