"""Amounts of money as networks write them in answers to people. Exact: never a float."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation

_BLANKS = re.compile(r"[\s\u00a0\u202f']")


def read_amount(text: str) -> Decimal | None:
    """The number in `12.34`, `1.234,56`, `1 234.56`, `-0,50`; None where there is none.

    Of two separators the last one is the decimal mark. A single one before exactly three digits
    parts thousands (`1.234`), unless a zero stands alone before it (`0.125`).
    """
    digits = _BLANKS.sub("", text).rstrip(".,")
    marks = [mark for mark in digits if mark in ".,"]
    if marks:
        last = marks[-1]
        whole, _, fraction = digits.rpartition(last)
        thousands = len(fraction) == 3 and whole.lstrip("+-") not in ("", "0")
        if marks.count(last) > 1 or (len(marks) == 1 and thousands):
            whole, fraction = whole + fraction, ""
        digits = re.sub("[.,]", "", whole) + (f".{fraction}" if fraction else "")
    try:
        amount = Decimal(digits)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() else None
