"""A question to the timeline: what a form asks, checked, and as a link that says nothing to whoever reads it.

Decides: what may be asked (an item's versions, the item at a time, a principal's changes), what is refused and in which words,
and the link's form: an item's key is personal data and a link ends in access logs, so a link holds the whole question encrypted
(docs/adr/0105). Pure: the secret is a parameter. Source of the form: Fernet specification, read 2026-11-24.
"""

import base64
import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from cryptography.fernet import Fernet, InvalidToken

from itemtrail.core.timeline import typed_key
from itemtrail.errors import ConfigurationError

PER_PAGE = 50
MOST_CHARACTERS = 8_000  # of a form's field; DynamoDB's keys have 3,072 bytes
_YEARS = (2012, 2199)
_PURPOSE = b"itemtrail timeline link 1"
Kind = Literal["item", "state", "principal"]


class Refused(ValueError):  # noqa: N818 - what happened to the question
    """A question that cannot be asked; ``problems`` are sentences for whoever asked."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Question:
    """``key``: attribute names and values, or ``text`` as JSON. Times as typed: a day, or a time in UTC; empty is open."""

    kind: Kind
    table: str = ""
    key: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    by: str = ""
    first: str = ""
    last: str = ""
    at: str = ""
    newest: bool = True

    def words(self) -> list[str]:
        """The key as ``core.timeline.typed_key`` reads it."""
        return [self.text or json.dumps(dict(self.key), ensure_ascii=False)]

    def command(self) -> list[str]:
        """The words of the command line that asks the same."""
        span = [word for name, day in (("--from", self.first), ("--to", self.last)) if day for word in (name, day)]
        if self.kind == "principal":
            return ["itemtrail", "changes", "--by", self.by, *(["--table", self.table] if self.table else []), *span]
        keys = ["--key", self.text] if self.text else [w for n, v in self.key.items() for w in ("--key", f"{n}={v}")]
        asked = ["--as-of", self.at] if self.kind == "state" else span
        return ["itemtrail", "history", "--table", self.table, *keys, *asked]


def of_form(form: Mapping[str, str]) -> Question:
    """The question of a form: ``table``, ``name_N`` and ``value_N`` or ``json``, ``by``, ``from``, ``to``, ``at``, ``order``.

    Raises:
        Refused: with everything that is wrong.
    """
    asked = draft(form)
    problems = [f"The field {name} is too long." for name, value in form.items() if len(value) > MOST_CHARACTERS]
    problems += [said for said in (_key_problem(asked), *(_time_problem(*one) for one in _times(asked))) if said]
    if asked.first and asked.last and not problems and asked.first > asked.last:
        problems.append("“From” is after “to”.")
    if problems:
        raise Refused(problems)
    return asked


def draft(form: Mapping[str, str]) -> Question:
    """What was typed, unchecked: what a form is filled with again."""
    given = {name: value.strip() for name, value in form.items()}
    key = {form[f"name_{n}"]: form.get(f"value_{n}", "") for n in range(2) if form.get(f"name_{n}")}
    by, at = given.get("by", ""), given.get("at", "")
    kind: Kind = "principal" if by else "state" if at else "item"
    return Question(
        kind=kind,
        table=given.get("table", ""),
        key={} if by else key,
        text="" if by else given.get("json", ""),
        by=by,
        first=given.get("from", ""),
        last=given.get("to", ""),
        at="" if by else at,
        newest=given.get("order") != "oldest",
    )


def reordered(question: Question) -> Question:
    """The same question, the other end first."""
    return replace(question, newest=not question.newest)


def sealed(question: Question, secret: str) -> str:
    """The question as a text for a link: readable only with ``secret``, different each time."""
    return _cipher(secret).encrypt(json.dumps(asdict(question), ensure_ascii=False).encode()).decode()


def unsealed(text: str, secret: str) -> Question:
    """The question in a link.

    Raises:
        Refused: it was made with another secret, or changed.
    """
    try:
        return of_json(json.loads(_cipher(secret).decrypt(text.encode())))
    except (InvalidToken, ValueError, TypeError) as error:
        raise Refused(
            ["This link cannot be read: it was cut off, or made before Airflow's secret key changed. Ask again below."]
        ) from error


def of_json(document: Mapping[str, Any]) -> Question:
    """A question from its JSON. Raises TypeError: it is none."""
    return Question(**document)


def _cipher(secret: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.blake2b(_PURPOSE, key=secret.encode()[:64], digest_size=32).digest()))


def _key_problem(asked: Question) -> str | None:
    if asked.kind == "principal":
        return None
    if not asked.table:
        return "Choose a table, or name a principal."
    if asked.text:
        try:
            typed_key([asked.text])
        except (ConfigurationError, RecursionError):
            return 'The JSON is no item key: write {"EmpId": "E-1042"}, or typed {"EmpId": {"S": "E-1042"}}.'
        return None
    if not asked.key:
        return "Give the item's key."
    empty = [name for name, value in asked.key.items() if not value]
    return f"Give a value for {' and '.join(empty)}: every key attribute is needed." if empty else None


def _times(asked: Question) -> list[tuple[str, str]]:
    return [("from", asked.first), ("to", asked.last), ("at", asked.at)]


def _time_problem(name: str, text: str) -> str | None:
    if not text:
        return None
    try:
        year = dt.datetime.fromisoformat(text).year
    except ValueError:
        return f"“{name}” is not like 2026-11-21 or 2026-11-21T09:30:00Z (UTC)."
    return None if _YEARS[0] <= year <= _YEARS[1] else f"“{name}” must be in {_YEARS[0]} to {_YEARS[1]}: DynamoDB began in 2012."
