"""The figures of livefair, each table by one command: `python -m bench start|latency|stage|memory|intake`.

What is measured is what ships: services, streams and doors as they are started by `livefair up`.
"""
