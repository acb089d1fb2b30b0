"""From the feed topic into Valkey: the hot window and the snapshot of each channel.

Everything written there can be rebuilt from Kafka, and is after a flush.
"""
