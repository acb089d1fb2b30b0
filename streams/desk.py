"""The candidate desk: applications, withdrawals, acceptances, and who holds a person's token.

Pure: a fold of one partition's records in order.
"""
