"""Writes merkle.json: trees and proofs by the definitions of RFC 9162 section 2.1, word for word.

Independent of the crate: run `python3 merkle.py > merkle.json`.
"""

import hashlib
import json


def sha256(data):
    return hashlib.sha256(data).digest()


def split(n):
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def mth(d):  # 2.1.1
    if len(d) == 0:
        return sha256(b"")
    if len(d) == 1:
        return sha256(b"\x00" + d[0])
    k = split(len(d))
    return sha256(b"\x01" + mth(d[:k]) + mth(d[k:]))


def path(m, d):  # 2.1.3.1
    if len(d) == 1:
        return []
    k = split(len(d))
    if m < k:
        return path(m, d[:k]) + [mth(d[k:])]
    return path(m - k, d[k:]) + [mth(d[:k])]


def subproof(m, d, b):  # 2.1.4.1
    if m == len(d):
        return [] if b else [mth(d)]
    k = split(len(d))
    if m <= k:
        return subproof(m, d[:k], b) + [mth(d[k:])]
    return subproof(m - k, d[k:], False) + [mth(d[:k])]


# The eight entries that certificate transparency's implementations test with, then numbers.
entries = [bytes.fromhex(e) for e in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f")]
entries += [str(i).encode() for i in range(8, 40)]
hexes = lambda hashes: [h.hex() for h in hashes]
print(json.dumps({
    "entries": hexes(entries),
    "roots": hexes(mth(entries[:n]) for n in range(len(entries) + 1)),
    "inclusion": [
        {"index": m, "size": n, "path": hexes(path(m, entries[:n]))}
        for n in (1, 2, 3, 5, 7, 8, 11, 40) for m in range(n)],
    "consistency": [
        {"old_size": m, "new_size": n, "path": hexes(subproof(m, entries[:n], True))}
        for n in (1, 2, 3, 5, 7, 8, 11, 40) for m in range(1, n + 1)],
}, indent=0))
