"""The fair desk: job facts routed to their ledgers; the next best job for a person open to any.

Pure: a fold of one partition's records in order.
"""
