"""A review from snapshot to saved report: what is compared, what is written, and what happens where something cannot be read."""

import dataclasses
import datetime as dt
import json

import pytest
from tests import posture_world
from tests.event_history_world import Clock, FakeHistory
from tests.memory import Fault, MemoryStore

from itemtrail.core.check import Status
from itemtrail.core.review import Change, Standing, Verdict
from itemtrail.errors import ConfigurationError, EvidenceError, SourceUnavailable
from itemtrail.flows import review
from itemtrail.posture import Posture, PostureScope
from itemtrail.settings import DEFAULT_PATH, Settings, parse

NOW = posture_world.NOW
WEEK = dt.timedelta(days=7)
LOGGING_OFF = posture_world.on_trail({"logging": False})


@dataclasses.dataclass
class Reader:
    """A set-up that is what the test says."""

    posture: Posture = dataclasses.field(default_factory=posture_world.good)

    def read(self, scope: PostureScope, *, now: dt.datetime) -> Posture:
        assert scope.trail_name == "HRMS-DynamoDB-Logs"
        return dataclasses.replace(self.posture, taken_at=now, events=(), events_since=None)


def settings(more: str = "") -> Settings:
    text = DEFAULT_PATH.read_text(encoding="utf-8")
    return parse(f'{text}\n[alerts]\nsns_topic_arn = "{posture_world.TOPIC}"\n{more}', file="test.toml")


def exception(check: str, resource: str = "*") -> str:
    return f'[[review.exceptions]]\ncheck = "{check}"\nresource = "{resource}"\nreason = "r"\nowner = "o"\nexpires = 2027-01-01\n'


@pytest.fixture
def archive():
    return MemoryStore("s3://archive")


def take(archive, posture=None, *, now=NOW, save=True, more=""):
    reader = Reader(posture) if posture else Reader()
    return review.take(reader, archive, settings(more), now=now, save=save)


def opened(made):
    return {line.result.check: line.change for line in made.report.review.standing(Standing.OPEN)}


def blind(made):
    return {line.result.check for line in made.report.review.standing(Standing.COULD_NOT_LOOK)}


def test_a_review_is_saved_whole_and_its_document_last(archive):
    made = take(archive)
    assert archive.puts == [f"reviews/20261123T060000Z/{name}" for name in ("snapshot.json", "report.html", "report.json")]
    assert archive.body(archive.puts[0]) == made.snapshot
    assert json.loads(archive.body(archive.puts[2]))["snapshot"]["sha256"] == made.report.snapshot.sha256
    assert not any(archive.locked(key) for key in archive.puts)


def test_the_same_review_again_changes_nothing(archive):
    first = take(archive)
    assert take(archive).report.to_bytes() == first.report.to_bytes()
    assert len(archive.puts) == 3


def test_another_review_of_the_same_second_is_refused_and_nothing_is_replaced(archive):
    take(archive)
    before = archive.body("reviews/20261123T060000Z/report.json")
    with pytest.raises(EvidenceError, match="is there already"):
        take(archive, LOGGING_OFF)
    assert archive.body("reviews/20261123T060000Z/report.json") == before


def test_a_review_is_compared_with_the_last_whole_one(archive):
    take(archive)
    found = take(archive, LOGGING_OFF, now=NOW + WEEK)
    assert opened(found)["trail_logging"] is Change.NEW
    assert any("logging" in change for change in found.report.changes)
    archive.put("reviews/20261201T060000Z/snapshot.json", b"{}")  # its writer was killed
    archive.put("reviews/20991231T000000Z/report.json", b"{}")  # later than now
    archive.put("reviews/latest/report.json", b"{}")
    again = take(archive, LOGGING_OFF, now=NOW + 2 * WEEK)
    assert opened(again)["trail_logging"] is Change.STILL_OPEN
    assert again.report.changes == ()
    assert again.report.last.id == "20261130T060000Z"
    mended = take(archive, now=NOW + 3 * WEEK)
    assert "trail_logging" in {line.result.check for line in mended.report.review.changed(Change.RESOLVED)}


def test_what_is_not_archived_could_not_be_looked_at(archive):
    made = take(archive, save=False)
    assert archive.puts == []
    assert "events_looked_at" in blind(made)
    assert made.report.review.verdict is Verdict.COULD_NOT_LOOK


def test_credentials_of_another_account_are_refused(archive):
    with pytest.raises(ConfigurationError, match="of account 999900001111"):
        take(archive, dataclasses.replace(posture_world.good(), account="999900001111"))


@pytest.mark.parametrize("fault", [Fault.DENIED, Fault.UNAVAILABLE, Fault.GONE, Fault.REFUSED])
def test_an_archive_that_cannot_be_read_is_told_and_the_review_goes_on(archive, fault):
    archive.fail("reviews/", fault)
    archive.fail("receipts/account=111122223333/region=eu-west-1/", fault)
    made = take(archive, LOGGING_OFF, save=False)
    assert opened(made)["trail_logging"] is Change.NEW
    assert not made.report.review.compared
    assert "could not be read" in made.report.notes[0]
    assert {"events_looked_at", "trail_not_weakened"} <= blind(made)


def test_a_review_that_cannot_be_saved_is_an_error(archive):
    archive.fail("reviews/20261123T060000Z/report.json", Fault.UNAVAILABLE)
    with pytest.raises(SourceUnavailable):
        take(archive)


def test_a_last_report_or_snapshot_that_was_changed_is_told(archive):
    take(archive)
    archive.replace("reviews/20261123T060000Z/snapshot.json", posture_world.ACCOUNT.encode())
    made = take(archive, LOGGING_OFF, now=NOW + WEEK)
    assert "its report names" in made.report.notes[0]
    assert made.report.review.compared
    archive.replace("reviews/20261130T060000Z/report.json", b'{"kind": "something"}')
    again = take(archive, LOGGING_OFF, now=NOW + 2 * WEEK)
    assert "everything open counts as new" in again.report.notes[0]
    assert opened(again)["trail_logging"] is Change.NEW


def test_an_event_that_cloudtrail_answers_again_and_again_is_told_once(archive):
    clock = Clock(now=NOW)
    history = FakeHistory(clock)
    stop = {"eventName": "StopLogging", "eventSource": "cloudtrail.amazonaws.com", "requestParameters": {"name": "HRMS"}}
    history.add(NOW - dt.timedelta(hours=3), "stop", **stop)
    told = []
    for week in range(4):
        clock.now = NOW + dt.timedelta(hours=week)
        made = review.take(Reader(), archive, settings(), now=clock.now, histories={"us-east-1": history}, save=True)
        told.append([one.event_id for one in made.report.posture.events])
    assert told == [["stop"], [], [], []]


def test_a_report_under_another_reviews_name_is_told(archive):
    take(archive)
    archive.put("reviews/20261125T060000Z/report.json", archive.body("reviews/20261123T060000Z/report.json"))
    assert "is the review 20261123T060000Z" in take(archive, now=NOW + WEEK).report.notes[0]


def test_events_of_the_future_are_refused(archive):
    with pytest.raises(ConfigurationError, match="is not over"):
        review.take(Reader(), archive, settings(), now=NOW, since=NOW + WEEK, save=False)


def test_exceptions_of_the_configuration_are_those_of_the_review(archive):
    made = take(archive, LOGGING_OFF, more=exception("trail_logging") + exception("no_such_check"))
    (line,) = (one for one in made.report.review.lines if one.result.check == "trail_logging")
    assert (line.standing, line.acceptance.owner) == (Standing.ACCEPTED, "o")
    assert [use.use for use in made.report.review.acceptances] == ["IN_FORCE", "UNKNOWN_CHECK"]


def test_a_saved_snapshot_gives_the_same_results_offline(archive):
    made = take(archive, LOGGING_OFF)
    again = review.of_snapshot(made.snapshot, settings(), where="file")
    assert [line.result for line in again.report.review.lines] == [line.result for line in made.report.review.lines]
    assert again.report.posture == made.report.posture


def test_two_snapshots_are_compared_offline(archive):
    good, bad = take(archive, save=False), take(archive, LOGGING_OFF, now=NOW + WEEK, save=False)
    compared = review.against(review.of_snapshot(bad.snapshot, settings(), where="b"), good.snapshot, settings(), where="a")
    assert opened(compared)["trail_logging"] is Change.NEW
    assert compared.report.review.compared
    back = review.against(review.of_snapshot(good.snapshot, settings(), where="a"), bad.snapshot, settings(), where="b")
    assert "trail_logging" in {line.result.check for line in back.report.review.changed(Change.RESOLVED)}


def test_every_check_answers_on_a_good_set_up_and_none_fails(archive):
    results = take(archive, save=False).report.review.lines
    assert {line.result.check for line in results if line.result.status is Status.FAIL} == set()
    assert len({line.result.check for line in results}) > 90


def test_what_is_no_snapshot_is_refused():
    with pytest.raises((EvidenceError, ConfigurationError), match=r"x\.json"):
        review.of_snapshot(b"{}", settings(), where="x.json")
