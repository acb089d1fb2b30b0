"""The language of the fair: what services and streams both speak.

Nothing in here imports anything of services or streams.
"""
