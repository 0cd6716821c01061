"""Names and words by number: the same ones each time, and as many different ones as a desk has."""

from servicedesk.demo.names import MACHINES

FIRST = (
    "Margaret", "Dana", "Harriet", "Owen", "Priya", "Tomas", "Ingrid", "Yusuf", "Clara", "Felix", "Noor",
    "Gareth", "Bea", "Hamid", "Rosa", "Silas", "Wendy", "Anton", "Leila", "Hugo", "Maeve", "Idris", "Tess",
)  # fmt: skip
BEGINNINGS = ("Ash", "Bel", "Cor", "Dun", "Ell", "Fair", "Gar", "Hol", "Kes", "Lang", "Mar", "Nor", "Oak",
              "Pen", "Quar", "Rad", "Sel", "Thorn", "Und", "Whit")  # fmt: skip
MIDDLES = ("ber", "der", "fel", "gen", "ing", "kel", "len", "mer", "ner", "ran", "sen", "ter", "ven", "wel")
ENDINGS = ("by", "croft", "dale", "ford", "ham", "ley", "low", "mere", "ridge", "son", "stead", "ton", "wick")
TRADES = ("Print", "Bakery", "Letter", "Dental", "Legal", "Travel", "Garage", "Books", "Optics", "Design")
STREETS = (
    "Quay Lane",
    "Bell Street",
    "Mill Road",
    "Castle Hill",
    "Station Road",
    "Orchard Way",
    "High Street",
)
TOWNS = ("Eastmouth", "Wexcombe", "Harrowgate", "Stanmere", "Kilbride", "Penrose", "Aldwick", "Thornbury")
PROBLEMS = (
    "Grey bands down the right edge, worse on thick paper",
    "Takes two sheets at once",
    "Does not start any more after the power cut",
    "Squeaks when it is cold",
)
FINDINGS = (
    ("Replace the fuser unit", "If it goes, printing stops for two to three days"),
    ("Move off the extension lead", "It overheats under load"),
    ("New pick-up rollers", "Jams will come more often"),
)
WORK = "Cleaned the rollers, replaced the separation pad and ran two hundred sheets without a fault."


def surname(number: int) -> str:
    """One of 3,640, evenly."""
    number, middle = divmod(number, len(MIDDLES))
    number, beginning = divmod(number, len(BEGINNINGS))
    return BEGINNINGS[beginning] + MIDDLES[middle] + ENDINGS[number % len(ENDINGS)]


def person(number: int) -> str:
    """A first name and a surname; they come together again after 83,720."""
    return f"{FIRST[number % len(FIRST)]} {surname(number)}"


def machine(number: int) -> tuple[str, str, str]:
    """Make, model and kind."""
    return MACHINES[number % len(MACHINES)]
