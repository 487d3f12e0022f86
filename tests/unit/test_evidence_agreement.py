"""Whether a call can be about a change: what CloudTrail masks may hide the item, and nothing else may."""

import json

import pytest

from itemtrail.core.evidence_agreement import is_about

TABLE = "arn:aws:dynamodb:us-east-1:111122223333:table/LeaveRequests"
INSERT = "INSERT INTO \"LeaveRequests\" VALUE {'EmpId': ***(Redacted), 'RequestId': ***(Redacted)}"
DELETE = 'DELETE FROM "LeaveRequests" WHERE "EmpId" = \'E-1019\' AND "RequestId" = \'LR-1\''
NAMED = [{"table_arn": TABLE, "key": '{"EmpId":"E-1019","RequestId":"LR-1"}'}]


def change(request):
    return {"table_arn": TABLE, "item_key": json.dumps({"EmpId": "E-1019", "RequestId": request}, separators=(",", ":"))}


def event(*statements, keys=NAMED):
    return {"item_keys": keys, "requestParameters": json.dumps({"requestItems": [{"statement": one} for one in statements]})}


def test_a_batch_that_inserts_and_deletes_can_have_made_an_item_that_it_does_not_name():
    assert is_about(change("LR-2"), event(INSERT, DELETE))


def test_a_batch_that_names_all_its_items_made_no_other():
    assert is_about(change("LR-1"), event(DELETE))
    assert not is_about(change("LR-2"), event(DELETE))


def test_a_select_beside_it_hides_no_write():
    assert not is_about(change("LR-2"), event('SELECT * FROM "LeaveRequests"', DELETE))


def test_one_statement_counts_as_a_batch_of_one():
    alone = {"item_keys": NAMED, "requestParameters": json.dumps({"statement": INSERT})}
    assert is_about(change("LR-2"), alone)


@pytest.mark.parametrize(
    "parameters", [None, "", "no json", "[]", '{"requestItems": 3}', '{"requestItems": [3]}', '{"requestItems": {"T": []}}']
)
def test_parameters_that_are_none_hide_nothing(parameters):
    assert not is_about(change("LR-2"), {"item_keys": NAMED, "requestParameters": parameters})
