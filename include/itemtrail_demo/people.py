"""Who works at the company and who works with its data: seeded facts, all invented.

Decides names, offices, departments, salaries, the HR clerks and the machine identities. The same seed gives the same people.
"""

import random
from dataclasses import dataclass

from itemtrail_demo.tables import DUBLIN, EMPLOYEES, HOME, LEAVE
from itemtrail_demo.world import Record, Ref

FIRST = (
    *("Aoife", "Brendan", "Carla", "Dmitri", "Elena", "Farid", "Grace", "Hiro", "Ines", "Jonas", "Keisha", "Liam", "Mara"),
    *("Nadia", "Oscar", "Priya", "Quentin", "Rosa", "Samuel", "Tessa", "Umar", "Vera", "Wendell", "Ximena", "Yusuf", "Zoe"),
)
LAST = (
    *("Abbott", "Brandt", "Costa", "Dunne", "Eriksen", "Fontaine", "Gallagher", "Haddad", "Ivanova", "Jensen", "Kowalski"),
    *("Lindqvist", "Moreau", "Nakamura", "Okafor", "Petrov", "Quinn", "Rossi", "Santos", "Tanaka", "Urban", "Varga", "Walsh"),
)
DEPARTMENTS = {
    "Engineering": ("Software Engineer", "Senior Software Engineer", "Systems Administrator"),
    "Finance": ("Accountant", "Senior Accountant", "Controller"),
    "Sales": ("Account Executive", "Sales Manager"),
    "Operations": ("Operations Analyst", "Logistics Planner"),
    "Customer Care": ("Support Specialist", "Team Lead"),
}


@dataclass(frozen=True, slots=True)
class Office:
    """One office: the Region of its leave requests, its currency and its working hours in UTC."""

    city: str
    region: str
    currency: str
    opens: int
    closes: int
    clerks: tuple[str, ...]


NEW_YORK = Office("New York", HOME, "USD", 13, 22, ("a.moreno", "b.okeefe", "c.lindgren", "d.patel", "e.whitman"))
DUBLIN_OFFICE = Office("Dublin", DUBLIN, "EUR", 8, 17, ("n.byrne", "o.kavanagh"))
OFFICES = (NEW_YORK, DUBLIN_OFFICE)

INTRUDER_EMPLOYEE = "E-1017"
"""Tomas Brandt of Engineering, who found the access key of ``svc-reporting`` in an old script."""


@dataclass(frozen=True, slots=True)
class Seat:
    """An identity that calls AWS: an IAM user, or a role that ``opened_by`` assumes with a session name."""

    name: str
    user: str = ""
    role: str = ""
    opened_by: str = ""
    source_identity: str = ""


DBA = Seat("dba", user="dba.ramirez")
PORTAL = Seat("hr-portal", user="hr-portal")
SCHEDULER = Seat("payroll-scheduler", user="payroll-scheduler")
PAYROLL_JOB = Seat("payroll-job", role="payroll-job", opened_by=SCHEDULER.name, source_identity="payroll-scheduler")
INTRUDER = Seat("svc-reporting", user="svc-reporting")
CLERKS = tuple(
    Seat(clerk, role="hr-app", opened_by=PORTAL.name, source_identity=clerk) for office in OFFICES for clerk in office.clerks
)
SEATS = {seat.name: seat for seat in (DBA, PORTAL, SCHEDULER, PAYROLL_JOB, INTRUDER, *CLERKS)}


def employee(rng: random.Random, number: int, hired_on: str) -> dict[str, str | int | bool]:
    """A new employee's record; number 17 is always the same Tomas Brandt."""
    first, last, office = rng.choice(FIRST), rng.choice(LAST), NEW_YORK if rng.random() < 0.7 else DUBLIN_OFFICE
    department = rng.choice(tuple(DEPARTMENTS))
    title = rng.choice(DEPARTMENTS[department])
    salary = rng.randrange(42_000, 128_000, 500)
    if f"E-{1000 + number}" == INTRUDER_EMPLOYEE:
        first, last, office, department, title, salary = (
            "Tomas",
            "Brandt",
            NEW_YORK,
            "Engineering",
            "Systems Administrator",
            61_000,
        )
    return {
        "EmpId": f"E-{1000 + number}",
        "Name": f"{first} {last}",
        "Email": f"{first}.{last}.{number}@hrms.example".lower(),
        "Department": department,
        "Title": title,
        "Office": office.city,
        "Salary": salary,
        "Currency": office.currency,
        "Status": "ACTIVE",
        "HiredOn": hired_on,
        "Version": 1,
    }


def employee_ref(emp_id: str) -> Ref:
    """The employee's item."""
    return Ref(HOME, EMPLOYEES, (emp_id,))


def office_of(record: Record) -> Office:
    """The office an employee works in."""
    return next(office for office in OFFICES if office.city == record["Office"])


def leave_ref(record: Record, request_id: str) -> Ref:
    """An item of the employee's leave, in the Region of his office; ``BALANCE`` holds the days left."""
    return Ref(office_of(record).region, LEAVE, (str(record["EmpId"]), request_id))
