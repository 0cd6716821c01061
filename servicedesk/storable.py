"""What a column of text can hold of what was typed."""


def storable(words: str) -> str:
    """Without what PostgreSQL refuses in a text: null bytes, and halves of a letter that a phone cut off."""
    return words.replace("\0", "").encode(errors="ignore").decode()
