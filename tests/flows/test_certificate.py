"""Certificates of a real archive: what the ledger knows decides with the receipts."""

import datetime as dt

import pytest
from tests.archive_world import LATER
from tests.memory import Fault
from tests.proof_world import ProofWorld

from itemtrail.core import layout
from itemtrail.core.certificate import Certificate, Lacking
from itemtrail.errors import AccessDenied
from itemtrail.flows import ledger_prove
from itemtrail.flows.certificate import certificate, certificates, lines
from itemtrail.model import Unit, Verdict

DAY = dt.timedelta(days=1)


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> ProofWorld:
    made = ProofWorld(tmp_path_factory.mktemp("certificate"))
    made.checkpoint()
    return made


@pytest.fixture
def ledger(world, tmp_path) -> ledger_prove.Opened:
    return ledger_prove.open_ledger(world.world.archive, room=tmp_path)


def test_a_proven_day_is_certified_with_its_checkpoint(world, ledger):
    found = certificate(world.world.archive, world.world.unit, ledger).said
    assert isinstance(found, Certificate)
    assert found.unreserved
    assert (found.due[0].slots, found.logs, found.digests, found.counts.rows) == (24, 23, 25, 69)
    assert (found.held.checkpoint, found.held.sha256) == (1, world.book().last.sha256)


def test_days_of_a_range_stand_each_for_itself(world, ledger):
    unit = world.world.unit
    units = [Unit(unit.account, unit.region, unit.day + n * DAY) for n in (-1, 0, 1, 2)]
    kinds = [type(one.said) for one in certificates(world.world.archive, units, ledger)]
    assert kinds == [Certificate, Certificate, Lacking, Lacking]
    said = list(lines(one.said for one in certificates(world.world.archive, units, ledger)))
    assert "MISSING_TAIL" in said[0] or "NOT_YET_DUE" in said[0]
    assert "nothing is archived" in said[1]


def test_a_receipt_that_was_taken_away_is_no_certificate_of_what_is_left(tmp_path):
    world = ProofWorld(tmp_path)
    unit, archive = world.world.unit, world.world.archive
    log = world.world.logs()[3]
    world.world.source.put(log.replace("abcdefgh.json", "planted1.json"), world.world.source.body(log), at=LATER - 2 * DAY)
    assert world.world.run().verdict is Verdict.DISPROVEN
    world.checkpoint()
    ledger = ledger_prove.open_ledger(archive, room=tmp_path)
    assert isinstance(certificate(archive, unit, ledger).said, Lacking)
    for key in (layout.receipt_key(unit, 1), layout.plan_key(unit, 1)):
        archive.delete(key)
    found = certificate(archive, unit, ledger).said
    assert isinstance(found, Lacking)
    assert "the ledger holds" in found.reasons[0]
    assert isinstance(certificate(archive, unit, None).said, Certificate), "without the ledger nobody can know"


def test_a_receipt_that_was_rewritten_is_contrary_to_the_ledger(tmp_path):
    world = ProofWorld(tmp_path)
    world.checkpoint()
    ledger = ledger_prove.open_ledger(world.world.archive, room=tmp_path)
    key = layout.receipt_key(world.world.unit, 0)
    world.world.archive.replace(key, world.world.archive.body(key).replace(b'"rows":69', b'"rows": 69'))
    found = certificate(world.world.archive, world.world.unit, ledger).said
    assert isinstance(found, Lacking)


def test_what_cannot_be_read_is_no_statement(world, ledger):
    key = layout.receipt_key(world.world.unit, 0)
    world.world.archive.fail(key, Fault.DENIED)
    try:
        with pytest.raises(AccessDenied):
            certificate(world.world.archive, world.world.unit, ledger)
    finally:
        world.world.archive.mend(key)
