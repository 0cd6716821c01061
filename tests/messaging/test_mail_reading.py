"""A mail as bytes: read whatever is broken, files by what they are, machines and bounces by their marks."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.mail_reading import date_of, read_mail

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PDF = b"%PDF-1.4 x %%EOF"


def mail(*lines, body=b"It is loud"):
    return "\n".join(("From: Mo <mo@h.example>", "Subject: Loud", *lines)).encode() + b"\n\n" + body


@given(st.binary(max_size=2000))
def test_any_bytes_are_read(raw):
    found = read_mail(raw)
    assert "\x00" not in found.text + found.title


@given(st.randoms(use_true_random=False))
def test_any_damage_to_a_real_mail_is_read(dice: random.Random):
    raw = bytearray(
        mail(
            "Message-ID: <a@b.example>",
            "Content-Type: multipart/mixed; boundary=b",
            body=b"--b\nContent-Type: text/html; charset=utf-8\n\n<p>x</p>\n"
            b"--b\nContent-Type: message/rfc822\n\nFrom: x@y.example\n\nz\n--b--\n",
        )
    )
    for _ in range(dice.randint(1, 12)):
        raw[dice.randrange(len(raw))] = dice.randrange(256)
    assert read_mail(bytes(raw)) is not None


@pytest.mark.parametrize(
    ("charset", "content", "words"),
    [
        ("utf-8", "Tür".encode(), "Tür"),
        ("iso-8859-1", "“Tür” – 5 €".encode("cp1252"), "“Tür” – 5 €"),
        ("us-ascii", "Tür".encode(), "Tür"),
        ("no-such-letters", "Tür".encode("cp1252"), "Tür"),
        ("utf-8", "Tür".encode("cp1252"), "Tür"),
        ("koi8-r", "Дверь".encode("koi8-r"), "Дверь"),
    ],
)
def test_letters_are_read_by_their_label_or_in_spite_of_it(charset, content, words):
    raw = mail(
        f"Content-Type: text/plain; charset={charset}", "Content-Transfer-Encoding: 8bit", body=content
    )
    assert read_mail(raw).text == words


def test_the_plain_words_win_and_an_empty_plain_part_does_not():
    parts = "--b\nContent-Type: text/plain\n\n{}\n--b\nContent-Type: text/html\n\n<p>The page</p>\n--b--\n"
    lines = ("Content-Type: multipart/alternative; boundary=b",)
    assert read_mail(mail(*lines, body=parts.format("Plain").encode())).text == "Plain"
    assert read_mail(mail(*lines, body=parts.format(" ").encode())).text == "The page"


@pytest.mark.parametrize(
    ("line", "is_automatic"),
    [
        ("Auto-Submitted: no", False),
        ("Auto-Submitted: auto-replied (vacation)", True),
        ("X-Autoreply: yes", True),
        ("Precedence: bulk", True),
        ("List-Id: <x.example>", True),
        ("Return-Path: <>", True),
        ("Return-Path: <mo@h.example>", False),
        ("X-Auto-Response-Suppress: All", False),
    ],
)
def test_a_machine_is_known_by_its_marks(line, is_automatic):
    assert bool(read_mail(mail(line)).automatic_because) is is_automatic


@pytest.mark.parametrize("title", ["Automatic reply: x", "Abwesenheitsnotiz", "Réponse automatique : x"])
def test_a_title_alone_is_a_weak_mark_and_two_weak_ones_are_enough(title):
    raw = mail().replace(b"Subject: Loud", f"Subject: {title}".encode())
    assert read_mail(raw).automatic_because == ""
    assert read_mail(b"X-Auto-Response-Suppress: All\n" + raw).automatic_because == "two weak marks"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Thu, 05 Mar 2026 12:00:00 -0500", "2026-03-05T12:00:00-05:00"),
        ("5 Mar 2026 12:00:00 -0000", "2026-03-05T12:00:00+00:00"),
        ("Thu, 01 Jan 1971 00:00:00 +0000", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_a_date_is_an_instant_or_none(written, read):
    found = date_of(written)
    assert (found and found.isoformat()) == read
