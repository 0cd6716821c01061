"""A bank's file, whichever of the three formats it is: by what stands in it, not by its name."""

import re

from contracts.bank_lines import BankFile
from imports.bank.camt import read_camt
from imports.bank.csv_lines import read_csv
from imports.bank.ofx import read_ofx
from imports.bank.refusing import NotReadable
from imports.encodings import decode

# No statement of a month is larger; what is, is no statement.
LARGEST_FILE = 10 * 1024 * 1024

# How the files begin that people take for statements, and what to do about each.
_OTHERS = (
    (b"%PDF", "This is a PDF, a statement for people. Ask the bank’s website for CSV, CAMT.053 or OFX."),
    (b"PK\x03\x04", "This is a workbook or a zip. Save the sheet as CSV, or unpack it first."),
    (b"\xd0\xcf\x11\xe0", "This is an old Excel workbook. Save the sheet as CSV first."),
    (b"\x1f\x8b", "This file is packed (gzip). Unpack it first."),
    *(
        (beginning, "This is a picture, not a file of bank lines.")
        for beginning in (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*")
    ),
)
_MT940 = re.compile(r"^\s*(\{1:|:20:)")
_XML = re.compile(r"^\s*<(\?xml|!--|[A-Za-z_][\w.-]*:?Document[\s>])")
_OFX = re.compile(r"^\s*(OFXHEADER\s*:|<\?OFX\b|<OFX>)|<\?OFX\b|<OFX>", re.IGNORECASE)
_START = 4000


def read_bank_file(data: bytes, *, name: str, currency: str, country: str, date_order: str = "") -> BankFile:
    """Read a file's lines; those that cannot be read are refused one by one.

    `currency` counts where the file names none, `country` where its dates read both ways, unless
    `date_order` (MDY, DMY or YMD) says how they are written. Raises NotReadable for a file of another kind.
    """
    if not data.strip():
        raise NotReadable("The file is empty.")
    if len(data) > LARGEST_FILE:
        raise NotReadable(f"The file is larger than {LARGEST_FILE // 1024 // 1024} MB; split it by month.")
    for beginning, advice in _OTHERS:
        if data.startswith(beginning):
            raise NotReadable(advice)
    decoded = decode(data)
    start = decoded.text[:_START].lstrip("\ufeff")
    if _OFX.search(start):
        return read_ofx(decoded.text, data, currency=currency)
    if _XML.match(start):
        return read_camt(data)
    if _MT940.match(start):
        raise NotReadable("This is MT940. Ask the bank’s website for CAMT.053, which follows it, or for CSV.")
    return read_csv(decoded, name=name, currency=currency, country=country, date_order=date_order)
