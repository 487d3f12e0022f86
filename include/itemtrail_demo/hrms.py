"""The workload: three days of an HRMS application as a list of happenings, each with its moment and its calls. Pure.

The same seed, size and days give the same plan, to the byte. A happening's calls go out in order; happenings that share an
item or an identity keep their order; all others may overlap. What is planned here is what ``truth`` records and ``replay`` sends.
"""

import datetime as dt
import functools
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from itemtrail_demo import jobs
from itemtrail_demo.calls import Call, Desk
from itemtrail_demo.cases import OFFICE_CASES, Case, Moment, curious_clerk
from itemtrail_demo.company import Company
from itemtrail_demo.people import DBA, INTRUDER, INTRUDER_EMPLOYEE, OFFICES, PAYROLL_JOB, SEATS, Office, employee_ref
from itemtrail_demo.tables import HOME
from itemtrail_demo.world import Change, Record, Ref

SESSION_SECONDS = 3600
LEAST_CALLS = 250
TTL_HOURS = (12, 18, 24)
"""DynamoDB's TTL passes four minutes before these hours."""
WEEKEND_SHARE = 0.4
HOUR_WEIGHTS = (6, 9, 10, 8, 4, 7, 9, 8, 5)
"""Calls over the hours of an office, opening to closing; the dip is lunch."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Calls that belong together at one moment (epoch second), or a TTL pass (``expired``, no calls)."""

    second: int
    name: str
    calls: tuple[Call, ...] = ()
    expired: tuple[Change, ...] = ()

    @property
    def chain(self) -> frozenset[Ref | str]:
        """What it shares with others: items and identities."""
        refs = {ref for call in self.calls for ref in call.attempted}
        return frozenset(refs | {call.seat for call in self.calls} | {call.opens for call in self.calls if call.opens})


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole workload. ``founding`` comes before anything is captured; ``final`` is every item as it must be at the end."""

    seed: int
    account: str
    founding: tuple[Call, ...]
    days: tuple[tuple[dt.date, tuple[Happening, ...]], ...]
    final: Mapping[Ref, Record]

    @property
    def calls(self) -> int:
        """How many calls the days make."""
        return sum(len(happening.calls) for _, happenings in self.days for happening in happenings)


def plan(*, seed: int, calls: int, days: Sequence[dt.date], account: str, trail: str, owner: str) -> Plan:
    """At least ``calls`` calls over ``days`` (ascending). ``trail`` and ``owner`` are what the intruder goes for.

    Raises:
        ValueError: fewer calls than the story needs (``LEAST_CALLS``).
    """
    if calls < LEAST_CALLS:
        raise ValueError(f"the workload needs at least {LEAST_CALLS} calls to tell its story; {calls} were asked for")
    company = Company(random.Random(f"{seed}/people"), max(20, calls // 25), days[0])  # noqa: S311 - a seed, not a secret
    founding = company.founding()
    story = _Story(company, account, trail, owner)
    weights = [WEEKEND_SHARE if day.weekday() >= 5 else 1.0 for day in days]
    planned = []
    for index, day in enumerate(days):
        rng = random.Random(f"{seed}/{index}")  # noqa: S311
        planned.append((day, story.day(index, day, round(calls * weights[index] / sum(weights)) + 1, rng)))
    return Plan(seed, account, founding, tuple(planned), dict(company.world.items))


class _Story:
    """Plans day after day; knows the sessions that are open."""

    def __init__(self, company: Company, account: str, trail: str, owner: str) -> None:
        self.company = company
        self.account = account
        self.trail = trail
        self.owner = owner
        self.opened: dict[str, int] = {}
        self.salary_before: Record = {}

    def day(self, index: int, day: dt.date, quota: int, rng: random.Random) -> tuple[Happening, ...]:
        """Night, DBA's morning, offices, TTL; in time order."""
        midnight = int(dt.datetime.combine(day, dt.time(), dt.UTC).timestamp())
        happenings = self._night(index, day, midnight, rng)
        left = quota - sum(len(happening.calls) for happening in happenings)
        todo: list[tuple[int, Callable[[int], Happening]]] = [
            *self._office_day(midnight, left, day, rng),
            *((midnight + hour * 3600 - 240, self._expire) for hour in TTL_HOURS),
            *((midnight + after, functools.partial(job, self, rng)) for after, job in _STORY.get(index, ())),
        ]
        return (*happenings, *(make(second) for second, make in sorted(todo, key=lambda entry: entry[0])))

    def _night(self, index: int, day: dt.date, midnight: int, rng: random.Random) -> list[Happening]:
        pay = Desk(self.company.world, PAYROLL_JOB.name, HOME)
        start = midnight + 3600 + 30 * 60
        pay.calls += self._session(PAYROLL_JOB.name, HOME, start)
        jobs.payroll(self.company, pay, day)
        happenings = _spread("payroll run", start, pay.calls, at_once=25, gap=20)
        if index == 1:
            self.salary_before = self.company.record(INTRUDER_EMPLOYEE)
            intruder = Desk(self.company.world, INTRUDER.name, HOME)
            jobs.intrusion(self.company, intruder, day, self.trail, self.owner)
            happenings += _spread("intrusion", midnight + 3 * 3600 + 12 * 60, intruder.calls, at_once=3, gap=45)
        dba = Desk(self.company.world, DBA.name, HOME)
        jobs.maintenance(self.company, dba, rng)
        happenings += _spread("maintenance", midnight + 6 * 3600 + 600, dba.calls, at_once=4, gap=60)
        purge = Desk(self.company.world, DBA.name, HOME)
        jobs.purge(self.company, purge)
        return happenings + _spread("purge", midnight + 6 * 3600 + 2400, purge.calls, at_once=10, gap=30)

    def _office_day(
        self, midnight: int, quota: int, day: dt.date, rng: random.Random
    ) -> list[tuple[int, Callable[[int], Happening]]]:
        kinds = [case for case, weight, _ in OFFICE_CASES for _ in range(weight)]
        nominal = {case: count for case, _, count in OFFICE_CASES}
        chosen: list[tuple[int, Callable[[int], Happening]]] = []
        promised = 0
        while promised < quota or not chosen:
            case = rng.choice(kinds) if chosen else curious_clerk
            office = OFFICES[0] if rng.random() < 0.68 else OFFICES[1]
            hour = rng.choices(range(office.opens, office.closes), HOUR_WEIGHTS)[0]
            happen = functools.partial(self._happen, office, case, day, rng)
            chosen.append((midnight + hour * 3600 + rng.randrange(3600), happen))
            promised += nominal[case]
        return chosen

    def _happen(self, office: Office, case: Case, day: dt.date, rng: random.Random, second: int) -> Happening:
        desk = self._desk(office, rng, second)
        local = Desk(self.company.world, desk.seat, office.region, desk.calls)
        case(Moment(self.company, office, desk, local, second, day.isoformat(), rng))
        return Happening(second, case.__name__, tuple(desk.calls))

    def _expire(self, second: int) -> Happening:
        return Happening(second, "ttl", expired=self.company.world.expire(second))

    def agreed_raise(self, rng: random.Random, second: int) -> Happening:
        """HR enters what was agreed with the employee of interest."""
        desk = self._desk(OFFICES[0], rng, second)
        jobs.agreed_raise(desk)
        return Happening(second, "agreed raise", tuple(desk.calls))

    def discovery(self, rng: random.Random, second: int) -> Happening:
        """A clerk comes upon the intruder's raise."""
        desk = self._desk(OFFICES[0], rng, second)
        jobs.discovery(desk)
        return Happening(second, "discovery", tuple(desk.calls))

    def correction(self, _rng: random.Random, second: int) -> Happening:
        """Payroll takes it back."""
        pay = Desk(self.company.world, PAYROLL_JOB.name, HOME)
        pay.calls += self._session(PAYROLL_JOB.name, HOME, second)
        jobs.correction(pay, self.salary_before)
        return Happening(second, "correction", tuple(pay.calls))

    def _desk(self, office: Office, rng: random.Random, second: int) -> Desk:
        """A clerk of the office, signed in."""
        clerk = rng.choice(office.clerks)
        desk = Desk(self.company.world, clerk, HOME)
        desk.calls += self._session(clerk, office.region, second)
        return desk

    def _session(self, seat: str, region: str, second: int) -> tuple[Call, ...]:
        """AssumeRole with SourceIdentity, unless the session is good for ten more minutes."""
        if second - self.opened.get(seat, 0) < SESSION_SECONDS - 600:
            return ()
        self.opened[seat] = second
        who = SEATS[seat]
        parameters = {
            "RoleArn": f"arn:aws:iam::{self.account}:role/{who.role}",
            "RoleSessionName": who.source_identity,
            "SourceIdentity": who.source_identity,
            "DurationSeconds": SESSION_SECONDS,
        }
        return (Call(who.opened_by, region, "sts", "AssumeRole", parameters, opens=seat),)


_AFTERNOON = 14 * 3600 + 1217
_STORY = {
    0: ((_AFTERNOON, _Story.agreed_raise),),
    2: ((_AFTERNOON, _Story.discovery), (_AFTERNOON + 900, _Story.correction)),
}
"""What is done about the employee of interest: by day, seconds after midnight."""


def employee_of_interest() -> Ref:
    """The item the demo asks about: whose salary the intruder raised."""
    return employee_ref(INTRUDER_EMPLOYEE)


def _spread(name: str, start: int, calls: Sequence[Call], *, at_once: int, gap: int) -> list[Happening]:
    groups = [tuple(calls[first : first + at_once]) for first in range(0, len(calls), at_once)]
    return [Happening(start + number * gap, name, group) for number, group in enumerate(groups)]
