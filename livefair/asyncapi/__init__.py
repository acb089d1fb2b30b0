"""The AsyncAPI 3.0 document: the websocket and the topics, made of the very records that travel there.

Nothing of it is said twice: names, classes, channels, close codes and partitions are read from `livefair.wire`. What no
structure says (who reads a channel, an example) is held by tests against what a real run sends.
"""

from livefair.asyncapi.document import as_bytes, document

__all__ = ["as_bytes", "document"]
