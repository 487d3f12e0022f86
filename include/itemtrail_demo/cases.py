"""What HR clerks and the DBA do in a working day: one function a kind of case, each a few calls. Pure.

A case happens at one moment and is complete in itself; its calls are sent in order. ``OFFICE_CASES`` says how often each
kind happens and how many calls it makes (at least; what is not possible at the moment becomes a look-up).
"""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass

from itemtrail_demo.calls import Desk, typed
from itemtrail_demo.company import Company
from itemtrail_demo.people import DEPARTMENTS, Office, employee_ref, leave_ref
from itemtrail_demo.tables import EMPLOYEES, LEAVE, PAYROLL
from itemtrail_demo.world import ABSENT, EXISTS, Condition, Ref, Step


@dataclass(frozen=True, slots=True)
class Moment:
    """What a case happens in: two desks of one clerk (home Region; the office's), the epoch second, the date, the dice."""

    company: Company
    office: Office
    home: Desk
    local: Desk
    second: int
    today: str
    rng: random.Random


Case = Callable[[Moment], None]


def look_up(at: Moment) -> None:
    """An employee calls: his record and his leave."""
    emp_id = at.company.someone(at.rng, at.office)
    at.home.get(employee_ref(emp_id))
    at.local.query(LEAVE, emp_id)


def directory(at: Moment) -> None:
    """Somebody scrolls through the directory."""
    at.home.scan(EMPLOYEES, at.rng.choice((10, 25)))


def review(at: Moment) -> None:
    """A manager's team, read at once; and one pair read consistently."""
    people = {at.company.someone(at.rng, at.office) for _ in range(6)}
    at.home.batch_get([employee_ref(emp_id) for emp_id in sorted(people)])
    at.home.transact_get([employee_ref(emp_id) for emp_id in sorted(people)[:2]])


def pay_rise(at: Moment) -> None:
    """Salary and version move together, on the condition that nobody was faster."""
    _raise(at, at.company.someone(at.rng, at.office), stale=0)


def stale_rise(at: Moment) -> None:
    """The version read was already old: the write is refused, the clerk reads again and repeats it."""
    emp_id = at.company.someone(at.rng, at.office)
    _raise(at, emp_id, stale=1)
    _raise(at, emp_id, stale=0)


def correction(at: Moment) -> None:
    """A title or an address was wrong."""
    emp_id = at.company.someone(at.rng, at.office)
    record = at.company.record(emp_id)
    at.home.get(employee_ref(emp_id))
    if at.rng.random() < 0.5:
        titles = [title for title in DEPARTMENTS[str(record["Department"])] if title != record["Title"]] or ["Consultant"]
        at.home.write(Step("update", employee_ref(emp_id), {"Title": at.rng.choice(titles)}, {"Version": 1}, EXISTS))
    else:
        email = f"{emp_id.lower()}.{at.rng.randrange(10, 99)}@hrms.example"
        at.home.write(Step("update", employee_ref(emp_id), {"Email": email}, {"Version": 1}, EXISTS))


def same_value(at: Moment) -> None:
    """The form was saved without a change: a write event, no stream record."""
    emp_id = at.company.someone(at.rng, at.office)
    at.home.get(employee_ref(emp_id))
    at.home.write(Step("update", employee_ref(emp_id), {"Title": at.company.record(emp_id)["Title"]}))


def saved_whole(at: Moment) -> None:
    """The same, by an old screen that puts the whole record back."""
    emp_id = at.company.someone(at.rng, at.office)
    at.home.get(employee_ref(emp_id))
    at.home.write(Step("put", employee_ref(emp_id), at.company.record(emp_id)))


def hire(at: Moment) -> None:
    """The employee, if the number is free and his manager exists: both or nothing; then his leave balance."""
    record = at.company.new_employee(at.rng, _date(at))
    record = {**record, "Office": at.office.city, "Currency": at.office.currency}
    ref = employee_ref(str(record["EmpId"]))
    at.home.transact(
        Step("put", ref, record, when=ABSENT), Step("check", employee_ref(at.company.someone(at.rng, at.office)), when=EXISTS)
    )
    at.company.employ(record)
    at.local.write(at.company.balance(record))


def hire_twice(at: Moment) -> None:
    """The number is taken: the transaction is cancelled and the other half of it is not written either."""
    emp_id = at.company.someone(at.rng, at.office)
    other = at.company.someone(at.rng, at.office)
    ref = employee_ref(emp_id)
    steps = [Step("put", ref, at.company.record(emp_id), when=ABSENT)]
    if other != emp_id:
        steps.append(Step("update", employee_ref(other), {"Title": "Manager"}, when=EXISTS))
    at.home.transact(*steps)


def termination(at: Moment) -> None:
    """Last day: status and date in one write, the leave balance is deleted, the record read once more."""
    if len(at.company.staff[at.office.city]) < 6:
        return look_up(at)
    emp_id = at.company.dismiss(at.rng, at.office)
    record = at.company.record(emp_id)
    at.home.write(Step("update", employee_ref(emp_id), {"Status": "TERMINATED", "LeftOn": at.today}, {"Version": 1}, EXISTS))
    at.local.write(Step("delete", leave_ref(record, "BALANCE")))
    at.home.get(employee_ref(emp_id))
    return None


def draft_leave(at: Moment) -> None:
    """A leave request is begun; TTL removes the draft after six hours unless it is sent."""
    ref = at.company.next_request(at.company.someone(at.rng, at.office))
    days = at.rng.randrange(1, 9)
    draft = {**ref.key_record, "Days": days, "Kind": at.rng.choice(("ANNUAL", "PARENTAL", "STUDY")), "Status": "DRAFT"}
    at.local.write(Step("put", ref, {**draft, "ExpiresAt": at.second + 6 * 3600}, when=ABSENT))
    at.company.drafts[at.office.city].add(ref)


def send_leave(at: Moment) -> None:
    """A draft is sent: put whole, without its expiry."""
    ref = _live_draft(at)
    if ref is None:
        return look_up(at)
    record = {name: value for name, value in at.company.world.items[ref].items() if name != "ExpiresAt"}
    at.local.get(ref)
    at.local.write(Step("put", ref, {**record, "Status": "REQUESTED", "SentOn": at.today}, when=EXISTS))
    at.company.requests[at.office.city].add(ref)
    return None


def decide_leave(at: Moment) -> None:
    """Approve: the request and the balance, both or none. Too few days left: the transaction is cancelled, then rejected."""
    ref = _open_request(at)
    if ref is None:
        return look_up(at)
    days = at.company.world.items[ref]["Days"]
    balance = Ref(ref.region, ref.table, (ref.key[0], "BALANCE"))
    at.local.get(ref)
    requested = Condition("equals", "Status", "REQUESTED")
    approved = at.local.transact(
        Step("update", balance, {}, {"Days": -int(days)}, Condition("at_least", "Days", days)),
        Step("update", ref, {"Status": "APPROVED", "DecidedOn": at.today}, when=requested),
    )
    if not approved:
        at.local.write(Step("update", ref, {"Status": "REJECTED", "DecidedOn": at.today}, when=requested))
    return None


def withdraw_leave(at: Moment) -> None:
    """A request is taken back."""
    ref = _open_request(at)
    if ref is None:
        return look_up(at)
    at.local.write(Step("delete", ref, when=EXISTS))
    return None


def delete_absent(at: Moment) -> None:
    """A second click on 'withdraw': nothing is there any more; DynamoDB says success, and no stream record is made."""
    at.local.write(Step("delete", at.company.next_request(at.company.someone(at.rng, at.office))))


def company_holiday(at: Moment) -> None:
    """A day off for a whole team, in one batch."""
    people = sorted({at.company.someone(at.rng, at.office) for _ in range(12)})
    steps = []
    for emp_id in people:
        ref = at.company.next_request(emp_id)
        steps.append(
            Step("put", ref, {**ref.key_record, "Days": 0, "Kind": "COMPANY", "Status": "APPROVED", "DecidedOn": at.today})
        )
    at.local.batch(*steps)


def curious_clerk(at: Moment) -> None:
    """HR's role may not read payroll: denied, and recorded all the same."""
    emp_id = at.company.someone(at.rng, at.office)
    ref = Ref(at.home.region, PAYROLL, (emp_id, at.today))
    parameters = {"TableName": PAYROLL, "Key": typed(ref.key_record)}
    at.home.send("GetItem", parameters, expect="AccessDeniedException", attempted=(ref,))


OFFICE_CASES: tuple[tuple[Case, int, int], ...] = (
    (look_up, 22, 2),
    (directory, 5, 1),
    (review, 4, 2),
    (pay_rise, 9, 2),
    (stale_rise, 3, 4),
    (correction, 9, 2),
    (same_value, 3, 2),
    (saved_whole, 2, 2),
    (hire, 3, 2),
    (hire_twice, 1, 1),
    (termination, 2, 2),
    (draft_leave, 14, 1),
    (send_leave, 10, 2),
    (decide_leave, 7, 2),
    (withdraw_leave, 2, 1),
    (delete_absent, 1, 1),
    (company_holiday, 2, 1),
    (curious_clerk, 1, 1),
)


def _raise(at: Moment, emp_id: str, *, stale: int) -> None:
    record = at.company.record(emp_id)
    at.home.get(employee_ref(emp_id))
    salary = int(record["Salary"]) + at.rng.randrange(1_000, 6_000, 250)
    version = int(record["Version"]) - stale
    when = Condition("equals", "Version", version)
    at.home.write(Step("update", employee_ref(emp_id), {"Salary": salary, "Version": version + 1}, when=when))


def _live_draft(at: Moment) -> Ref | None:
    """A draft that TTL cannot have touched: more than a quarter of an hour is left."""
    pool = at.company.drafts[at.office.city]
    while len(pool):
        ref = pool.take(at.rng)
        if int(at.company.world.items.get(ref, {}).get("ExpiresAt", 0)) > at.second + 900:
            return ref
    return None


def _open_request(at: Moment) -> Ref | None:
    pool = at.company.requests[at.office.city]
    return pool.take(at.rng) if len(pool) else None


def _date(at: Moment) -> dt.date:
    return dt.date.fromisoformat(at.today)
