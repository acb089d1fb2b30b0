"""Telephone numbers as people write them, to E.164; what has no country is taken for China's.

A Chinese mobile number, which nearly every one is, is recognised by the library's own pattern without its walk through
every country; the verdict is the same.
"""

from __future__ import annotations

import re

import phonenumbers

HOME = "CN"
_DIGITS = str.maketrans("０１２３４５６７８９＋－（）　", "0123456789+-() ")
_CLEAR = str.maketrans("", "", " -()\t")


def _mobile_pattern() -> re.Pattern[str]:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(HOME)
    mobile = metadata and metadata.mobile
    # Where the library has no pattern nothing matches, and it is asked for each number.
    return re.compile(rf"(?:\+?86)?({mobile.national_number_pattern})" if mobile else "(?!)", re.ASCII)


_mobile = _mobile_pattern().fullmatch


def e164(text: str) -> str | None:
    """The number in E.164, or None where it is no number that can be in use."""
    found = _mobile(text.translate(_DIGITS).translate(_CLEAR))
    if found is not None:
        return "+86" + found[1]
    try:
        number = phonenumbers.parse(text.translate(_DIGITS), HOME)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number) or number.extension:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
