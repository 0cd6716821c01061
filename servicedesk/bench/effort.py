"""How often a thing is done until its figure is believed: by the whole bench, and by the one of every day."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Effort:
    """Pages are asked for in rounds, each after all others of a round: what slows the machine for some
    seconds then spoils a few askings of every page, not all of one."""

    rounds: int
    # In each round; before, the server's threads load what they need.
    asked: int
    warm_up: int
    # Of each crowd, and of counting what leaves.
    crowd_seconds: float
    delivery_seconds: float
    # How often a neighbour's waits are taken beside each of the two others, and a sweep beside its raw one.
    neighbours: int
    sweeps: int


FULL = Effort(rounds=4, asked=9, warm_up=6, crowd_seconds=15.0, delivery_seconds=30.0, neighbours=3, sweeps=3)
SHORT = Effort(rounds=2, asked=8, warm_up=3, crowd_seconds=2.0, delivery_seconds=6.0, neighbours=1, sweeps=2)
