"""The policies allow what the code calls, no more, and nothing that would undo the archive; docs/iam is what is printed."""

import json
from pathlib import Path

import pytest
from tests.permissions import FOLDER, actions, policies

from itemtrail import settings
from itemtrail.aws import cold, event_history, holds, posture, rates
from itemtrail.aws.control import CANARY_ACTIONS, OPERATIONS, READ_ACTIONS
from itemtrail.aws.policies import names_of, roles_of
from itemtrail.cli import main as cli
from itemtrail.cli import permissions
from itemtrail.core import forwarder_config
from itemtrail.core.permissions import allow
from itemtrail.flows.setup import wanted_of

NEEDS_NONE = {"sts:GetCallerIdentity"}
UNDOING = ("Delete", "Bypass", "StopLogging", "PutLifecycle", "PutBucketPolicy", "LegalHold")
EXAMPLE = FOLDER / "itemtrail.toml"


def test_the_documents_are_what_the_command_writes(tmp_path: Path):
    assert cli.main(["permissions", "--config", str(EXAMPLE), "--write", str(tmp_path)]) == 0
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    documented = {path.name: path.read_text() for path in FOLDER.iterdir() if path != EXAMPLE}
    assert documented == written, "run: itemtrail permissions --config docs/iam/itemtrail.toml --write docs/iam"


def test_setup_may_do_exactly_what_the_code_calls():
    called = {action for needed in OPERATIONS.values() for action in needed} | {*READ_ACTIONS, *rates.ACTIONS}
    assert actions(policies()["Setup"]) == called - NEEDS_NONE


def test_the_review_may_read_exactly_what_the_snapshot_asks():
    assert actions(policies()["Posture"]) == {*posture.READ_ACTIONS, *event_history.ACTIONS} - NEEDS_NONE


def test_the_canary_may_write_one_item():
    assert set(CANARY_ACTIONS) <= actions(policies()["Canary"])


CAREFUL = ["Trail reader", "Stream reader", "Archive writer", "Canary", "Posture", "Event history", "Restorer", "Auditor"]


@pytest.mark.parametrize("role", CAREFUL)
def test_only_setup_may_change_configuration_and_nobody_may_undo(role):
    allowed = actions(policies()[role])
    assert [action for action in allowed if any(word in action for word in UNDOING)] == []


def test_no_role_may_delete_or_stop():
    allowed = set().union(*(actions(policy) for policy in policies().values()))
    assert [action for action in allowed if any(word in action for word in ("Delete", "Bypass", "StopLogging", "*"))] == []


def test_who_reviews_changes_nothing_and_reads_no_evidence():
    allowed = actions(policies()["Posture"])
    assert {action.split(":")[1][:3] for action in allowed} == {"Des", "Get", "Lis", "Loo"}
    evidence = (
        "GetObject",
        "GetItem",
        "GetRecords",
        "GetLogEvents",
        "FilterLogEvents",
        "Query",
        "Scan",
        "Decrypt",
        "ReceiveMessage",
    )
    assert not any(action.split(":")[1].startswith(evidence) for action in allowed)


def test_no_role_is_for_every_resource_where_one_can_be_named():
    unnameable = {
        "cloudtrail:DescribeTrails",
        "cloudtrail:ListPublicKeys",
        "cloudtrail:LookupEvents",
        "cloudwatch:GetMetricData",
        "cloudwatch:ListMetrics",
        "dynamodb:ListStreams",
        "ec2:DescribeRegions",
        "lambda:CreateEventSourceMapping",  # only for the forwarder: a condition says so
        "lambda:ListEventSourceMappings",
        "logs:DescribeAccountPolicies",
        "logs:DescribeLogGroups",
        "organizations:DescribeOrganization",
    }
    wide = [statement for policy in policies().values() for statement in policy["Statement"] if statement["Resource"] == "*"]
    assert {action for statement in wide for action in statement["Action"]} <= unnameable


def test_who_restores_reads_nothing_and_nobody_else_restores():
    allowed = {role: actions(policy) for role, policy in policies().items()}
    assert allowed["Restorer"] == {*cold.ACTIONS, "cloudtrail:GetTrail"}
    assert [role for role, granted in allowed.items() if "s3:RestoreObject" in granted] == ["Restorer"]


def test_nobody_else_holds():
    allowed = {role: actions(policy) for role, policy in policies().items()}
    assert [role for role, granted in allowed.items() if set(holds.ACTIONS) & granted] == ["Legal hold"]


def configured(tmp_path: Path, *changes: tuple[str, str]) -> settings.Settings:
    text = EXAMPLE.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / "itemtrail.toml"
    file.write_text(text)
    return settings.load(file)


def test_the_partition_is_the_home_regions(tmp_path: Path):
    china = configured(tmp_path, ("us-east-1", "cn-north-1"), ("eu-west-1", "cn-northwest-1"), ("arn:aws:", "arn:aws-cn:"))
    assert names_of(china).partition == "aws-cn"
    said = json.dumps([role.policy() for role in roles_of(china)])
    assert "arn:aws:" not in said
    assert "arn:aws-cn:s3:::hrms-archive-111122223333/*" in said


def test_prefixes_narrow_what_may_be_read_and_written(tmp_path: Path):
    named = configured(
        tmp_path,
        ('bucket = "hrms-trail-111122223333"', 'bucket = "hrms-trail-111122223333"\nprefix = "ct"'),
        ('bucket = "hrms-archive-111122223333"', 'bucket = "hrms-archive-111122223333"\nprefix = "it"'),
    )
    roles = {role.kind: role for role in roles_of(named)}
    keys = {r for s in roles["archive_writer"].statements for r in s.resources if "/" in r}
    assert keys == {"arn:aws:s3:::hrms-archive-111122223333/it/*"}
    assert "arn:aws:s3:::hrms-trail-111122223333/ct/AWSLogs/*" in {
        r for s in roles["trail_reader"].statements for r in s.resources
    }


def test_nothing_is_allowed_on_nothing(tmp_path: Path):
    bare = configured(tmp_path, ('sns_topic_arn = "arn:aws:sns:us-east-1:111122223333:itemtrail-alerts"', ""))
    bare = bare.model_copy(update={"streams": settings.StreamSettings(), "review": settings.ReviewSettings()})
    for role in roles_of(bare):
        for statement in role.policy()["Statement"]:
            assert statement["Resource"], (role.kind, statement["Sid"])
            assert "role/*" not in json.dumps(statement)
    assert not any("sns:" in action for role in roles_of(bare) for action in role.actions)
    assert next(role for role in roles_of(bare) if role.kind == "stream_reader").statements == ()


def test_the_archive_writer_may_tell_the_topic_of_checkpoints_too(tmp_path: Path):
    alerts = 'sns_topic_arn = "arn:aws:sns:us-east-1:111122223333:itemtrail-alerts"'
    outside = "arn:aws:sns:us-east-1:999900001111:itemtrail-checkpoints"
    named = configured(tmp_path, (alerts, f'{alerts}\ncheckpoint_topic_arn = "{outside}"'))
    writer = next(role for role in roles_of(named) if role.kind == "archive_writer")
    assert {r for s in writer.statements if s.sid == "TellAlerts" for r in s.resources} == {
        "arn:aws:sns:us-east-1:111122223333:itemtrail-alerts",
        outside,
    }


def test_a_wildcard_is_no_action():
    for actions_ in (["s3:*"], ["*"], ["GetObject"], []):
        with pytest.raises(ValueError, match="not named actions"):
            allow("Sid", actions_, ["*"])


def test_sids_are_unique_and_what_iam_takes():
    for role in roles_of(settings.load(EXAMPLE)):
        sids = [statement.sid for statement in role.statements]
        assert len(sids) == len(set(sids))
        assert all(sid.isalnum() for sid in sids)
        assert len(json.dumps(role.policy(), separators=(",", ":"))) < 6144, f"{role.kind} is larger than a managed policy"


def test_one_role_is_printed_as_iam_takes_it(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["permissions", "--config", str(EXAMPLE), "--role", "archive-writer"]) == 0
    assert json.loads(capsys.readouterr().out) == policies()["Archive writer"]
    assert cli.main(["permissions", "--config", str(EXAMPLE), "--role", "root"]) == 2
    assert "trail_reader" in capsys.readouterr().err
    assert cli.main(["permissions", "--config", str(EXAMPLE), "--json"]) == 0
    assert {role["title"]: role["policy"] for role in json.loads(capsys.readouterr().out).values()} == policies()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "file").write_text("")
    assert cli.main(["permissions", "--config", str(EXAMPLE), "--write", str(tmp_path / "file")]) == 2
    assert "cannot write to" in capsys.readouterr().err


def test_every_role_is_in_the_overview():
    said = permissions.overview(roles_of(settings.load(EXAMPLE)))
    assert all(f"({path.name})" in said for path in FOLDER.glob("*.json"))


def test_the_forwarders_policy_is_the_one_that_setting_up_puts():
    configured_ = settings.load(EXAMPLE)
    wanted = wanted_of(configured_, "aws").forwarder
    assert wanted is not None

    def plain(statements):
        one = lambda value: value if isinstance(value, list) else [value]  # noqa: E731
        return [{**s, "Resource": one(s["Resource"])} for s in statements]

    assert plain(policies()["Forwarder"]["Statement"]) == plain(forwarder_config.policy(wanted)["Statement"])
