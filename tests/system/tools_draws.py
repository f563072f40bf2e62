"""The random numbers of gen, drawn once more."""

import numpy as np


class Stream:
    """splitmix64 as in src/tasks/README.md, written from there."""

    def __init__(self, seed):
        self.state = seed

    def bits(self):
        self.state = (self.state + 0x9E3779B97F4A7C15) % 2**64
        z = self.state
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
        return z ^ (z >> 31)

    def uniform(self):
        return (self.bits() >> 11) * 2.0**-53

    def below(self, bound):
        return int(self.uniform() * bound)

    def normals(self, *shape):
        values = []
        while len(values) < np.prod(shape):
            u1 = ((self.bits() >> 11) + 1) * 2.0**-53
            u2 = self.uniform()
            radius = np.sqrt(-2 * np.log(u1))
            values += [radius * np.cos(2 * np.pi * u2), radius * np.sin(2 * np.pi * u2)]
        return np.array(values[: int(np.prod(shape))]).reshape(shape)
