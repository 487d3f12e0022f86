"""The company as the application knows it: who is employed, whose leave is drafted or asked for. Pure.

Decides where an employee's items are and keeps the lists that cases pick from; ``World`` holds the items themselves.
"""

import datetime as dt
import random

from itemtrail_demo.calls import Call, Desk
from itemtrail_demo.people import DBA, INTRUDER_EMPLOYEE, OFFICES, Office, employee, employee_ref, leave_ref, office_of
from itemtrail_demo.tables import HOME
from itemtrail_demo.world import Record, Ref, Step, World

YEARLY_LEAVE = 25


class Pool:
    """A bag of items to pick from at random, without order of its own."""

    def __init__(self) -> None:
        self._refs: list[Ref] = []

    def __len__(self) -> int:
        return len(self._refs)

    def add(self, ref: Ref) -> None:
        """Put one in."""
        self._refs.append(ref)

    def take(self, rng: random.Random) -> Ref:
        """Take one out."""
        index = rng.randrange(len(self._refs))
        self._refs[index], self._refs[-1] = self._refs[-1], self._refs[index]
        return self._refs.pop()


class Company:
    """Everything the cases need to know of the moment at which they happen."""

    def __init__(self, rng: random.Random, headcount: int, today: dt.date) -> None:
        self.world = World()
        self.staff: dict[str, list[str]] = {office.city: [] for office in OFFICES}
        self.leavers: list[str] = []
        self.drafts = {office.city: Pool() for office in OFFICES}
        self.requests = {office.city: Pool() for office in OFFICES}
        self.hired = 0
        self._request_number = 0
        self._founders = [self.new_employee(rng, today - dt.timedelta(days=rng.randrange(40, 4000))) for _ in range(headcount)]

    def founding(self) -> tuple[Call, ...]:
        """The calls that load the first employees and their leave balances, made by the DBA before anything is captured."""
        calls: list[Call] = []
        for record in self._founders:
            self.employ(record)
        steps = [Step("put", employee_ref(str(record["EmpId"])), record) for record in self._founders]
        balances = [balance for record in self._founders if (balance := self.balance(record))]
        for region in sorted({step.ref.region for step in (*steps, *balances)}):
            desk = Desk(self.world, DBA.name, region)
            local = [step for step in (*steps, *balances) if step.ref.region == region]
            for start in range(0, len(local), 25):
                desk.batch(*local[start : start + 25])
            calls += desk.calls
        return tuple(calls)

    def new_employee(self, rng: random.Random, hired_on: dt.date) -> Record:
        """The next employee's record; nobody is employed by it yet."""
        self.hired += 1
        return employee(rng, self.hired, hired_on.isoformat())

    def employ(self, record: Record) -> None:
        """He belongs to his office from now on."""
        self.staff[office_of(record).city].append(str(record["EmpId"]))

    def dismiss(self, rng: random.Random, office: Office) -> str:
        """Pick who leaves; he is not picked again."""
        staff = self.staff[office.city]
        candidates = [index for index in (rng.randrange(len(staff)) for _ in range(4)) if staff[index] != INTRUDER_EMPLOYEE]
        emp_id = staff.pop(candidates[0])
        self.leavers.append(emp_id)
        return emp_id

    def someone(self, rng: random.Random, office: Office) -> str:
        """An employee of the office."""
        return rng.choice(self.staff[office.city])

    def everybody(self) -> list[str]:
        """All employees, by id."""
        return sorted((emp_id for staff in self.staff.values() for emp_id in staff), key=lambda e: int(e[2:]))

    def record(self, emp_id: str) -> Record:
        """His record as it is now."""
        return self.world.items[employee_ref(emp_id)]

    def next_request(self, emp_id: str) -> Ref:
        """The item of a new leave request of his."""
        self._request_number += 1
        return leave_ref(self.record(emp_id), f"LR-{self._request_number:06d}")

    def balance(self, record: Record) -> Step:
        """The write that opens a leave balance."""
        ref = leave_ref(record, "BALANCE")
        return Step("put", ref, {**ref.key_record, "Days": YEARLY_LEAVE, "Status": "OPEN"})


def desk(company: Company, seat: str, region: str = HOME) -> Desk:
    """A place to work from."""
    return Desk(company.world, seat, region)
