"""What can go wrong when the embedded servers start."""


class ServersNotStarted(Exception):
    """The embedded servers could not be started; the text says why in words for a person."""
