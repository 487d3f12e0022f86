"""What one commit takes of one shard: records once each, in order, until a bound.

Decides: a record whose number was taken, or lies at or below the checkpoint, is a duplicate; a record without a number belongs to
the range of the numbered record that follows it, or to the shard's end. So that a range read again gives the same records.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from itemtrail.core.stream_plan import Range
from itemtrail.core.stream_records import Origin, Redact, Row, Unreadable, created_of, read, sequence_of
from itemtrail.ports.streams import Page


@dataclass(slots=True)
class Take:
    """Records of one shard after ``after``. ``bound``: the last number wanted, None for no bound.

    ``to_end``: whether the shard's end is wanted, with records that have no number and are followed by none.
    """

    table_arn: str
    stream_arn: str
    shard_id: str
    after: str | None
    redact: Redact | None
    bound: str | None = None
    to_end: bool = True
    rows: list[Row] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    duplicates: int = 0
    text: int = 0
    closed: bool = False
    dry: bool = False  # several answers in a row were empty
    up_to: str | None = None
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    first_number: str | None = None
    first_again: dt.datetime | None = None
    _again: bool = False
    _seen: set[int] = field(default_factory=set)
    _waiting: list[Any] = field(default_factory=list)

    @property
    def records(self) -> int:
        """How many were taken, each once."""
        return len(self.rows) + len(self.unreadable)

    @property
    def position(self) -> str | None:
        """The last number archived when this is."""
        return self.up_to or self.after

    @property
    def reached(self) -> bool:
        """Whether the bound was met."""
        return self.bound is not None and self.up_to is not None and int(self.up_to) >= int(self.bound)

    def begin_again(self) -> None:
        """What comes now comes from the oldest record there is."""
        self._again = True
        self._waiting.clear()

    def add(self, page: Page) -> None:
        """Take the records of one answer."""
        for record in page.records:
            number = sequence_of(record)
            if number is None:
                self._waiting.append(record)
            elif self.bound is None or int(number) <= int(self.bound):
                self._numbered(record, number)
        if page.closed:
            self.end()

    def end(self) -> None:
        """The shard ends here."""
        if self.to_end:
            self._flush()
        self.closed = True

    def range(self) -> Range:
        """What was taken, as the plan says it."""
        return Range(
            stream_arn=self.stream_arn,
            shard_id=self.shard_id,
            after=self.after,
            up_to=self.up_to,
            closed=self.closed,
            records=self.records,
            quarantined=len(self.unreadable),
            first=self.first,
            last=self.last,
        )

    def _numbered(self, record: Mapping[str, Any], number: str) -> None:
        value = int(number)
        if value in self._seen or (self.after is not None and value <= int(self.after)):
            self.duplicates += 1
            self._waiting.clear()
            return
        self._flush()
        self._seen.add(value)
        self.first_number = self.first_number or number
        self._one(record)
        if self.up_to is None or value > int(self.up_to):
            self.up_to = number

    def _flush(self) -> None:
        for record in self._waiting:
            self._one(record)
        self._waiting.clear()

    def _one(self, record: object) -> None:
        created = created_of(record)
        self.first, self.last = self.first or created, created or self.last
        if self._again:
            self.first_again = self.first_again or created
        found = read(record, Origin(self.table_arn, self.stream_arn, self.shard_id), self.redact)
        if isinstance(found, Unreadable):
            self.unreadable.append(found)
            self.text += len(found.record)
        else:
            self.rows.append(found)
            self.text += sum(len(found[name] or "") for name in ("keys", "old_image", "new_image"))
