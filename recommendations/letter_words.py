"""The product's own words for messages about recommendations, in each language, and the fields they name."""

from messaging.wordings import DESK, MAIL, NAME, PHONE, SMS, Field, Words

SEVERITIES = {
    "en": {1: "Can wait", 2: "Soon", 3: "Likely to fail", 4: "Safety"},
    "nl": {1: "Kan wachten", 2: "Binnenkort", 3: "Valt waarschijnlijk uit", 4: "Veiligheid"},
    "de": {1: "Kann warten", 2: "Bald", 3: "Fällt wahrscheinlich aus", 4: "Sicherheit"},
    "fr": {1: "Peut attendre", 2: "Bientôt", 3: "Panne probable", 4: "Sécurité"},
}
COSTS = {
    "en": "It costs {price}.",
    "nl": "Het kost {price}.",
    "de": "Es kostet {price}.",
    "fr": "Prix : {price}.",
}
FREE = {
    "en": "There is nothing to pay.",
    "nl": "U betaalt niets.",
    "de": "Es kostet Sie nichts.",
    "fr": "Vous n'avez rien à payer.",
}
COVERED = {
    "en": "Your contract covers {covered}.",
    "nl": "Uw contract dekt: {covered}.",
    "de": "Ihr Vertrag deckt: {covered}.",
    "fr": "Votre contrat couvre : {covered}.",
}

CUSTOMER = Field("customer", "whose equipment it is", "Margaret Ellison, The Harbour Letter")
DAY = Field("day", "when it was raised", "8 January")
FINDING = Field("finding", "what should be done", "Replace the fuser unit")
MACHINE = Field("machine", "the equipment", "Corvane TC-240 copier")
RISK = Field("risk", "what may happen if nothing is done", "It may stop your printing", can_be_empty=True)
SEVERITY = Field("severity", "how much it matters", "Likely to fail")
PRICE = Field("costs", "what it costs, as far as that is known", "It costs £240.00.", can_be_empty=True)
LINK = Field("link", "their own page of it, to say yes or no, or to ask", "{link}")
TO_CUSTOMER = (DESK, NAME, DAY, FINDING, MACHINE, RISK, SEVERITY, PRICE, PHONE, LINK)
TO_OWNER = (DESK, CUSTOMER, DAY, FINDING, MACHINE, RISK, SEVERITY, PRICE)


def _said(language: str) -> dict[str, Words]:
    """Both ways of saying it in a language, put together from its sentences."""
    say = _SENTENCES[language]
    mail = (
        f"{say['greets']}\n\n{say['advised']}\n\n{{finding}}.[\n{say['nothing']} {{risk}}.][\n{{costs}}]\n\n"
        f"{say['asks']}\n{{link}}[\n\n{say['rings']}]\n\n{{desk}}"
    )
    text = (
        f"{say['text']} {{finding}}.[ {say['nothing']} {{risk}}.][ {{costs}}] {say['asks_shortly']} {{link}}"
    )
    return {MAIL: Words(mail, say["title"]), SMS: Words(text)}


_SENTENCES = {
    "en": {
        "title": "Your {machine}: {finding}",
        "greets": "Dear {name},",
        "advised": "on {day} we advised you on your {machine}:",
        "nothing": "If nothing is done:",
        "asks": "Say yes or no, or ask first:",
        "rings": "Or ring {phone}; a person answers.",
        "text": "{desk}: on {day} we advised:",
        "asks_shortly": "Yes, no, or ask first:",
    },
    "nl": {
        "title": "Uw {machine}: {finding}",
        "greets": "Beste {name},",
        "advised": "op {day} gaven wij u een advies over uw {machine}:",
        "nothing": "Als er niets gebeurt:",
        "asks": "Zeg ja of nee, of vraag het eerst:",
        "rings": "Of bel {phone}; u krijgt iemand aan de lijn.",
        "text": "{desk}: op {day} adviseerden wij:",
        "asks_shortly": "Ja, nee of een vraag:",
    },
    "de": {
        "title": "{machine}: {finding}",
        "greets": "Guten Tag {name},",
        "advised": "am {day} haben wir Ihnen zu Ihrem Gerät {machine} geraten:",
        "nothing": "Wenn nichts geschieht:",
        "asks": "Sagen Sie ja oder nein, oder fragen Sie erst:",
        "rings": "Oder rufen Sie an: {phone}. Es meldet sich ein Mensch.",
        "text": "{desk}: am {day} haben wir geraten:",
        "asks_shortly": "Ja, nein oder erst fragen:",
    },
    "fr": {
        "title": "{machine} : {finding}",
        "greets": "Bonjour {name},",
        "advised": "le {day}, nous vous avons conseillé pour votre appareil {machine} :",
        "nothing": "Si rien n'est fait :",
        "asks": "Dites oui ou non, ou posez d’abord une question :",
        "rings": "Ou appelez le {phone} ; une personne répond.",
        "text": "{desk} : le {day}, nous avons conseillé :",
        "asks_shortly": "Oui, non, ou une question :",
    },
}
OURS = {language: _said(language) for language in _SENTENCES}
OWNERS = {
    "en": {
        MAIL: Words(
            "{customer} has not answered since {day}.\n\n{machine}: {finding} ({severity})."
            "[\nIf nothing is done: {risk}.][\n{costs}]\n\n{desk}",
            "{customer} has not answered: {finding}",
        )
    }
}
