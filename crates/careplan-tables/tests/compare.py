#!/usr/bin/env python3
"""Counts the differences that tests/compare.rs expects, with Python's csv module and sets only.

Usage, at the repository's root:
    python3 crates/careplan-tables/tests/compare.py PLAN.CSV... -- ACTUALS.CSV...
"""
import csv
import sys


def rows(paths):
    found = set()
    for path in paths:
        with open(path, encoding="cp932", newline="") as file:
            for row in csv.reader(file):
                # insured number, date, code, begin, end, count, office
                found.add((row[2], row[9], row[14], row[11], row[12], row[13], row[19]))
    return found


at = sys.argv.index("--")
planned, actual = rows(sys.argv[1:at]), rows(sys.argv[at + 1:])
offices = {(row[6], row[2][:2]) for row in actual}
compared = {row for row in planned if (row[6], row[2][:2]) in offices}
for row in sorted(compared - actual):
    print("not done or changed:", *row)
for row in sorted(actual - planned):
    print("unplanned or changed:", *row)
print("as planned:", len(compared & actual))
services = {(row[0], row[6], row[2]) for row in planned - compared}
print("services without actuals:", len(services))
