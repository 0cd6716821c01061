"""The product's own words for the message that brings a service report, in each language, and its fields."""

from messaging.wordings import MAIL, SMS, Field, Words
from visits.letter_words import DEAR, DESK, NAME, OR_RING_MAIL, OR_RING_TEXT, PHONE, VISIT, WHO

DAY = Field("that_day", "“today”, else the day of the visit", "today")
DONE = Field("done", "what was done, in the technician’s words", "New fuser, bands gone.", can_be_empty=True)
LEFT = Field("left", "what is still to do", "Fit the drum", can_be_empty=True)
DECIDE = Field("decide", "how many recommendations wait for an answer", "1 thing to decide", True)
RECOMMENDATIONS = Field(
    "recommendations", "what is open on their equipment, a list", "Replace the fuser unit", can_be_empty=True
)
LINK = Field("link", "their own page of the visit, with the report and what to decide", "{link}")
FIELDS = (DESK, NAME, PHONE, VISIT, WHO, DAY, DONE, LEFT, DECIDE, RECOMMENDATIONS, LINK)

DECISIONS = {
    "en": ("1 thing to decide", "{} things to decide"),
    "nl": ("1 punt om over te beslissen", "{} punten om over te beslissen"),
    "de": ("1 Punkt zu entscheiden", "{} Punkte zu entscheiden"),
    "fr": ("1 point à décider", "{} points à décider"),
}
_SENTENCES = {
    "en": {
        "title": "Your visit {visit}: the report",
        "was": "{who} was with you {that_day}.",
        "attached": "The report is attached; it says what was done, who signed and what we recommend.",
        "left": "Still to do: {left}.",
        "open": "This is open on your equipment. Please tell us what you want done:",
        "there": "To answer, and to read the report again:",
        "short": "Your report",
        "and": "and",
    },
    "nl": {
        "title": "Uw afspraak {visit}: de werkbon",
        "was": "{who} was {that_day} bij u.",
        "attached": "De werkbon is bijgevoegd: wat er is gedaan, wie er tekende en wat wij adviseren.",
        "left": "Nog te doen: {left}.",
        "open": "Dit staat open aan uw apparatuur. Laat ons weten wat u ermee wilt:",
        "there": "Antwoorden, en de werkbon nog eens lezen:",
        "short": "Uw werkbon",
        "and": "en",
    },
    "de": {
        "title": "Ihr Termin {visit}: der Bericht",
        "was": "{who} war {that_day} bei Ihnen.",
        "attached": "Der Bericht liegt bei: was getan wurde, wer unterschrieben hat und was wir empfehlen.",
        "left": "Noch zu tun: {left}.",
        "open": "Das ist an Ihrem Gerät noch offen. Bitte sagen Sie uns, was geschehen soll:",
        "there": "Antworten und den Bericht noch einmal lesen:",
        "short": "Ihr Bericht",
        "and": "und",
    },
    "fr": {
        "title": "Votre rendez-vous {visit} : le rapport",
        "was": "{who} est venu chez vous {that_day}.",
        "attached": "Le rapport est joint : ce qui a été fait, qui a signé et ce que nous conseillons.",
        "left": "Reste à faire : {left}.",
        "open": "Voici ce qui reste ouvert sur votre équipement. Dites-nous ce que vous souhaitez :",
        "there": "Pour répondre et relire le rapport :",
        "short": "Votre rapport",
        "and": "et",
    },
}


def _said(language: str) -> dict[str, Words]:
    say = _SENTENCES[language]
    mail = (
        f"{DEAR[language]}\n\n{say['was']}[ {{done}}]\n\n{say['attached']}[\n\n{say['left']}]"
        f"[\n\n{say['open']}\n\n{{recommendations}}]\n\n{say['there']}\n{{link}}\n\n"
        f"{OR_RING_MAIL[language]}\n\n{{desk}}"
    )
    text = (
        f"{{desk}}: {say['was']}[ {{done}}] {say['short']}[ {say['and']} {{decide}}]: {{link}}"
        f"{OR_RING_TEXT[language]}"
    )
    return {MAIL: Words(mail, say["title"]), SMS: Words(text)}


OURS = {language: _said(language) for language in _SENTENCES}
