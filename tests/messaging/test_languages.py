"""Days and clock times as the readers of each language write them."""

import datetime as dt

import pytest

from messaging import languages

TODAY = dt.date(2026, 3, 5)


def day(when, language, country="GB", say=languages.day_words):
    return say(when, language=language, country=country, today=TODAY)


@pytest.mark.parametrize(
    ("tag", "language"), [("nl", "nl"), ("nl-BE", "nl"), ("DE_at", "de"), ("", ""), ("tlh", "")]
)
def test_a_tag_is_known_by_its_language(tag, language):
    assert languages.known_language(tag) == language


@pytest.mark.parametrize(
    ("language", "country", "words"),
    [
        ("en", "GB", "Sat 1 August"),
        ("en", "US", "Sat August 1"),
        ("nl", "NL", "za 1 augustus"),
        ("de", "DE", "Sa 1. August"),
        ("fr", "FR", "sam 1er août"),
    ],
)
def test_a_day(language, country, words):
    assert day(dt.date(2026, 8, 1), language, country) == words
    assert day(dt.date(2027, 8, 2), language, country).endswith(" 2027")


@pytest.mark.parametrize(
    ("language", "today", "tomorrow", "later"),
    [
        ("en", "today Thu 5 March", "tomorrow Fri 6 March", "on Sat 7 March"),
        ("nl", "vandaag do 5 maart", "morgen vr 6 maart", "op za 7 maart"),
        ("de", "heute Do 5. März", "morgen Fr 6. März", "am Sa 7. März"),
        ("fr", "aujourd'hui jeu 5 mars", "demain ven 6 mars", "le sam 7 mars"),
    ],
)
def test_near_days_have_names(language, today, tomorrow, later):
    found = [day(TODAY + dt.timedelta(days=n), language, say=languages.near_day_words) for n in range(3)]
    assert found == [today, tomorrow, later]


@pytest.mark.parametrize(
    ("language", "country", "clock", "window", "between"),
    [
        ("en", "GB", "2:10 pm", "2:10 to 3 pm", "2:10 and 3 pm"),
        ("en", "NL", "14:10", "14:10 to 15:00", "14:10 and 15:00"),
        ("nl", "GB", "14:10", "14:10 tot 15:00", "14:10 en 15:00"),
        ("de", "DE", "14:10 Uhr", "14:10 bis 15:00 Uhr", "14:10 und 15:00 Uhr"),
        ("fr", "FR", "14 h 10", "14 h 10 à 15 h", "14 h 10 et 15 h"),
    ],
)
def test_clock_times(language, country, clock, window, between):
    reading = {"language": language, "country": country}
    first, last = dt.time(14, 10), dt.time(15)
    assert languages.clock_words(first, **reading) == clock
    assert languages.window_words(first, last, **reading) == window
    assert languages.window_words(first, last, between=True, **reading) == between


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(30, "eine halbe Stunde"), (60, "eine Stunde"), (120, "2 Stunden"), (20, "20 Minuten")],
)
def test_lengths_of_time(minutes, words):
    assert languages.minutes_words(minutes, language="de") == words


def test_people():
    assert languages.people_words([], language="fr") == ""
    assert languages.people_words(["Lou"], language="fr") == "Lou"
    assert languages.people_words(["Lou", "Marek", "Ann"], language="fr") == "Lou avec Marek et Ann"
