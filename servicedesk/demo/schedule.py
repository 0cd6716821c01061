"""The demo's day: who is where at what time, as if it were just after 13:00.

Times are written as the wall clock of a day on which it is 13:07; the whole day is moved so that
its 13:00 falls on the last quarter of an hour before now.
"""

from dataclasses import dataclass

DONE, ON_SITE, ON_THE_WAY, CALLED, CONFIRMED, BOOKED, MISSED, LATE = (
    "done", "on site", "on the way", "called", "confirmed", "booked", "missed", "late",
)  # fmt: skip


@dataclass(frozen=True)
class Planned:
    """One visit of the day. `technician` is the place in the desk's list; None: not assigned."""

    technician: int | None
    start: str
    end: str
    customer: str
    problem: str
    standing: str
    kind: str = "fault"
    window: int = 60
    day: int = 0


TODAY = (
    Planned(0, "08:15", "09:10", "law", "Tune-up", DONE, kind="tune-up"),
    Planned(0, "09:45", "11:10", "estates", "Paper jams on the main path", DONE),
    Planned(0, "11:30", "12:40", "port", "Drum is worn, grey pages", DONE),
    Planned(0, "14:00", "15:15", "letter", "Grey bands down the right edge since Monday", CONFIRMED),
    Planned(0, "15:45", "17:00", "vets", "Scanner jams on every second sheet", CONFIRMED),
    Planned(1, "08:15", "09:40", "clinic", "Label printer prints blank labels", DONE),
    Planned(1, "10:30", "12:00", "print", "Streaks on wide jobs", ON_SITE),
    Planned(1, "12:15", "13:40", "surgery", "Prescriptions come out pale", LATE, window=30),
    Planned(1, "14:45", "15:40", "aster", "Double feeds", CONFIRMED, window=15),
    Planned(1, "16:00", "17:10", "wren", "Rattles when it starts", BOOKED),
    Planned(2, "08:00", "09:25", "library", "Install, 2 units", DONE, kind="install"),
    Planned(2, "10:00", "11:25", "ward", "Scans do not arrive in the network folder", DONE),
    Planned(2, "12:00", "13:25", "care", "Smells hot after an hour", ON_SITE),
    Planned(2, "14:00", "14:55", "studio", "Colours drift", BOOKED),
    Planned(2, "15:30", "16:55", "pharmacy", "Receipt printer cuts too short", CONFIRMED),
    Planned(3, "08:30", "09:40", "dairy", "Error 50, fuser", DONE),
    Planned(3, "10:30", "11:25", "bakery", "Till printer stops in the morning rush", MISSED),
    Planned(3, "11:45", "12:40", "motors", "Toner leaks into the tray", DONE),
    Planned(3, "13:15", "14:25", "mills", "Feeder squeals", ON_THE_WAY),
    Planned(3, "15:00", "15:55", "hall", "Tune-up", CONFIRMED, kind="tune-up"),
    Planned(4, "08:00", "11:55", "radley", "Install, 4 units", DONE, kind="install"),
    Planned(4, "12:30", "13:55", "ferry", "Does not wake up", ON_SITE),
    Planned(4, "14:30", "16:10", "tallis", "Feeder rebuild", CONFIRMED),
    Planned(5, "09:00", "09:55", "cafe", "Till printer offline", DONE),
    Planned(5, "10:30", "11:55", "sable", "X-ray printer bands", DONE),
    Planned(5, "15:45", "16:55", "hotel", "Lobby printer asks for a code", CONFIRMED),
    Planned(6, "08:30", "10:25", "archive", "Large-format head", DONE),
    Planned(6, "11:00", "12:10", "arts", "Tune-up", DONE, kind="tune-up"),
    Planned(6, "13:30", "14:25", "forge", "Dust inside, jams", CALLED),
    Planned(6, "16:00", "17:10", "school", "Stapler unit", CONFIRMED),
    Planned(None, "15:00", "16:15", "dental", "Autoclave printer dead", BOOKED),
    Planned(None, "10:00", "11:00", "primary", "Staff-room copier, double feeds", BOOKED, day=1),
    Planned(2, "09:00", "10:00", "yard", "Tune-up", BOOKED, kind="tune-up", day=1),
    Planned(4, "11:00", "12:00", "tax", "Makes a clicking noise", BOOKED, day=1),
    Planned(5, "13:30", "14:45", "weir", "Faint print", BOOKED, day=1),
)

# Contracts by customer: days from today to the end of the last term; "" for none.
ENDS = {
    "bakery": 201, "surgery": 88, "dental": 120, "law": 240, "estates": 155, "port": 301, "vets": 77,
    "clinic": 190, "print": 133, "aster": 98, "wren": 260, "library": 172, "ward": 64, "care": 145,
    "studio": 14, "pharmacy": 28, "dairy": 222, "motors": 310, "mills": 95, "hall": 17, "radley": 181,
    "ferry": 70, "tallis": 31, "sable": -19, "hotel": 37, "archive": 340, "arts": 199, "forge": 111,
    "school": 26, "primary": 250, "yard": 84, "tax": -45, "weir": -62, "brook": -6,
}  # fmt: skip
