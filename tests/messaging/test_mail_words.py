"""The words of a mail for reading: out of HTML, without its quotes and signature, quickly and always."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from messaging.mail_words import LONGEST, cut, text_of_html

HEADS = (
    "On Mon, 2 Mar 2026 at 10:00, Northgate <a@b.example> wrote:",
    "Am 02.03.2026 um 10:00 schrieb Northgate <a@b.example>:",
    "Le lun. 2 mars 2026 à 10:00, Northgate <a@b.example> a écrit :",
    "Op ma 2 mrt 2026 om 10:00 schreef Northgate <a@b.example>:",
    "El lun, 2 mar 2026 a las 10:00, Northgate (<a@b.example>) escribió:",
    "Il giorno lun 2 mar 2026 alle 10:00 Northgate <a@b.example> ha scritto:",
    "On Mon, 2 Mar 2026 at 10:00, Northgate Service Desk\n<a@b.example> wrote:",
    "-----Original Message-----\nFrom: a\nSent: b",
    "-----Ursprüngliche Nachricht-----\nVon: a\nGesendet: b",
    "From: Northgate\nSent: Monday\nTo: You\nSubject: Your visit",
    "Von: Northgate\nGesendet: Montag\nAn: Sie\nBetreff: Ihr Termin",
)


@pytest.mark.parametrize("head", HEADS)
def test_what_is_quoted_is_cut_and_kept_beside(head):
    words = cut(f"Four is better.\n\n{head}\n\nLou comes at two.\n")
    assert words.own == "Four is better."
    assert "Lou comes at two." in words.quoted


def test_an_answer_below_the_quote_and_between_its_lines_stays():
    words = cut("> Lou comes at two.\nFour is better.\n> Bring the keys.\nI do.\n")
    assert (words.own, words.quoted) == ("Four is better.\nI do.", "> Lou comes at two.\n> Bring the keys.")


@pytest.mark.parametrize(
    ("text", "own", "signature"),
    [
        ("It stands.\n\n-- \nMargaret\n07700 900412", "It stands.", "-- \nMargaret\n07700 900412"),
        ("It stands.\n\nSent from my iPhone", "It stands.", "Sent from my iPhone"),
        (
            "It stands.\n\nKind regards,\nMo\nTel 07700 900412",
            "It stands.\n\nKind regards,",
            "Mo\nTel 07700 900412",
        ),
        ("Thanks,\nthe machine is still broken.", "Thanks,\nthe machine is still broken.", ""),
        ("From: here on it is loud", "From: here on it is loud", ""),
        ("As I wrote:\nit is loud", "As I wrote:\nit is loud", ""),
    ],
)
def test_a_signature_is_cut_only_where_it_is_one(text, own, signature):
    words = cut(text)
    assert (words.own, words.signature.replace("--\n", "-- \n")) == (own, signature)


def test_what_is_forwarded_stays_to_be_read_and_says_from_whom():
    text = "See below\n\nBegin forwarded message:\n\nFrom: Mo <mo@h.example>\nSubject: Loud\n\nIt is loud."
    words = cut(text)
    assert (words.is_forward, words.forwarded_from) == (True, "mo@h.example")
    assert words.own.endswith("It is loud.")


def test_words_that_are_all_quoted_are_not_nothing():
    assert cut("> Lou comes at two.").own == "> Lou comes at two."


def test_a_page_is_its_visible_words_with_quotes_marked():
    page = (
        "<html><head><title>x</title><style>p{}</style></head><body><!-- no -->"
        "<p>3 &lt; 4 &amp; <b>bold</b></p>"
        "<script>alert(1)</script><span style='display:none'>seen?</span>One<br>two"
        "<blockquote>Lou comes</blockquote><table><tr><td>a</td><td>b</td></tr></table>"
        "<img alt='A dent'></body>"
    )
    assert text_of_html(page) == "3 < 4 & bold\nOne\ntwo\n> Lou comes\n\na b\n\n[A dent]"


@given(st.text(max_size=400))
def test_any_text_is_read_and_says_something_if_it_did(text):
    words = cut(text)
    assert bool(words.own.strip()) == bool(text.replace("\u00a0", " ").strip())
    assert isinstance(text_of_html(text), str)


@given(
    st.lists(
        st.sampled_from(["<", ">", "<p>", "</p>", "<div ", "class='gmail_quote'>", "<!--", "x", "\n", "&"])
    )
)
def test_any_page_is_read(parts):
    assert isinstance(cut(text_of_html("".join(parts))).own, str)


@pytest.mark.parametrize(
    "piece", ["<a ", "<", "<b></i>", "<!--", "&", "<div>", "<a b='", "> ", "On a\n", " ", "-", "1 "]
)
def test_the_longest_mail_made_to_be_slow_is_read_in_seconds(piece):
    text = (piece * (LONGEST // len(piece)))[:LONGEST]
    before = time.process_time()
    cut(text)
    cut(text_of_html(text))
    assert time.process_time() - before < 10
