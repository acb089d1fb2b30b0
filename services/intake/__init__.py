"""The HTTP door: fairs, jobs, sign-ups, interests, offers, snapshots, tokens.

Nothing that was refused reaches Kafka; nothing is acknowledged before Kafka has it.
"""
