"""What holds for every check: a refusal is never a pass, nothing breaks one, each says what it is."""

import ast
import dataclasses
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.posture_world import good, wanted

import itemtrail.checks
from itemtrail.core.check import Answer, Check, Severity, Status, Subject, ask, failed, subjects
from itemtrail.core.posture import Posture, Unread
from itemtrail.flows.review_checks import all_checks, run

CHECKS = {check.id: check for check in all_checks()}
FILES = sorted(path for path in Path(itemtrail.checks.__path__[0]).glob("*.py") if path.stem != "__init__")
EMPTY = Posture(good().taken_at, good().account, "aws", good().caller, good().trail_arn)
# Control ids whose text was read; nothing else may be claimed.
CONTROLS = {
    "CIS AWS Foundations v7.0": {"3.1.1", "3.1.4", "4.1", "4.2", "4.4", "4.5", "5.5", "5.7"},
    "Security Hub": {f"CloudTrail.{n}" for n in range(1, 8)} | {"S3.13", "S3.14", "S3.15", "DynamoDB.2", "DynamoDB.6"},
    "AWS Config": {"cloudtrail-security-trail-enabled"},
}
PROWLER = re.compile(r"prowler (cloudtrail|s3|dynamodb)_[a-z0-9_]+( \(.+\))?$")


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_a_check_says_what_it_is(check: Check) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9_]+", check.id)
    assert check.title[0].isupper()
    assert not check.title.endswith(".")
    assert check.why.endswith(".")
    assert check.remediation.startswith(("aws ", "itemtrail "))
    assert isinstance(check.severity, Severity)
    assert isinstance(check.subject, Subject)
    assert all(re.fullmatch(r"[a-z0-9]+:[A-Za-z_]+", action) for action in check.actions)
    assert len({*check.needs, *check.elsewhere, *check.weighs}) == len(check.needs) + len(check.elsewhere) + len(check.weighs)


@pytest.mark.parametrize("control", sorted({one for check in CHECKS.values() for one in check.controls}))
def test_only_controls_that_were_read_are_claimed(control: str) -> None:
    claimed = [
        name for name, ids in CONTROLS.items() if control.startswith(f"{name} ") and control.removeprefix(f"{name} ") in ids
    ]
    assert claimed or PROWLER.match(control)


def test_every_file_holds_the_check_of_its_name_and_knows_no_other():
    assert [path.stem for path in FILES] == list(CHECKS)
    for path in FILES:
        imported = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]
        modules = {getattr(node, "module", None) or node.names[0].name for node in imported}
        assert all(one.startswith("itemtrail.core") for one in modules), path.name
        assert len(path.read_text().splitlines()) <= 60, f"{path.name}: what is long belongs into core"


def refusals(check: Check):
    """Each way in which one action that the check lives on may be refused, with the subject it silences ("" for all)."""
    for named in subjects(check.subject, good()):
        for action in check.needs:
            yield named.resource, Unread(action, named.resource, named.region, "AccessDenied")
            yield named.resource, Unread(action, "*", named.region, "AccessDenied")
    for action in {*check.needs, *check.elsewhere}:
        yield "", Unread(action, "*", "", "ThrottlingException")
    for action in check.elsewhere:
        yield "", Unread(action, "arn:aws:something:else", "eu-west-1", "AccessDenied")


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_a_refusal_is_never_a_pass(check: Check) -> None:
    for resource, refused in refusals(check):
        results = [one for one in ask(check, replace(good(), unread=(refused,)), wanted()) if resource in ("", one.resource)]
        assert results
        assert {one.status for one in results} == {Status.CANNOT_LOOK}, refused
        assert all(refused.action in one.detail and refused.why in one.detail for one in results)


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_where_nothing_is_seen_nothing_passes_and_a_refusal_is_told(check: Check) -> None:
    for action in {*check.needs, *check.elsewhere}:
        results = ask(check, replace(EMPTY, unread=(Unread(action, "*", "", "AccessDenied"),)), wanted())
        assert {one.status for one in results} == {Status.CANNOT_LOOK}, action
    of_nothing = {one.status for one in ask(check, EMPTY, wanted())}
    if check.subject is not Subject.ACCOUNT:
        assert of_nothing == {Status.NOT_APPLICABLE}


@pytest.mark.parametrize("check", [one for one in CHECKS.values() if one.weighs], ids=lambda one: one.id)
def test_a_refusal_that_a_check_weighs_is_no_pass_where_nothing_else_is_seen(check: Check) -> None:
    of_a_trail = {"cloudtrail:GetEventSelectors", "cloudtrail:GetTrailStatus"}  # where there is no trail, it hides nothing
    for action in {*check.weighs} - of_a_trail:
        blind = replace(EMPTY, unread=(Unread(action, "*", "", "AccessDenied"),))
        assert Status.PASS not in {one.status for one in ask(check, blind, wanted())}, action


def test_a_refused_list_of_regions_or_trails_is_not_an_absence():
    for kind, action in ((Subject.REGION, "ec2:DescribeRegions"), (Subject.TRAIL, "cloudtrail:DescribeTrails")):
        blind = replace(EMPTY, unread=(Unread(action, "*", "", "AccessDenied"),))
        asked = [check for check in CHECKS.values() if check.subject is kind]
        assert {one.status for check in asked for one in ask(check, blind, wanted())} == {Status.CANNOT_LOOK}


def holes(value: Any):
    """Every optional field of the dataclasses in ``value``, as (path, what an empty one holds)."""
    for field in dataclasses.fields(value):
        now = getattr(value, field.name)
        if field.default is not dataclasses.MISSING:
            yield (field.name,), field.default
        if "None" in str(field.type):
            yield (field.name,), None
        if dataclasses.is_dataclass(now):
            yield from (((field.name, *path), blank) for path, blank in holes(now))
        if isinstance(now, tuple):
            for index, one in enumerate(now):
                if dataclasses.is_dataclass(one):
                    yield from (((field.name, index, *path), blank) for path, blank in holes(one))


def emptied(value: Any, path: tuple[Any, ...], blank: Any) -> Any:
    """``value`` with what ``path`` leads to replaced; as it is where the path no longer leads anywhere."""
    if not path:
        return blank
    if isinstance(value, tuple):
        index = path[0]
        return value if index >= len(value) else (*value[:index], emptied(value[index], path[1:], blank), *value[index + 1 :])
    if not dataclasses.is_dataclass(value):
        return value
    return replace(value, **{path[0]: emptied(getattr(value, path[0]), path[1:], blank)})


OF_POSTURE, OF_WANTED = list(holes(good())), [*holes(wanted()), (("tables",), ()), (("forwarder",), ""), (("regions",), ())]


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(0, len(OF_POSTURE) - 1), max_size=40), st.sets(st.integers(0, len(OF_WANTED) - 1), max_size=2))
def test_no_check_breaks_on_a_snapshot_with_holes(blanks, unwanted):
    posture, want = good(), wanted()
    for index in sorted(blanks):
        posture = emptied(posture, *OF_POSTURE[index])
    for index in unwanted:
        want = emptied(want, *OF_WANTED[index])
    assert [one for one in run(posture, want) if "check failed" in one.detail] == []


def test_no_check_breaks_on_a_snapshot_with_one_hole():
    of_each_kind = {(*(part for part in path if not isinstance(part, int)), blank): (path, blank) for path, blank in OF_POSTURE}
    for path, blank in of_each_kind.values():
        assert [one for one in run(emptied(good(), path, blank), wanted()) if "check failed" in one.detail] == [], path


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["*", "Allow", "Deny", "aws:SourceArn", "s3:*", "arn:aws:s3:::x"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["Statement", "Effect", "Principal", "Action", "Rules", "Condition", "AWS", "Sid"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["Statement", "Rules", "Version", "EventSelectors", "AdvancedEventSelectors"]), JUNK, max_size=3
    )
)
def test_a_document_of_any_shape_is_an_answer_and_never_an_exception(junk):
    posture = good()
    for group, index, field in [
        ("buckets", 1, "policy"),
        ("buckets", 2, "policy"),
        ("buckets", 1, "lifecycle"),
        ("trails", 0, "selectors"),
    ]:
        posture = emptied(posture, (group, index, "state", field), junk)
    for group, field in [("keys", "policy"), ("tables", "resource_policy"), ("topics", "policy"), ("roles", "trust")]:
        posture = emptied(posture, (group, 0, field), junk)
    posture = emptied(posture, ("roles", 0, "policies"), {"inline": junk})
    assert {one.status for one in run(posture, wanted())} <= set(Status)


def test_a_check_that_breaks_could_not_look_and_hides_no_other():
    def breaks(*_args: Any) -> Answer:
        raise KeyError("Statement")

    broken = replace(CHECKS["bucket_exists"], decide=breaks)
    results = run(good(), wanted(), [broken, CHECKS["trail_logging"]])
    assert [(one.status, one.detail) for one in results[:2]] == [(Status.CANNOT_LOOK, "check failed: KeyError: 'Statement'.")] * 2
    assert results[-1].status is Status.PASS


def test_only_what_is_in_braces_and_known_is_filled_in():
    odd = replace(CHECKS["bucket_exists"], remediation="do {name} {other} '{ $.a = b }' {arn}", decide=lambda *_: failed("no."))
    arn = "arn:aws:s3:::hrms-archive-111122223333"
    assert ask(odd, good(), wanted())[0].remediation == f"do hrms-archive-111122223333 {{other}} '{{ $.a = b }}' {arn}"
