"""The doors: intake (HTTP), gateway (websocket), feeder, and the one-machine embedding.

Services never import streams; both meet only in what livefair.wire declares.
"""
