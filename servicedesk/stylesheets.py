"""Which stylesheets each kind of page links, in order. A page adds its own screen's file to these."""

_FOUNDATION = ("tokens", "base", "layout")
_SHARED = (
    "components/button",
    "components/pill",
    "components/card",
    "components/recommendation",
    "components/form",
)

BUNDLES: dict[str, tuple[str, ...]] = {
    "desk": (*_FOUNDATION, *_SHARED, "components/table", "components/dialog", "components/find", "print"),
    # The board is the heaviest screen: it leaves out what it does not draw.
    "board": (
        *_FOUNDATION,
        "components/button",
        "components/pill",
        "components/card",
        "components/form",
        "components/dialog",
        "components/find",
        "print",
    ),
    "technician": (
        *_FOUNDATION,
        *_SHARED,
        "components/dialog",
        "components/find",
        "components/phone",
        "screens/today",
        "screens/brief",
        "screens/finish",
        "print",
    ),
    "customer": (*_FOUNDATION, *_SHARED, "screens/customer"),
    "plain": (*_FOUNDATION, *_SHARED, "screens/sign-in"),
}
