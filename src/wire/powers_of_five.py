#!/usr/bin/env python3
"""Write the leading 128 bits of 5^q for every q that a finite double needs, rounded down."""

import sys
from fractions import Fraction

FIRST, LAST = -342, 340


def exponent(value):
    """floor(log2(value)) of a positive fraction."""
    e = value.numerator.bit_length() - value.denominator.bit_length()
    return e if value >= Fraction(2) ** e else e - 1


def main(path):
    with open(path, "w", encoding="ascii") as out:
        for q in range(FIRST, LAST + 1):
            power = Fraction(5) ** q
            e = exponent(power)
            # number.c relies on this estimate of floor(log2(10^q)).
            assert (217706 * q) >> 16 == e + q
            leading = int(power * Fraction(2) ** (127 - e))
            assert leading.bit_length() == 128
            out.write(f"{{0x{leading >> 64:016x}, 0x{leading & (1 << 64) - 1:016x}}}, /* 5^{q} */\n")


main(sys.argv[1])
