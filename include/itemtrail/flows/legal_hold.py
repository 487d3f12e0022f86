"""Legal holds: set, extended, released, looked at; each step recorded in the archive before S3 is told.

Decides: the record comes first (create-only, under retention), then every version of its objects, and of the hold's own records,
is set ON and read back; run again, the same question goes on where it stopped. A release is recorded, then sets OFF what no other
open hold names and nobody held before, and afterwards looks once more for holds that were opened meanwhile. Refuses a hold of
nothing, and to take S3's word for "done": what does not read back as asked is told.
Source: Amazon S3 user guide, "Object Lock", "Legal holds", read 2026-11-24; docs/adr/0098.
"""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from itemtrail.core import hold as core
from itemtrail.core import layout
from itemtrail.core.hold import Action, Held, Hold, HoldRecord, Scope
from itemtrail.errors import ConfigurationError, EvidenceError, ItemtrailError, NotFound
from itemtrail.flows import changes_store, hold_scope
from itemtrail.flows.changes_store import each
from itemtrail.flows.hold_register import Register, load_all, put_record, trusted
from itemtrail.flows.hold_versions import Bucket, Found
from itemtrail.ports.data import ArchiveStore, ObjectStore
from itemtrail.ports.holds import LegalHolds

_BATCH = 1000
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ends:
    """The archive, its versions and holds, who asks (an ARN) and when. ``reads``: the trail records reads."""

    store: ArchiveStore
    holds: LegalHolds
    by: str
    now: dt.datetime
    reads: bool = False
    progress: Progress = lambda _: None

    @property
    def bucket(self) -> Bucket:
        """The archive as versions."""
        return Bucket(self.store, self.holds)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one hold. ``changed``: versions set now; ``wrong``: keys that do not read back as asked.

    ``left``: of a release, versions that stay held, and why. ``unlooked``: why it is not known what came since.
    """

    hold: Hold
    changed: int
    wrong: tuple[str, ...]
    gone: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    unlooked: ItemtrailError | None = None

    @property
    def good(self) -> bool:
        """Everything is as asked, and nothing that should be there is gone."""
        return not self.wrong and not self.gone and self.unlooked is None


def scope_of(
    store: ObjectStore,
    *,
    first: dt.date | None,
    last: dt.date | None,
    places: Iterable[tuple[str, str]],
    table: str = "",
    key: tuple[str, ...] = (),
) -> Scope:
    """The scope as asked: a table's name made an ARN, its account and Region made the only place.

    Raises:
        ConfigurationError: neither days nor an item, days in the wrong order, or no such table.
    """
    if not key and first is None:
        raise ConfigurationError("nothing says what to hold.", advice="give --from (and --to), or --table and --key of an item.")
    if key and not table:
        raise ConfigurationError("--key names an item of no table.", advice="add --table.")
    if first and last and first > last:
        raise ConfigurationError(f"{first} is after {last}.", advice="give the earlier day first.")
    if not table:
        return Scope(first, last, tuple(sorted(set(places))))
    arn = table if table.startswith("arn:") else changes_store.find(store, table)
    layout.table_folder(arn)  # refuses what is no table's ARN
    return Scope(first, last, ((arn.split(":")[4], arn.split(":")[3]),), arn, key)


def look(ends: Ends, scope: Scope) -> Found:
    """What ``scope`` comes to now; nothing is changed."""
    return hold_scope.find(ends.bucket, scope, today=ends.now.date(), reads=ends.reads)


def set_hold(ends: Ends, case: str, reason: str, scope: Scope) -> Outcome:
    """Hold everything of ``scope``; where the same hold is open already, go on with it.

    Raises:
        ConfigurationError: nothing to hold, no words, or a bucket without Object Lock; AccessDenied, SourceUnavailable,
        EvidenceError: the records of this very hold cannot be trusted.
    """
    core.check_words(case, reason)
    name = core.hold_id(case, scope)
    register = load_all(ends.bucket)
    if own := [line for line in register.broken if line.startswith(f"{name}: ")]:
        raise EvidenceError(own[0], advice="set it under another --case.")
    found = look(ends, scope)
    if not found.objects and scope.last is not None and scope.last < ends.now.date():
        raise ConfigurationError(
            f"nothing in {ends.store.name} is of that: there is nothing to hold.",
            advice="look with itemtrail receipts or itemtrail history what is archived; check days, table and key.",
        )
    if not found.objects:
        found = replace(found, notes=(*found.notes, "nothing of it is archived yet: refresh holds what comes"))
    mine = next((hold for hold in register.holds if hold.id == name), None)
    return _extend(ends, mine, register, found, case=case, reason=reason, scope=scope)


def refresh(ends: Ends, hold: Hold, register: Register) -> Outcome:
    """Hold what came since to the scope of an open hold, and set ON again what somebody set OFF.

    Where it cannot be known what came since, what the hold names already is set ON all the same.
    """
    record = hold.set_by
    found, unlooked = _look(ends, hold)
    made = _extend(ends, hold, register, found, case=record.case, reason=record.reason, scope=record.scope)
    return replace(made, unlooked=unlooked)


def release(ends: Ends, hold: Hold, reason: str) -> Outcome:
    """End a hold; run again, finish what was interrupted; of a hold that is let go already nothing is changed.

    Raises:
        ConfigurationError: no reason. EvidenceError: records of some hold cannot be trusted, so nobody knows what it names.
    """
    record = hold.set_by
    core.check_words(record.case, reason)
    if hold.done:
        return Outcome(hold, 0, (), notes=("it was released and let go before; nothing was changed",))
    trusted(load_all(ends.bucket))
    if hold.open:
        hold = put_record(ends.store, hold, _record(ends, hold, Action.RELEASE, record.case, reason, record.scope))
    others = [other for other in trusted(load_all(ends.bucket)).holds if other.id != hold.id]
    free = core.to_let_go(hold, others) | _own(ends, hold)
    ends.progress(f"{hold.id}: released; setting {len(free)} versions OFF")
    changed, wrong = _apply(ends, free, on=False)
    again = _opened_meanwhile(ends, hold, others, free)
    wrong = tuple(sorted(set(wrong) - {held.key for held in again}))
    if not wrong:
        hold = put_record(ends.store, hold, _record(ends, hold, Action.LET_GO, record.case, reason, record.scope))
    left = hold.objects - free | again
    kept = (f"{len(left)} version(s) stay held: another open hold names them, or they were held before this one",) if left else ()
    return Outcome(hold, changed, wrong, left=kept)


def check(ends: Ends, hold: Hold) -> Outcome:
    """Whether each version of an open hold is held, and what came since that is not; nothing is changed."""
    found, unlooked = _look(ends, hold)
    late = sorted(set(found.objects) - hold.objects)
    wrong = _not(ends, hold.objects | _own(ends, hold), on=True)
    notes = (f"{len(late)} version(s) came since, such as {late[0].key}: run itemtrail legal-hold refresh",) if late else ()
    return Outcome(hold, 0, (*wrong, *(held.key for held in late)), found.gone, (*notes, *found.notes), unlooked=unlooked)


def _look(ends: Ends, hold: Hold) -> tuple[Found, ItemtrailError | None]:
    try:
        return look(ends, hold.set_by.scope), None
    except ItemtrailError as error:
        return Found(notes=(f"could not look for what came since: {error}",)), error


def _extend(ends: Ends, mine: Hold | None, register: Register, found: Found, *, case: str, reason: str, scope: Scope) -> Outcome:
    hold = mine if mine and mine.open else None
    new = set(found.objects) - (hold.objects if hold else set())
    if hold is None or new:
        action = Action.EXTEND if hold else Action.SET
        known = {held for other in register.holds if not other.done for held in other.objects - other.before}
        before = _held(ends, new - known)
        record = _record(ends, mine, action, case, reason, scope)
        fresh = sorted(new)
        hold = put_record(
            ends.store,
            mine,
            replace(
                record,
                units=found.units,
                streams=found.streams,
                objects=tuple(fresh),
                before=tuple(sorted(before)),
                gone=found.gone,
                notes=found.notes,
            ),
        )
    wanted = hold.objects | _own(ends, hold)
    ends.progress(f"{hold.id}: {len(wanted)} versions to hold, {len(new)} of them new")
    changed, wrong = _apply(ends, wanted, on=True)
    return Outcome(hold, changed, wrong, found.gone, (*found.notes, *register.notes))


def _record(ends: Ends, hold: Hold | None, action: Action, case: str, reason: str, scope: Scope) -> HoldRecord:
    return HoldRecord(
        id=core.hold_id(case, scope),
        number=len(hold.records) if hold else 0,
        previous=hold.last_sha256 if hold else None,
        action=action,
        case=case,
        reason=reason,
        by=ends.by,
        at=ends.now,
        scope=scope,
    )


def _own(ends: Ends, hold: Hold) -> frozenset[Held]:
    """Every version of the hold's own records."""
    return frozenset(Held(one.key, one.version_id) for one in ends.holds.versions(f"{layout.HOLDS}{hold.id}/"))


def _apply(ends: Ends, wanted: Iterable[Held], *, on: bool) -> tuple[int, tuple[str, ...]]:
    """Set what is not so yet and read it back; gives how many were set, and the keys that are not so now."""
    objects, changed, wrong = sorted(wanted), 0, []
    for start in range(0, len(objects), _BATCH):
        states = each(lambda held: _set(ends, held, on), objects[start : start + _BATCH])
        changed += sum(state is True for state in states)
        wrong += [held.key for held, state in zip(objects[start : start + _BATCH], states, strict=True) if state is None]
        if len(objects) > _BATCH:
            ends.progress(f"{min(start + _BATCH, len(objects))} of {len(objects)} versions are {'ON' if on else 'OFF'}")
    return changed, tuple(wrong)


def _set(ends: Ends, held: Held, on: bool) -> bool | None:
    """True: set now and read back so; False: it was so; None: it is not so, or the version is not there."""
    try:
        if ends.holds.held(held.key, held.version_id) is on:
            return False
        ends.holds.hold(held.key, held.version_id, on=on)
        return True if ends.holds.held(held.key, held.version_id) is on else None
    except NotFound:
        return None


def _held(ends: Ends, objects: Iterable[Held]) -> set[Held]:
    found = sorted(objects)
    states = each(lambda held: ends.holds.held(held.key, held.version_id), found)
    return {held for held, state in zip(found, states, strict=True) if state}


def _not(ends: Ends, objects: Iterable[Held], *, on: bool) -> tuple[str, ...]:
    """Keys of the versions that are not ``on``, or not there."""

    def differs(held: Held) -> bool:
        try:
            return ends.holds.held(held.key, held.version_id) is not on
        except NotFound:
            return True

    found = sorted(objects)
    return tuple(held.key for held, wrong in zip(found, each(differs, found), strict=True) if wrong)


def _opened_meanwhile(ends: Ends, hold: Hold, known: list[Hold], freed: frozenset[Held]) -> frozenset[Held]:
    """Versions set ON again, because a hold that was opened or extended while we let go names them."""
    before = {other.id: other.last_sha256 for other in known}
    now = trusted(load_all(ends.bucket)).holds
    changed = [one for one in now if one.id != hold.id and before.get(one.id) != one.last_sha256 and one.open]
    again = frozenset(held for one in changed for held in one.objects) & freed
    _, wrong = _apply(ends, again, on=True)
    if wrong:
        raise EvidenceError(
            f"{len(wrong)} version(s) such as {wrong[0]} are of a hold that was opened meanwhile, and are not held.",
            advice="run itemtrail legal-hold refresh.",
        )
    return again
