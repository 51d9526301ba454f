"""Says what Python knows about each character of data/substitutions.tsv, for tests/substitute.rs.

Reads lines "code point in hex, tab, replacement" from standard input and prints one for each, with
fields separated by tabs:

    1 if the codec `cp932` encodes the character and decodes it to the same, else 0
    the same for the replacement
    the character's name
    its canonical composition (NFC), its compatibility composition (NFKC)
    its general category
    what `shift_jis_2004` and then `cp932` make of it, empty if they make nothing
"""

import sys
import unicodedata


def in_cp932(text):
    try:
        return int(text.encode("cp932").decode("cp932") == text)
    except UnicodeError:
        return 0


def through_jis(text):
    try:
        return text.encode("shift_jis_2004").decode("cp932")
    except UnicodeError:
        return ""


sys.stdin.reconfigure(encoding="utf-8", newline="\n")
sys.stdout.reconfigure(encoding="utf-8", newline="\n")
for line in sys.stdin:
    code, replacement = line.rstrip("\n").split("\t")
    character = chr(int(code, 16))
    fields = [
        in_cp932(character),
        in_cp932(replacement),
        unicodedata.name(character),
        unicodedata.normalize("NFC", character),
        unicodedata.normalize("NFKC", character),
        unicodedata.category(character),
        through_jis(character),
    ]
    print("\t".join(str(field) for field in fields))
