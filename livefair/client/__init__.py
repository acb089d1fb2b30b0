"""The Python SDK: a websocket that comes back by itself and misses nothing, and the HTTP calls beside it.

    async with Api("http://127.0.0.1:8080", token=token) as api, Live(ws, token=token, api=api) as live:
        async for item in live.channel(f"fair:{fair}:host"):
            if isinstance(item, Restart):
                rows = item.entities
            else:
                print(item.event.type, item.event.data)

It imports nothing of the services: what it knows of them is `livefair.wire`.
"""

from livefair.client.api import Api, Problem
from livefair.client.channel import Channel, Refused
from livefair.client.live import Live
from livefair.client.position import Event, Item, Publication, Restart

__all__ = ["Api", "Channel", "Event", "Item", "Live", "Problem", "Publication", "Refused", "Restart"]
