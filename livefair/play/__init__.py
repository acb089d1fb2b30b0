"""A generated fair and its phones, for demo, simulation, tests and benchmarks.

Everything comes from a seed and goes through the HTTP and websocket doors like anyone's.
"""

from livefair.play.arrivals import Arrival, ArrivalKind, arrivals, people_in, pin_times
from livefair.play.fair import Expected, GeneratedFair
from livefair.play.names import is_synthetic_phone

Fair = GeneratedFair
"""`Fair.generate(seed, people, jobs)`."""

__all__ = [
    "Arrival",
    "ArrivalKind",
    "Expected",
    "Fair",
    "GeneratedFair",
    "arrivals",
    "is_synthetic_phone",
    "people_in",
    "pin_times",
]
