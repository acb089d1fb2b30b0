"""Which regions somebody perhaps meant. For messages only: nothing is ever decided by nearness.

The rule: a look costs little whatever was typed, since anybody may type anything at the door.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping

import msgspec

LETTERS = 40
"""What is compared of an input; a longer one is nobody's place."""
_GENERIC_EN = re.compile(r"\s+(County|District|City|Prefecture|Banner|League)$")
_GENERIC_ZH = re.compile(r"(?<=..)(自治县|自治州|自治旗|自治区|地区|省|市|区|县|旗|盟)$")


def stem(zh: str) -> str:
    """A name without its generic part, where at least two characters remain: 阳高县 → 阳高, 应县 → 应县."""
    return _GENERIC_ZH.sub("", zh)


def _letters(text: str) -> str:
    return "".join(c for c in text.lower().replace("ü", "u") if c.isascii() and c.isalpha())


class _Entry(msgspec.Struct, frozen=True):
    code: str
    zh: str
    stem: str
    whole: str
    """Letters of the English name."""
    proper: str
    """Letters of it without County, City …"""


class Search:
    """Names of one table of regions, made ready once; `rows` as the table's file holds them."""

    def __init__(self, rows: Mapping[str, str]) -> None:
        self._entries: dict[str, _Entry] = {}
        for code, text in rows.items():
            zh, _, en = text.partition("|")
            self._entries[code] = _Entry(code, zh, stem(zh), _letters(en), _letters(_GENERIC_EN.sub("", en)))

    def by_code(self, digits: str) -> list[str]:
        """Counties whose code is near to these 2 to 6 digits, in the same city, else in the same province."""
        code = digits[:6].ljust(6, "0")
        for head in (4, 2):
            near = [
                each
                for each in self._entries
                if each[:head] == code[:head] and each != code and not each.endswith("00")
            ]
            if near:
                return sorted(near, key=lambda each: (_misses(each, code), each))
        return [each for each in self._entries if _misses(each, code) <= 1]

    def by_name(self, text: str) -> list[str]:
        """Regions of a name that is near to this one, in Chinese or in letters."""
        return self._by_letters(_letters(text)) if text.isascii() else self._by_chinese(text)

    def _by_letters(self, wanted: str) -> list[str]:
        if len(wanted) < 2:
            return []
        alike = [each for each in self._entries.values() if each.proper[:1] == wanted[0]]
        found = [each.code for each in alike if wanted in (each.proper, each.whole)]
        found += [each.code for each in alike if each.proper.startswith(wanted)]
        if found:
            return found
        close = difflib.get_close_matches(wanted, sorted({each.proper for each in alike}), n=3, cutoff=0.8)
        return [each.code for name in close for each in alike if each.proper == name]

    def _by_chinese(self, text: str) -> list[str]:
        if len(text) < 2:
            return []
        scores: list[tuple[int, int, str]] = []
        for code, each in self._entries.items():
            if each.stem in text or text in each.zh:
                parents = [self._entries.get(up) for up in (code[:4] + "00", code[:2] + "0000")]
                above = sum(up is not None and up.stem in text for up in parents)
                ends = 2 * text.endswith((each.zh, each.stem))
                scores.append((-(above + ends), code.endswith("00") + code.endswith("0000"), code))
        if scores:
            return [code for _, _, code in sorted(scores)]
        letters = set(text)
        similar = {e.zh for e in self._entries.values() if e.zh[0] == text[0] or len(letters & set(e.stem)) > 1}
        close = difflib.get_close_matches(text, sorted(similar), n=3, cutoff=0.5)
        return [each.code for name in close for each in self._entries.values() if each.zh == name]


def _misses(code: str, wanted: str) -> int:
    """Digits that differ; two neighbours swapped count as one."""
    differing = [i for i, (a, b) in enumerate(zip(code, wanted, strict=True)) if a != b]
    if len(differing) == 2:
        i, j = differing
        if j == i + 1 and code[i] == wanted[j] and code[j] == wanted[i]:
            return 1
    return len(differing)
