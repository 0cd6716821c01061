"""Which stylesheets each kind of page links, in order. A page adds its own screen's file to these."""

_PLAIN = ("tokens", "base", "layout")
_FOUNDATION = (*_PLAIN, "components/topbar")
_LEAN = (
    "components/button",
    "components/pill",
    "components/card",
    "components/recommendation",
    "components/form",
)
_SHARED = (*_LEAN, "components/record", "components/slots")

BUNDLES: dict[str, tuple[str, ...]] = {
    "desk": (
        *_FOUNDATION,
        *_SHARED,
        "components/table",
        "components/dialog",
        "components/toast",
        "components/find",
        "print",
    ),
    # The board is the heaviest screen: it leaves out what it does not draw.
    "board": (
        *_FOUNDATION,
        "components/button",
        "components/pill",
        "components/card",
        "components/record",
        "components/form",
        "components/slots",
        "components/dialog",
        "components/toast",
        "components/find",
        "print",
    ),
    # A brief is read where the signal is bad: each of these pages links its own screen, and no more.
    "technician": (*_PLAIN, *_LEAN, "components/toast", "components/phone"),
    "customer": (*_FOUNDATION, *_SHARED, "screens/customer"),
    "plain": (*_FOUNDATION, *_SHARED, "screens/sign-in"),
}
