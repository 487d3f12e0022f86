"""What of a text may leave in an alert: words that are plainly ours. An alert travels through other people's servers.

Decides by an allow-list: of an error of ours, word for word, what has the form of a word or of a name that this project gives
(``words``); of an error that is not ours only its class is told, which is the caller's part. Lines of findings are written from
receipts and reviews, so they pass as they are but for a second net (``safe``). What is cut stays in the task's log.
"""

import re
from collections.abc import Iterable

# What a word of our own messages may look like. Numbers are short: longer ones are accounts (12 digits), times and sizes.
_WORD = re.compile(
    r"""[('`\[]*(
        [A-Za-z][A-Za-z_.-]{0,39}                                   # a word, a setting's or a DAG's name
      | -{1,2}[a-z][a-z-]{0,30}                                     # an option of a command
      | \d{1,4}(,\d{3})* | \d{12}                                   # a count, an account
      | \d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?Z?)?                      # a day, a time
      | [a-z]{2}(-[a-z]+)+-\d                                       # a Region
      | [a-z0-9-]{2,20}:[A-Z][A-Za-z]{2,60}                         # an IAM action
      | \d{12}/[a-z]{2}(-[a-z]+)+-\d(/\d{4}-\d\d-\d\d)?             # a unit
      | s3://[a-z0-9.-]{3,63}(/[a-z_]+)?/?                          # a bucket, and a prefix of ours in it
      | arn:aws[a-z-]*:[a-z0-9-]+:[a-z0-9-]*:\d{0,12}:(table|role|trail|key|function)?[:/]?[A-Za-z0-9_.-]{1,64}
    )['`)\]]*[.,:;?!]*""",
    re.VERBOSE,
)
CUT = "…"


def words(text: str, foreign: Iterable[str] = ()) -> str:
    """``text`` of ours on one line, as far as it is plain words and names; whatever else stood there is an ellipsis.

    Args:
        text: a message that this project wrote, maybe with something of an item, a key or another's answer in it.
        foreign: texts of others that may stand in it (its cause's); cut out before anything is looked at.
    """
    for other in sorted({one.strip() for one in foreign if len(one.strip()) > 2}, key=len, reverse=True):
        text = text.replace(other, f" {CUT} ")
    text = re.sub(r"[{\"].*[}\"]", CUT, text, flags=re.DOTALL)  # JSON, or a quotation: not how this project writes
    kept: list[str] = []
    for word in text.split()[:_MOST_WORDS]:
        good = bool(_WORD.fullmatch(word)) and not _SECRET.search(word)
        if good or kept[-1:] != [CUT]:
            kept.append(word if good else CUT)
    return " ".join(kept)


_MOST_WORDS = 120
# A second net for lines of findings, which are written from receipts and reviews: credentials whose form is known, typed items.
_SECRET = re.compile(
    r"""(?:AKIA|ASIA)[A-Z0-9]{12,}
      | https?://\S*(?:X-Amz-|Signature=|hooks\.slack\.com/)\S*
      | eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\S*
      | (?<![\w+/=.-])(?=[\w+/]{0,38}[0-9])(?=[\w+/]{0,38}[A-Z])(?=[\w+/]{0,38}[a-z])[A-Za-z0-9+/]{40}(?![\w+/=])
      | \{\s*["'][^{}]*\{\s*["'](?:S|N|B|SS|NS|BS|M|L|BOOL|NULL)["']\s*:.*""",
    re.VERBOSE,
)


def safe(line: str) -> str:
    """A line of a finding without what looks like a credential or an item in DynamoDB's JSON."""
    return _SECRET.sub(CUT, line)
