"""A generated fair and its phones, for demo, simulation, tests and benchmarks.

Everything comes from a seed and goes through the HTTP and websocket doors like anyone's.
"""
