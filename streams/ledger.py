"""The seat ledger: filters, scores, slots, the waitlist in order, offers and placements of one job.

Pure: a fold of one partition's records in order.
"""
