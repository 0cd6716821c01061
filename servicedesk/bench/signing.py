"""Who signs in where, for those who know no Django."""

NOISY = "noisy"
# A production-like hash costs a production-like sign-in; the data are made up, and so is this.
PASSWORD = "open for measuring"


def mail_of(role: str, desk: str) -> str:
    """With which the desk's colleague of a role signs in."""
    return f"{role}@{desk}.example"
