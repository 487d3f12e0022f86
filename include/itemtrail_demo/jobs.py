"""What happens outside the offices: the nightly payroll run, the DBA's statements, and the intrusion. Pure."""

import datetime as dt
import random
from typing import Any

from itemtrail_demo.calls import REFERENCE, Desk
from itemtrail_demo.company import Company
from itemtrail_demo.people import INTRUDER_EMPLOYEE, NEW_YORK, employee_ref, leave_ref
from itemtrail_demo.tables import EMPLOYEES, HOME, LEAVE, PAYROLL
from itemtrail_demo.world import EXISTS, Condition, Record, Ref, Step

RAISED_TO = 96_000
AGREED = 2_500
DENIED = "AccessDeniedException"


def payroll(company: Company, desk: Desk, day: dt.date) -> None:
    """The day's pay: read everybody, write the lines by 25, move each year-to-date, close the run."""
    people = company.everybody()
    for start in range(0, len(people), 100):
        desk.batch_get([employee_ref(emp_id) for emp_id in people[start : start + 100]])
    lines = [_line(company.record(emp_id), day, f"pay_{day:%Y%m%d}_{number // 25:04d}") for number, emp_id in enumerate(people)]
    batches = [lines[start : start + 25] for start in range(0, len(lines), 25)]
    for batch in batches:
        desk.batch(*batch)
    desk.batch(*batches[-1])  # the job did not see the answer to its last batch and sent it again: nothing changes
    for number, line in enumerate(lines):
        total = Ref(HOME, PAYROLL, (line.ref.key[0], "YTD"))
        values = {"Currency": line.values["Currency"], REFERENCE: f"ytd_{day:%Y%m%d}_{number:04d}"}
        desk.write(Step("update", total, values, {"Net": line.values["Net"], "Tax": line.values["Tax"]}))
    _close(desk, day, len(lines))


def _close(desk: Desk, day: dt.date, lines: int) -> None:
    run = Ref(HOME, PAYROLL, ("RUN", day.isoformat()))
    last = Ref(HOME, PAYROLL, ("RUN", "LAST"))
    desk.transact(
        Step("put", run, {**run.key_record, "Lines": lines, "Status": "CLOSED"}),
        Step("update", last, {"Day": day.isoformat()}),
    )


def _line(record: Record, day: dt.date, reference: str) -> Step:
    gross = int(record["Salary"]) // 260
    tax = gross * 28 // 100
    ref = Ref(HOME, PAYROLL, (str(record["EmpId"]), day.isoformat()))
    paid = {"Gross": gross, "Tax": tax, "Net": gross - tax, "Currency": record["Currency"], REFERENCE: reference}
    return Step("put", ref, {**ref.key_record, **paid})


def maintenance(company: Company, desk: Desk, rng: random.Random) -> None:
    """The DBA's morning: a look at the tables, then mending data by hand in PartiQL, every verb and every envelope."""
    desk.send("ListTables", {})
    desk.send("DescribeTable", {"TableName": rng.choice((EMPLOYEES, PAYROLL, LEAVE))})
    one, two, three = (company.someone(rng, NEW_YORK) for _ in range(3))
    desk.select(employee_ref(one))
    desk.statement(Step("update", employee_ref(one), {"Office": "New York", "Email": f"{one.lower()}@hrms.example"}))
    probe = company.next_request(one)
    record: dict[str, Any] = {**probe.key_record, "Days": 1, "Kind": "TEST", "Status": "TEST"}
    desk.statement(Step("put", probe, record))
    desk.statement(Step("put", probe, record))  # again: DuplicateItemException
    other = company.next_request(one)
    desk.statements(Step("put", other, {**record, **other.key_record}), Step("delete", probe))
    desk.statement(Step("update", probe, {"Status": "GONE"}))  # deleted a moment ago: the condition fails
    if two != three:
        balances = (leave_ref(company.record(two), "BALANCE"), leave_ref(company.record(three), "BALANCE"))
        desk.statement_transaction(*(Step("update", ref, {"Status": "CHECKED"}) for ref in balances))
    desk.statement(Step("delete", other))
    desk.send("Query", {"TableName": EMPLOYEES, "KeyConditionExpression": "Nonsense"}, expect="ValidationException")


def purge(company: Company, desk: Desk) -> None:
    """Those who left on an earlier day are removed for good."""
    gone, company.leavers = company.leavers[:25], company.leavers[25:]
    for emp_id in gone:
        desk.write(Step("delete", employee_ref(emp_id), when=EXISTS))


def intrusion(company: Company, desk: Desk, day: dt.date, trail: str, owner: str) -> None:
    """A stolen key at night: look around, read what others earn, raise the own salary, try to blind the trail."""
    own = employee_ref(INTRUDER_EMPLOYEE)
    desk.send("GetCallerIdentity", {}, service="sts")
    desk.send("ListTables", {})
    desk.send("DescribeTable", {"TableName": EMPLOYEES})
    desk.scan(EMPLOYEES, 50)
    for emp_id in company.everybody()[:12]:
        desk.query(PAYROLL, emp_id)
    desk.send("StopLogging", {"Name": trail}, service="cloudtrail", expect=DENIED)
    desk.get(own)
    desk.write(Step("update", own, {"Salary": RAISED_TO}))
    desk.statement(Step("update", Ref(HOME, PAYROLL, (INTRUDER_EMPLOYEE, day.isoformat())), {"Net": RAISED_TO // 260}))
    desk.get(own)
    desk.send("StopLogging", {"Name": trail}, service="cloudtrail", expect=DENIED)
    desk.send("DeleteTrail", {"Name": trail}, service="cloudtrail", expect=DENIED)
    desk.send("DeleteTable", {"TableName": PAYROLL}, expect=DENIED)
    desk.send("CreateAccessKey", {"UserName": owner}, service="iam", expect="AccessDenied")


def agreed_raise(home: Desk) -> None:
    """HR enters the raise that was agreed with the employee of interest."""
    own = employee_ref(INTRUDER_EMPLOYEE)
    home.get(own)
    record = home.world.items[own]
    when = Condition("equals", "Version", record["Version"])
    raised = {"Salary": int(record["Salary"]) + AGREED, "Version": int(record["Version"]) + 1}
    home.write(Step("update", own, raised, when=when))


def discovery(home: Desk) -> None:
    """A clerk finds a raise that nobody approved, and calls payroll."""
    home.get(employee_ref(INTRUDER_EMPLOYEE))


def correction(pay: Desk, was: Record) -> None:
    """Payroll puts the salary back."""
    own = employee_ref(INTRUDER_EMPLOYEE)
    pay.get(own)
    pay.write(Step("update", own, {"Salary": was["Salary"]}, {"Version": 1}, EXISTS))
