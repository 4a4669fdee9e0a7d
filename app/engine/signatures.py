"""What failures of one cause have in common: where it happened and what was said, without what differs each time."""

import hashlib
import re
from collections.abc import Iterator
from typing import Any

LONGEST = 500
_READ = 2000  # characters of a message: what tells causes apart stands at its beginning
_MONTH = (
    "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sep(?:t(?:ember)?)?|oct(?:ober)?"
    "|nov(?:ember)?|dec(?:ember)?"
)
_WORD = r"[\w./:+#@%&~-]"
# In this order: the first that matches at a place is what stands there
_VARYING = re.compile(
    rf"""
    # A system's own number of an error tells causes apart; a longer one is somebody's id
    (?P<kept>\b(?:http(?:/[\d.]+)?|sip|error|errno|status|cause
            |(?:error|reason|result|response|return|failure|status|cause)[ -]?code)
        [ ]?[=:\#]?[ ]?\d{{1,5}}(?!\w|[./:-]\w)
      | \banswered[ ]\d{{3}}(?!\w|[./:-]\w) | \bORA-\d{{5}}\b)
  | (?<!\w)'[^']*'(?!\w) | "[^"]*" | \u201c[^\u201d]*\u201d | \u2018[^\u2019]*\u2019 | \xab[^\xbb]*\xbb | `[^`]*`
  | \b[a-z][a-z\d+.-]{{0,20}}://[^\s"'<>)\]]+
  | (?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)*
  | (?<![\w:.-])(?:[\da-f]{{2}}[:-]){{5}}[\da-f]{{2}}(?!\w)
  | (?<![\w:.-])[\da-f]{{4}}(?:\.[\da-f]{{4}}){{2}}(?!\w)
  | \b(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?[ ])?
        (?:\d{{1,2}}(?:st|nd|rd|th)?[ -](?:{_MONTH})\b|(?:{_MONTH})[ ]\d{{1,2}}\b)(?:,?[ -]\d{{2,4}}\b)?
  | \b\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:[.,]\d+)?z?(?:[ ]?[ap]m\b)?(?![:\w])(?:[ ](?:utc|gmt|cet|cest)\b)?
  | (?<![\w:.])(?:[\da-f]{{0,4}}:){{2,7}}[\da-f]{{1,4}}(?:%\w+)?(?:/\d+)?(?![\w:])
  | (?<![\w/.:-])\+?\(?\d[\d ()/.-]{{6,20}}\d(?![\w/:-])
  | (?<!{_WORD}){_WORD}*\d(?:{_WORD}*\w)?
    """,
    re.IGNORECASE | re.VERBOSE,
)
_MASK = "*"
_SHORTEST = 3  # of a step's own values: shorter ones are also words
_MOST = 200
_SEVERAL = re.compile(r"\*(?:(?:[ ,;/&+]| and | or )+\*)+")


def mask(message: str, inputs: Any = None) -> str:
    """The message with `*` for quoted keys, ids, serials, addresses, phone numbers, dates and numbers, and for what the
    step itself was given: the customer's name looks like any other word.

    Of several in a row there is one. Numbers of errors stay (`HTTP 503`, `error 17`).
    """
    text = " ".join(message[:_READ].split())
    own = {value for value in _texts(inputs) if _SHORTEST <= len(value) <= _READ and value in text}
    if own:
        longest_first = sorted(own, key=len, reverse=True)[:_MOST]
        text = re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", _MASK, text)
    masked = _VARYING.sub(lambda found: found["kept"] or _MASK, text)
    return _SEVERAL.sub(_MASK, masked)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield " ".join(value.split())
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def signature(
    process_id: str, element_id: str | None, handler: str | None, code: str, message: str, inputs: Any = None
) -> str:
    """Equal for failures of one cause. `process_id` is the process in whose diagram the element stands, `inputs` what
    the step was given.

    Process and element come first, each without blanks: a migration gives the element another name.
    """
    return f"{process_id} {element_id or '-'} {handler or '-'} {code} {mask(message, inputs)}"[:LONGEST]


def said(signature: str, code: str) -> str:
    """What failures of this signature and code have in common in their message."""
    return signature.partition(f" {code} ")[2]


def rename(signature: str, element_id: str, renamed: str) -> str:
    """The same failure's signature where its element is called otherwise; no other element's is changed."""
    process_id, _, rest = signature.partition(" ")
    here, _, more = rest.partition(" ")
    return f"{process_id} {renamed} {more}" if here == element_id else signature


def cause_of(signature: str) -> str:
    """The id of the cause: short, and it says nothing of what the message said."""
    return hashlib.sha256(signature.encode()).hexdigest()[:16]
