"""How older programs write their exports: a German one and a French one."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Dialect:
    """How one older program writes: files, headings, separator, encoding, days, amounts, words."""

    files: dict[str, str]
    headings: dict[str, dict[str, str]]
    separator: str
    encoding: str
    day: str
    time: str
    comma: bool
    words: dict[str, str]
    # Between the serial numbers of one contract.
    within: str = ";"


GERMAN = Dialect(
    files={
        "customers": "Kunden.csv",
        "equipment": "Geräte.csv",
        "contracts": "Verträge 2026.csv",
        "payments": "Zahlungseingänge.csv",
        "visits": "Einsätze.txt",
        "recommendations": "Empfehlungen.csv",
        "calls": "Anrufe.csv",
    },
    headings={
        "customers": {
            "postcode": "PLZ",
            "city": "Ort",
            "name": "Firma",
            "number": "Kunden-Nr.",
            "phone": "Telefon",
            "email": "E-Mail",
            "street": "Straße",
            "since": "Kunde seit",
            "notes": "Bemerkung",
        },
        "equipment": {
            "model": "Modell",
            "serial": "Seriennummer",
            "customer": "Kd.-Nr.",
            "make": "Hersteller",
        },
        "contracts": {
            "status": "Status",
            "end": "Vertragsende",
            "start": "Vertragsbeginn",
            "number": "Vertrags-Nr",
            "customer": "Kundennummer",
            "price": "Jahrespreis",
            "visits": "Wartungen",
            "serials": "Geräte",
        },
        "payments": {
            "contract": "Vertrag",
            "amount": "Betrag",
            "date": "Buchungsdatum",
            "number": "Beleg-Nr.",
            "customer": "Kunde",
            "payer": "Einzahler",
        },
        "visits": {
            "technician": "Techniker",
            "number": "Auftrags-Nr.",
            "customer": "Kunden-Nr.",
            "serial": "Serien-Nr.",
            "from": "Von",
            "to": "Bis",
            "arrived": "Ankunft",
            "completed": "Erledigt am",
            "status": "Status",
            "kind": "Art",
            "work": "Tätigkeit",
            "parts": "Ersatzteile",
        },
        "recommendations": {
            "text": "Empfehlung",
            "severity": "Dringlichkeit",
            "serial": "Seriennr",
            "date": "Datum",
            "visit": "Auftrag",
            "estimate": "Kostenschätzung",
            "done": "Erledigt",
        },
        "calls": {
            "kind": "Anliegen",
            "at": "Zeitpunkt",
            "customer": "Kd-Nr",
            "contract": "Vertragsnummer",
            "text": "Notiz",
            "promise_by": "Zugesagt bis",
            "taken_by": "Angenommen von",
        },
    },
    separator=";",
    encoding="utf-8-sig",
    day="%d.%m.%Y",
    time="%H:%M",
    comma=True,
    words={
        "done": "Erledigt",
        "scheduled": "Geplant",
        "maintenance": "Wartung",
        "repair": "Reparatur",
        "cancelled": "Gekündigt",
        "active": "Aktiv",
        "expired": "Abgelaufen",
        "safety": "kritisch",
        "soon": "mittel",
        "claim": "Verlängerung",
        "complaint": "Beschwerde",
    },
    within="|",
)
FRENCH = Dialect(
    files={
        "customers": "clients.tsv",
        "equipment": "parc machines.tsv",
        "contracts": "contrats.tsv",
        "payments": "reglements.tsv",
        "visits": "interventions.tsv",
        "recommendations": "preconisations.tsv",
        "calls": "appels.tsv",
    },
    headings={
        "customers": {
            "number": "N° client",
            "name": "Raison sociale",
            "phone": "Téléphone",
            "email": "Courriel",
            "street": "Adresse",
            "postcode": "Code postal",
            "city": "Ville",
            "since": "Client depuis",
            "notes": "Remarques",
        },
        "equipment": {
            "serial": "N° de série",
            "customer": "Code client",
            "make": "Marque",
            "model": "Modèle",
        },
        "contracts": {
            "number": "N° contrat",
            "customer": "N° client",
            "start": "Date de début",
            "end": "Date de fin",
            "status": "Statut",
            "price": "Montant",
            "visits": "Nb visites",
            "serials": "N° série",
        },
        "payments": {
            "number": "N° règlement",
            "date": "Date règlement",
            "amount": "Montant",
            "contract": "Contrat",
            "customer": "Client",
            "payer": "Payeur",
        },
        "visits": {
            "number": "N° intervention",
            "customer": "N° client",
            "serial": "N° série",
            "technician": "Technicien",
            "from": "Début",
            "to": "Fin",
            "arrived": "Arrivée",
            "completed": "Clôture",
            "status": "État",
            "kind": "Nature",
            "work": "Travaux effectués",
            "parts": "Pièces",
        },
        "recommendations": {
            "visit": "Intervention",
            "serial": "N° série",
            "date": "Date",
            "severity": "Gravité",
            "text": "Préconisation libellé",
            "estimate": "Devis",
            "done": "Réalisé",
        },
        "calls": {
            "at": "Date heure",
            "customer": "Client",
            "contract": "Contrat",
            "taken_by": "Pris par",
            "kind": "Motif",
            "text": "Commentaire",
            "promise_by": "Promis le",
        },
    },
    separator="\t",
    encoding="utf-16",
    day="%Y-%m-%d",
    time="%H:%M:%S",
    comma=True,
    words={
        "done": "Terminé",
        "scheduled": "Planifié",
        "maintenance": "Entretien",
        "repair": "Dépannage",
        "cancelled": "Résilié",
        "active": "En cours",
        "expired": "Expiré",
        "safety": "critique",
        "soon": "moyen",
        "claim": "Renouvellement",
        "complaint": "Réclamation",
    },
)
