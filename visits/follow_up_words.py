"""The product's own words for asking after a visit, in each language, and the fields they name."""

from messaging.wordings import DESK, MAIL, NAME, PHONE, SMS, Field, Words
from visits.letter_words import DEAR, OR_RING_MAIL, VISIT, WHO

DAY = Field("day", "the day on which it was done", "Thu 5 March")
LINK = Field("link", "their own page: five faces, and what else they need", "{link}")
FIELDS = (DESK, NAME, PHONE, VISIT, WHO, DAY, LINK)

_SENTENCES = {
    "en": {
        "title": "How was our visit?",
        "was": "{who} was with you on {day}.",
        "asks": "How was it? One tap answers, and there you can tell us what else you need:",
        "shortly": "How was it, and what else do you need? One tap:",
    },
    "nl": {
        "title": "Hoe was ons bezoek?",
        "was": "{who} was op {day} bij u.",
        "asks": "Hoe was het? Eén tik is genoeg, en u kunt er zeggen wat u nog nodig hebt:",
        "shortly": "Hoe was het, en wat hebt u nog nodig? Eén tik:",
    },
    "de": {
        "title": "Wie war unser Besuch?",
        "was": "{who} war am {day} bei Ihnen.",
        "asks": "Wie war es? Ein Tippen genügt, und Sie können dort sagen, was Sie noch brauchen:",
        "shortly": "Wie war es, und was brauchen Sie noch? Ein Tippen:",
    },
    "fr": {
        "title": "Comment s’est passée notre visite ?",
        "was": "{who} est venu chez vous le {day}.",
        "asks": "Comment était-ce ? Touchez une réponse ; dites-y aussi ce qu’il vous faut encore :",
        "shortly": "Comment était-ce ? Que vous faut-il encore ? Ici :",
    },
}


def _said(language: str) -> dict[str, Words]:
    say = _SENTENCES[language]
    mail = (
        f"{DEAR[language]}\n\n{say['was']}\n\n{say['asks']}\n{{link}}\n\n{OR_RING_MAIL[language]}\n\n{{desk}}"
    )
    return {MAIL: Words(mail, say["title"]), SMS: Words(f"{{desk}}: {say['was']} {say['shortly']} {{link}}")}


OURS = {language: _said(language) for language in _SENTENCES}
