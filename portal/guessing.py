"""Whoever tries many links that never were, from one address, is asked to wait (R2.7).

Only unknown tokens are counted, and they are looked up first: who has a real link is never kept
waiting, whoever guesses behind the same address. Guessing itself is hopeless, a token has 128 random
bits; this keeps a guesser from being answered as fast as they can ask.
"""

import ipaddress

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest

MINUTES = 10
# So many links that never were may be tried from one address in ten minutes.
MOST = 60


def is_guessing(request: HttpRequest) -> bool:
    """Count one more unknown token from the request's address; whether that is too many."""
    key = f"link-guesses:{network_of(client_address(request))}"
    cache.add(key, 0, MINUTES * 60)
    try:
        return cache.incr(key) > MOST
    except ValueError:
        # The ten minutes ended between the two.
        return False


def client_address(request: HttpRequest) -> str:
    """Where the request comes from: beyond as many proxies of ours as `PROXY_COUNT` says.

    Each proxy adds whom it heard on the right; what stands further left anybody may have written.
    """
    peer = request.META.get("REMOTE_ADDR", "")
    told = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    way = [*told, peer][-1 - settings.PROXY_COUNT :]
    return way[0]


def network_of(address: str) -> str:
    """What one guesser has: an IPv4 address, or the /64 of an IPv6 one; anything else is one of its own."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if found.version == 6 and found.ipv4_mapped:
        found = found.ipv4_mapped
    if found.version == 6:
        return str(ipaddress.ip_network((found, 64), strict=False).network_address)
    return str(found)
