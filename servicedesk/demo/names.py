"""Who the demo desks are: people, customers, machines. All invented, with telephone numbers of dramas."""

from dataclasses import dataclass

from tenancy.models import Role


@dataclass(frozen=True)
class DeskNames:
    """One desk's cast. Customers stand in the order of `CUSTOMERS`, so that both desks have the same day."""

    slug: str
    name: str
    people: dict[str, str]
    technicians: tuple[str, ...]
    customers: tuple[tuple[str, str], ...]
    phone: str
    phone_stem: str
    city: str
    postcode: str


# By what they are for: the day's schedule names them so, whatever they are called.
CUSTOMERS = (
    "letter", "bakery", "surgery", "dental", "law", "estates", "port", "vets", "clinic", "print", "aster",
    "wren", "library", "ward", "care", "studio", "pharmacy", "dairy", "motors", "mills", "hall", "radley",
    "ferry", "tallis", "cafe", "sable", "hotel", "archive", "arts", "forge", "school", "primary", "yard",
    "tax", "weir", "brook",
)  # fmt: skip

NORTHGATE = DeskNames(
    slug="northgate",
    name="Northgate",
    people={
        Role.DISPATCHER: "Dana Whitlock",
        Role.TECHNICIAN: "Lou Baptiste",
        Role.SALES: "Jamie Mercer",
        Role.ACCOUNTS: "Hollis Grant",
        Role.MANAGER: "Robin Vale",
    },
    technicians=(
        "Lou Baptiste", "Marek Novak", "Priya Raman", "Tom Ashby",
        "Gwen Ellery", "Sam Okoro", "Ines Duarte", "Karl Jensen",
    ),
    customers=(
        ("Margaret Ellison", "The Harbour Letter"), ("Rosa Fennel", "Fennel & Rye Bakery"),
        ("Dr Amir Brannock", "St Brannock Surgery"), ("Nell Quay", "Quayside Dental"),
        ("Piers Kestrel", "Kestrel Law"), ("Joan Tide", "Tideway Estates"),
        ("Walter Port", "Port Authority"), ("Ada Mayfield", "Mayfield Vets"),
        ("Ruth Orchard", "Orchard Clinic"), ("Ben Hollins", "Hollins Print Room"),
        ("Ivy Aster", "Aster Law"), ("Colin Wren", "Wren & Co"),
        ("Hilda Gull", "Gull Street Library"), ("Otis Ward", "Ward & Finch"),
        ("Beth Linden", "Linden Court Care"), ("Saul Pell", "Pell Street Studio"),
        ("Mina Corner", "Corner Pharmacy"), ("Ted Bow", "Bow Lane Dairy"),
        ("Jess Hythe", "Hythe Motors"), ("Rafe Castle", "Castle Mills"),
        ("Una Abbot", "Abbot Hall"), ("Remy Osei", "Radley Group"),
        ("Vera Ferry", "Ferry Office"), ("Noel Tallis", "Tallis & Sons"),
        ("Bea Nook", "Nook Café"), ("Dr Lena Sable", "Sable Dental"),
        ("Max Grange", "Grange Hotel"), ("Cleo City", "City Archive"),
        ("Ewan Hallam", "Hallam Arts"), ("Kit Bell", "Bell Forge"),
        ("Moira End", "Moor End School"), ("Alec Bramley", "Bramley Primary"),
        ("Fay Elm", "Elm Yard"), ("Gil Ogden", "Ogden Tax Advisers"),
        ("Wynn Weir", "Weir House"), ("Tess Brook", "Brook & Daughters"),
    ),
    phone="01632 960 118",
    phone_stem="07700 900",
    city="Eastmouth",
    postcode="EM4 2QL",
)  # fmt: skip

SOUTHGATE = DeskNames(
    slug="southgate",
    name="Southgate",
    people={
        Role.DISPATCHER: "Nora Finch",
        Role.TECHNICIAN: "Abel Santos",
        Role.SALES: "Kim Larkin",
        Role.ACCOUNTS: "Edith Moss",
        Role.MANAGER: "Terry Blake",
    },
    technicians=(
        "Abel Santos", "Ruben Voss", "Leela Nair", "Hugh Carter",
        "Mabel Stone", "Tunde Bello", "Clara Reyes", "Erik Lund",
    ),
    customers=(
        ("Helen Marsh", "The Haven Post"), ("Cora Barley", "Barley & Oat Bakery"),
        ("Dr Paul Denby", "St Denby Surgery"), ("Iris Lock", "Lockside Dental"),
        ("Giles Merlin", "Merlin Law"), ("Amy Ebb", "Ebbway Estates"),
        ("Hal Dock", "Dock Authority"), ("Pru Meadow", "Meadow Vets"),
        ("Liv Garden", "Garden Clinic"), ("Stan Rollins", "Rollins Print Room"),
        ("Eve Laurel", "Laurel Law"), ("Tim Robin", "Robin & Co"),
        ("Olga Tern", "Tern Street Library"), ("Hans Wood", "Wood & Swift"),
        ("Jane Maple", "Maple Court Care"), ("Ira Bell", "Bell Street Studio"),
        ("Lola Square", "Square Pharmacy"), ("Roy Arrow", "Arrow Lane Dairy"),
        ("Dot Romney", "Romney Motors"), ("Ike Tower", "Tower Mills"),
        ("Gwen Prior", "Prior Hall"), ("Sue Hadley", "Hadley Group"),
        ("Ray Bridge", "Bridge Office"), ("Leo Morris", "Morris & Sons"),
        ("May Corner", "Cosy Café"), ("Dr Ana Stoat", "Stoat Dental"),
        ("Jim Manor", "Manor Hotel"), ("Zoë County", "County Archive"),
        ("Bob Hollin", "Hollin Arts"), ("Tia Anvil", "Anvil Forge"),
        ("Ann Heath", "Heath End School"), ("Ola Cox", "Cox Primary"),
        ("Val Oak", "Oak Yard"), ("Reg Penny", "Penny Tax Advisers"),
        ("Sal Mill", "Mill House"), ("Dee Stream", "Stream & Daughters"),
    ),
    phone="01632 960 227",
    phone_stem="07700 901",
    city="Westmouth",
    postcode="WM1 7AB",
)  # fmt: skip

MACHINES = (
    ("Corvane", "TC-240", "copier"), ("Corvane", "SF-12", "sorter"), ("Ravello", "P90", "printer"),
    ("Ravello", "MF-60", "multifunction printer"), ("Oskar", "LB-4", "label printer"),
    ("Oskar", "RX-2", "receipt printer"), ("Corvane", "WF-36", "large-format printer"),
)  # fmt: skip
PARTS = (
    ("FU-240", "Fuser unit", "84.00"), ("RK-2", "Roller kit", "32.50"), ("CB-9", "Cleaning blade", "18.00"),
    ("FS-1", "Feed tray spring", "4.20"), ("DR-60", "Drum", "140.00"),
)  # fmt: skip
