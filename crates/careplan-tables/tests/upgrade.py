#!/usr/bin/env python3
"""Upgrades a file of table 6 or 7 of edition 3 with Python's csv module and nothing of this crate:
what tests/upgrade.rs expects byte for byte: the files in tests/upgrade.

Usage: python3 upgrade.py FILE.CSV > FILE_OF_4_1.CSV

Items of equipment get the TAIS code 00170- followed by the units of the row in six digits, and no
name.
"""
import csv
import os
import sys

path = sys.argv[1]
prefix = os.path.basename(path).split("_")[0]
# The places (from 0) where 4.1 has three columns more; of service code and units; and of the texts
# that are quoted in 4.1.
insert, code, units, texts = {
    "UPPLAN": (15, 14, 7, {6, 17, 20}),
    "UPJSK": (15, 14, 7, {6, 17, 20}),
    "UPSIKYU": (9, 8, 9, {5, 11}),
    "UPHOSOKU": (None, None, None, {4, 5, 9, 10}),
    "UP1KYO": (None, None, None, {5, 6, 7, 8, 10, 11, 21, 22, 23, 25}),
    "UP2KYO": (None, None, None, {6, 8, 9, 10, 11, 13, 15, 17, 18, 19}),
}[prefix]
out = sys.stdout.buffer
with open(path, encoding="cp932", newline="") as file:
    for row in csv.reader(file):
        row[0] = "202407"
        if insert is not None:
            rental = row[code][:2] in ("17", "67") and row[code][2:] not in ("AAAA", "EEEE", "ZZZZ")
            tais = "00170-%06d" % int(row[units]) if rental else ""
            row[insert:insert] = [tais, "", ""]
        fields = [
            '"' + field.replace('"', '""') + '"' if number in texts else field
            for number, field in enumerate(row)
        ]
        out.write((",".join(fields) + "\r\n").encode("cp932"))
