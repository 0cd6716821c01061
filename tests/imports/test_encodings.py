"""What a file's bytes say of its encoding."""

import pytest

from imports.encodings import decode

TEXT = "Nr;Name\n1;Jürgen Schäfer\n2;Zoë Siân\n3;„Café“ – Größe\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_encoding_is_found(encoding):
    assert decode(TEXT.encode(encoding)).text.removeprefix("\ufeff") == TEXT


@pytest.mark.parametrize("encoding", ["cp850", "mac_roman"])
def test_encoding_of_old_machines_is_found_by_letters_in_words(encoding):
    text = "Nr;Name\n1;Jürgen Schäfer\n2;Zoë Siân\n"

    assert decode(text.encode(encoding)).text == text


def test_line_in_another_encoding_is_read_and_told():
    data = "1;Jürgen\n2;Größe\n".encode() + "3;Schäfer\n".encode("cp1252")

    decoded = decode(data)

    assert (decoded.text, decoded.encoding, decoded.odd_lines) == (
        "1;Jürgen\n2;Größe\n3;Schäfer\n",
        "utf-8",
        [3],
    )


def test_given_encoding_is_used():
    assert decode("Größe".encode("cp850"), "cp850").text == "Größe"


def test_currency_sign_alone_speaks_for_windows():
    assert decode("Nr|Betrag\n1|€ 1.500,00\n".encode("cp1252")).text == "Nr|Betrag\n1|€ 1.500,00\n"


def test_quotes_around_words_speak_for_windows():
    assert decode("1;“Very” particular – call\n".encode("cp1252")).text == "1;“Very” particular – call\n"
