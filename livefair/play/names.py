"""Names and telephone numbers of people who do not exist.

The rule: a name is drawn from how common its characters are, never from a list of persons; a number is one that
validates, that none of the people a fair is for holds, and that `is_synthetic_phone` tells from every other.
"""

from __future__ import annotations

import random

SURNAMES: tuple[tuple[str, int], ...] = (
    ("王", 725), ("李", 719), ("张", 683), ("刘", 538), ("陈", 453), ("杨", 308), ("黄", 223), ("赵", 206),
    ("吴", 202), ("周", 200), ("徐", 150), ("孙", 143), ("马", 129), ("朱", 126), ("胡", 120), ("郭", 118),
    ("何", 115), ("高", 110), ("林", 108), ("罗", 88), ("郑", 85), ("梁", 84), ("谢", 72), ("宋", 71), ("唐", 66),
    ("许", 60), ("韩", 60), ("冯", 59), ("邓", 58), ("曹", 57), ("彭", 56), ("曾", 55), ("肖", 54), ("田", 50),
    ("董", 50), ("袁", 48), ("潘", 47), ("于", 46), ("蒋", 46), ("蔡", 45), ("武", 40), ("郝", 36), ("阎", 34),
    ("任", 34), ("薛", 30), ("贾", 30), ("白", 28), ("乔", 24), ("欧阳", 8), ("令狐", 2),
)  # fmt: skip
"""Surnames and their weights. The first three are shares of the population in units of 1/10,000 as the Ministry of
Public Security gave them (7.25, 7.19 and 6.83 %); the rest keep the ministry's order, with weights that are estimates,
and a few surnames of Shanxi after them."""

_ONE = "丽敏静艳娟霞芳燕玲梅英红军伟强勇杰涛明超平刚波辉"
_FIRST = "秀桂玉爱春淑凤翠改俊建文国志晓海永小雪金银福"
_SECOND = "英兰梅花珍芳莲香琴霞萍平红丽娥清华云林生军明"

_BLOCK = 6_000_000
_STRIDE = 2_999_999
"""Coprime to the block, so that its multiples meet every number of it once."""


def draw_name(rng: random.Random) -> str:
    """A full name in Chinese characters: two to four of them."""
    surname = rng.choices([name for name, _ in SURNAMES], [weight for _, weight in SURNAMES])[0]
    if rng.random() < 0.35:
        return surname + rng.choice(_ONE)
    return surname + rng.choice(_FIRST) + rng.choice(_SECOND)


def synthetic_phone(seed: int, number: int) -> str:
    """The `number`-th telephone of a seed in E.164; numbers below 6,000,000 are all different.

    China sets no range aside for fiction. +86 1740 0 … 1740 5 is chosen: valid in every libphonenumber since 2019,
    China Telecom's by its carrier data, and used for satellite terminals, which no one at a fair signs up with.
    Nothing is ever sent to one: whoever sends asks `is_synthetic_phone` first.
    """
    place = (seed * 7_919 + number * _STRIDE) % _BLOCK
    return f"+861740{place:07d}"


def is_synthetic_phone(phone: str) -> bool:
    """Whether a telephone in E.164 is of the block that generated people have."""
    return len(phone) == 14 and phone.startswith("+861740") and phone[7] in "012345" and phone[7:].isdecimal()
