"""Where people come from and where the work is: counties of Shanxi and their neighbours, districts of Beijing.

The rule: codes only, each with a weight; the weights are estimates, chosen so that the counties known for their
labour brands (天镇保姆, 吕梁山护工) send most. They are not statistics.
"""

from __future__ import annotations

ORIGINS: tuple[tuple[str, int], ...] = (
    ("140222", 22), ("140221", 16), ("140223", 8), ("140224", 8), ("140225", 9), ("140226", 4), ("140924", 5),
    ("140922", 4), ("141124", 9), ("141123", 6), ("141126", 4), ("140622", 4), ("140623", 2), ("140428", 2),
    ("130726", 3), ("130727", 2), ("150924", 2),
)  # fmt: skip
"""天镇, 阳高, 广灵, 灵丘, 浑源, 左云 · 繁峙, 五台 · 临县, 兴县, 石楼 · 应县, 右玉 · 长子 · 蔚县, 阳原 · 兴和."""

JIN_SHARE = 0.7
"""The share of people from Shanxi and 兴和 who say that they speak Jin beside Mandarin. An estimate."""

DESTINATIONS: tuple[tuple[str, int], ...] = (
    ("110105", 26), ("110108", 20), ("110106", 11), ("110114", 9), ("110112", 9), ("110115", 7), ("110102", 5),
    ("110101", 4), ("110113", 3), ("110107", 2), ("120104", 2), ("131003", 2),
)  # fmt: skip
"""朝阳, 海淀, 丰台, 昌平, 通州, 大兴, 西城, 东城, 顺义, 石景山 · 天津南开 · 廊坊广阳."""

CHANNELS: tuple[tuple[str, int], ...] = (
    ("kuaishou", 46), ("douyin", 24), ("wechat-channels", 9), ("wechat", 8), ("friend", 4), ("poster", 3),
    ("58", 3), ("direct", 3),
)  # fmt: skip
"""Where sign-ups come from beside the offices' batches; short video first. Estimates."""

VIDEO_CHANNELS = frozenset({"kuaishou", "douyin", "wechat-channels"})

BATCH_EVERY = 250
BATCH_SIZE = 30
"""Of every 250 people the last 30 are one office's batch: one county, signed up at once."""


def batch_of(person: int) -> int | None:
    """The number of the office batch that a person is in; None for those who come by themselves."""
    block, place = divmod(person, BATCH_EVERY)
    return block if place >= BATCH_EVERY - BATCH_SIZE else None
