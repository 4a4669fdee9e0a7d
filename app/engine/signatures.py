"""What failures of one cause have in common: where it happened and what was said, without what differs each time."""

import hashlib
import re

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
_SEVERAL = re.compile(r"\*(?:(?:[ ,;/&+]| and | or )+\*)+")


def mask(message: str) -> str:
    """The message with `*` for quoted keys, ids, serials, addresses, phone numbers, dates and numbers.

    Of several in a row there is one. Numbers of errors stay (`HTTP 503`, `error 17`).
    """
    masked = _VARYING.sub(lambda found: found["kept"] or _MASK, " ".join(message[:_READ].split()))
    return _SEVERAL.sub(_MASK, masked)


def signature(process_id: str, element_id: str | None, handler: str | None, code: str, message: str) -> str:
    """Equal for failures of one cause. `process_id` is the process in whose diagram the element stands.

    Process and element come first, each without blanks: a migration gives the element another name.
    """
    return f"{process_id} {element_id or '-'} {handler or '-'} {code} {mask(message)}"[:LONGEST]


def rename(signature: str, element_id: str, renamed: str) -> str:
    """The same failure's signature where its element is called otherwise; no other element's is changed."""
    process_id, _, rest = signature.partition(" ")
    here, _, more = rest.partition(" ")
    return f"{process_id} {renamed} {more}" if here == element_id else signature


def cause_of(signature: str) -> str:
    """The id of the cause: short, and it says nothing of what the message said."""
    return hashlib.sha256(signature.encode()).hexdigest()[:16]
