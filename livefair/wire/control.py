"""The topic `control`: few records that steer everyone, one for each name.

The feed's epoch is a random id under which its offsets mean anything; another epoch makes every resume token void.
"""

from __future__ import annotations

import msgspec

FEED_EPOCH_KEY = "feed-epoch"


class FeedEpoch(msgspec.Struct, frozen=True):
    """The value under `feed-epoch`. Of several records the last counts."""

    epoch: str
