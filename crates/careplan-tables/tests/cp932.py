"""Prints Windows code page 932 as Python's codec `cp932` has it, for tests/cp932.rs.

One line each, fields separated by tabs:

    d  bytes in hex  code points in hex, separated by spaces    what the sequence decodes to
    x  bytes in hex  place of the first wrong byte              a sequence that does not decode
    e  code point    bytes in hex                               what a character encodes to

`d` and `x` together are all sequences of one and two bytes; characters of Unicode without an `e`
do not encode.
"""

import sys

CODEC = "cp932"


def decoding(sequence):
    try:
        text = sequence.decode(CODEC)
    except UnicodeDecodeError as error:
        return f"x\t{sequence.hex()}\t{error.start}"
    return f"d\t{sequence.hex()}\t" + " ".join(f"{ord(c):x}" for c in text)


def main():
    lines = []
    for first in range(256):
        lines.append(decoding(bytes([first])))
        lines.extend(decoding(bytes([first, second])) for second in range(256))
    for code in range(0x110000):
        if 0xD800 <= code < 0xE000:
            continue
        try:
            lines.append(f"e\t{code:x}\t{chr(code).encode(CODEC).hex()}")
        except UnicodeEncodeError:
            pass
    sys.stdout.write("\n".join(lines) + "\n")


main()
