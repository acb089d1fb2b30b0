"""What goes over the wire: topics, envelope and codec, channel names, the gateway session.

Pure, like the domain it stands on: bytes and records in, bytes and records out; sockets are elsewhere.
"""
