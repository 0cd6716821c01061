"""Finding by the middle of a number or name, and by a name with a typing error (R2.1).

The database's own functions read the trigram indexes: row level security keeps LIKE and similarity
from them. They look within the active desk only and return keys.
"""

from django.db import connection

from customers.searchkeys import words

# Fewer signs would be in half the desk's numbers or names.
FEWEST_SIGNS = 4
FEWEST_LETTERS_ALIKE = 4


def keys_anywhere(part: str, *, most: int) -> dict[str, list[int]]:
    """Keys of search words ("word"), machines ("serial") and contacts ("phone") that hold the part.

    Four signs or more, spaces and dashes left out; telephone numbers only for digits. One query.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT place, id FROM keys_anywhere(%s, %s)", [part, most])
        found = {"word": [], "serial": [], "phone": []}
        for place, key in cursor.fetchall():
            found[place].append(key)
    return found


def customers_alike(typed: str, *, most: int) -> list[int]:
    """Customers each typed word of whom is like a word of their name or address; the likest first."""
    asked = [word for word in words(typed) if len(word) >= FEWEST_LETTERS_ALIKE]
    if not asked:
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM customers_alike(%s, %s)", [asked, most])
        return [key for (key,) in cursor.fetchall()]
