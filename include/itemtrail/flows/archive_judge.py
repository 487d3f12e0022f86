"""What is said of a unit: the slots that end on its day, the objects delivered on its day, and the worst of them.

Decides: which slots, objects and digests are the unit's; that a verdict PROVEN stays, because it was given to bytes which the
archive holds (an original that has expired in the trail bucket, as it should, is not "missing"); and which error means "could not
look". Refuses to read anything: listings, hashes and the chain's report come in.
"""

import datetime as dt
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from itemtrail.core.chain import ChainReport
from itemtrail.core.keys import digest_day, is_folder, parse_any_digest, parse_digest, parse_log
from itemtrail.core.logs import judge_foreign, judge_log, summarise
from itemtrail.core.plan import DigestFinding, Input, Judgement, identity
from itemtrail.core.reasons import Reason
from itemtrail.core.receipt import Receipt
from itemtrail.model import ObjectInfo, ObjectVerdict, SlotVerdict, StoredObject, TrailRef, Unit, Verdict, worst
from itemtrail.settings import ValidationSettings

_MISSING = "MISSING"


@dataclass(frozen=True)
class Observed:
    """A unit as it was seen: its day's listings, the judged chain around it, and the digests that speak of it, as read."""

    unit: Unit
    trail: TrailRef
    logs: tuple[ObjectInfo, ...]
    digests: tuple[ObjectInfo, ...]
    report: ChainReport
    recovered: Mapping[str, str] = field(default_factory=dict)  # deleted logs that stand in ``logs`` by an older version

    @cached_property
    def claimed(self) -> tuple[str, ...]:
        """Keys of the day's logs that some digest lists, in order."""
        found = (parse_log(key, self.trail, self.unit.account, self.unit.region) for key in self.report.claims)
        return tuple(sorted(log.key for log in found if log and log.day == self.unit.day))

    @cached_property
    def relevant_digests(self) -> tuple[StoredObject, ...]:
        """Digests as read that end on the day, or that list one of its logs; in key order."""
        listing = self.listing_digests
        found = (d for d in self.report.digests if d.key in listing or self._ends_today(d.key))
        return tuple(sorted(found, key=lambda d: d.key))

    @cached_property
    def listing_digests(self) -> frozenset[str]:
        """Keys of the digests that list the day's logs; another trail's among them."""
        return frozenset(self.report.claims[key].digest_key for key in self.claimed)

    def slots(self) -> tuple[SlotVerdict, ...]:
        """The slots that end on the day."""
        return tuple(s for s in self.report.slots if s.end.date() == self.unit.day)

    def others(self) -> tuple[ObjectVerdict, ...]:
        """Verdicts on what lies in the day's digest folder and is no slot's digest, or on what its digests list elsewhere."""
        folder, today = digest_day(self.trail, self.unit), [d.key for d in self.digests]
        return tuple(o for o in self.report.others if o.key.startswith(folder) or any(key in o.detail for key in today))

    def _ends_today(self, key: str) -> bool:
        digest = parse_digest(key, self.trail, self.unit.account, self.unit.region)
        return digest is not None and digest.end.date() == self.unit.day


def is_original(info: ObjectInfo, trail: TrailRef, account: str, region: str) -> bool:
    """Whether an object of the log or digest folder is archived: all but folder marks and other trails' digests."""
    if is_folder(info):
        return False
    own = parse_digest(info.key, trail, account, region)
    return own is not None or parse_any_digest(info.key, trail, account, region) is None


def judge(
    seen: Observed,
    contents: Mapping[str, Input],
    problems: Mapping[str, str],
    last: Receipt | None,
    *,
    archived: Container[tuple[str, str]],
    now: dt.datetime,
    rules: ValidationSettings,
) -> Judgement:
    """The judgement on a unit.

    Args:
        seen: what was observed.
        contents: hashes of the day's originals, read now or recorded when they were archived, by key.
        problems: why an object could not be read, by key.
        last: the unit's last receipt.
        archived: identities of the originals that the unit's commits hold.
        now: the time at which what is due is due.
        rules: due and grace times.
    """
    gone = _Gone(seen, last, archived)
    present = {info.key: info for info in seen.logs if problems.get(info.key) != _MISSING}
    ours = {*present, *seen.claimed} | gone.keys
    objects = [
        gone.keep(_judge_one(seen, key, present.get(key), contents.get(key), problems.get(key, ""), now=now, rules=rules))
        for key in sorted(ours)
    ]
    objects += [o for o in seen.others() if o.key not in present]
    slots = gone.keep_slots(seen.slots())
    said = summarise(slots, objects)
    kept = last.listed_by if last else {}
    listed = {key: claim.digest_key for key, claim in seen.report.claims.items() if key in ours}
    named = {o.key for o in said.objects}
    listed_by = {key: digest for key, digest in {**kept, **listed}.items() if key in named}
    verdict = said.verdict
    if not _is_over(seen, now, rules):
        verdict = worst((verdict, Verdict.INCOMPLETE)) if said.slots or said.objects else Verdict.INCOMPLETE
    return Judgement(verdict, said.slots, said.objects, _findings(seen, last), dict(sorted(listed_by.items())))


def _judge_one(
    seen: Observed,
    key: str,
    info: ObjectInfo | None,
    content: Input | None,
    problem: str,
    *,
    now: dt.datetime,
    rules: ValidationSettings,
) -> ObjectVerdict:
    unit, claims = seen.unit, seen.report.claims
    if info and key not in claims and parse_log(key, seen.trail, unit.account, unit.region) is None:
        return judge_foreign(info, now, rules)
    if info is None:
        if key not in claims:  # archived once, gone since, listed by no digest that is there: keep() knows what was said of it
            return ObjectVerdict(key, Reason.DIGEST_NOT_PROVEN.verdict, Reason.DIGEST_NOT_PROVEN, "its digest is gone")
        return judge_log(key, content_sha256=None, problem=_MISSING, report=seen.report, now=now, rules=rules)
    sha256 = content.content_sha256 if content else None
    why = problem or (content.problem if content else "")
    said = judge_log(
        key, content_sha256=sha256, problem=why, report=seen.report, now=now, rules=rules, arrived=info.last_modified
    )
    if key in seen.recovered and said.verdict is Verdict.PROVEN:
        return ObjectVerdict(key, said.verdict, Reason.RECOVERED_DELETED, seen.recovered[key])
    return said


def _is_over(seen: Observed, now: dt.datetime, rules: ValidationSettings) -> bool:
    """Whether the digest that covers the day's last minutes was judged, or is past due: it ends on the next day.

    Until then a log of those minutes may be missing and nobody would know.
    """
    end = dt.datetime.combine(seen.unit.day, dt.time(), dt.UTC) + dt.timedelta(days=1)
    if now >= end + dt.timedelta(hours=1, minutes=rules.digest_due_minutes):
        return True
    return any(s.start < end <= s.end and s.verdict is not Verdict.INCOMPLETE for s in seen.report.slots)


class _Gone:
    """What the last receipt proved and the trail bucket may have expired since."""

    def __init__(self, seen: Observed, last: Receipt | None, archived: Container[tuple[str, str]]) -> None:
        self._objects = {o.key: o for o in last.objects if not _is_digest(o.key, seen)} if last else {}
        self._slots = [s for s in last.slots if s.verdict is Verdict.PROVEN] if last else []
        self._present = {info.key: identity(info.key, info.version_id, info.etag) for info in seen.logs}
        self._archived, self._claims = archived, seen.report.claims
        self._digests = {info.key for info in seen.digests}
        listed = last.listed_by if last else {}
        stays = {o.key for o in self._objects.values() if o.verdict is Verdict.PROVEN or o.key in listed}
        self.keys = stays - self._present.keys()

    def keep(self, new: ObjectVerdict) -> ObjectVerdict:
        """What was said of an object, where it or the digest that lists it is gone and nothing new can be said.

        PROVEN stays, because the bytes are archived; anything else stays while no digest is there that would say more.
        """
        old, present = self._objects.get(new.key), self._present.get(new.key)
        if old is None or (present is not None and (present not in self._archived or new.key in self._claims)):
            return new
        return old if old.verdict is Verdict.PROVEN or (present is None and new.key not in self._claims) else new

    def keep_slots(self, new: Iterable[SlotVerdict]) -> tuple[SlotVerdict, ...]:
        """The old PROVEN slots whose digest is not there any more, in place of what overlaps them."""
        kept = [s for s in self._slots if s.object and s.object not in self._digests]
        gone = {s.object for s in kept}  # in an older version perhaps, as after an expiry: what was said of it stays
        rest = [s for s in new if s.object not in gone and (s.verdict is Verdict.PROVEN or not any(_covers(k, s) for k in kept))]
        known = {s.object for s in rest if s.object}
        return tuple(sorted([*rest, *(k for k in kept if k.object not in known)], key=lambda s: (s.end, s.start)))


def _is_digest(key: str, seen: Observed) -> bool:
    return parse_digest(key, seen.trail, seen.unit.account, seen.unit.region) is not None


def _covers(kept: SlotVerdict, new: SlotVerdict) -> bool:
    overlap = min(kept.end, new.end) - max(kept.start, new.start)
    return overlap * 2 >= new.end - new.start


def _findings(seen: Observed, last: Receipt | None) -> tuple[DigestFinding, ...]:
    """Each digest that speaks of the unit, with the days that it speaks of."""
    unit, report = seen.unit, seen.report
    verdicts: dict[str, tuple[Verdict, str]] = {c.digest_key: (c.verdict, c.reason) for c in report.claims.values()}
    verdicts |= {o.key: (o.verdict, o.reason) for o in report.others}
    verdicts |= {s.object: (s.verdict, s.reason) for s in report.slots if s.object}
    days: dict[str, set[dt.date]] = {}
    for claim in report.claims.values():
        log = parse_log(claim.key, seen.trail, unit.account, unit.region)
        days.setdefault(claim.digest_key, set()).update({log.day} if log else ())
    found = {d.key: d for d in last.digests} if last else {}
    for stored in seen.relevant_digests:
        key = parse_digest(stored.key, seen.trail, unit.account, unit.region)
        verdict, reason = verdicts.get(stored.key, (Verdict.UNPROVABLE, ""))
        spoken = sorted(days.get(stored.key, set()) | ({key.end.date()} if key else set()))
        found[stored.key] = DigestFinding(stored.key, verdict, str(reason), tuple(spoken))
    return tuple(found[key] for key in sorted(found))
