"""What a desk trusts us with (passwords, tokens) is kept encrypted: read only to send and to verify.

The key comes from SECRET_KEY. After it was changed, SECRET_KEY_FALLBACKS still opens what it
closed, until `manage.py encrypt_secrets_anew` has closed it all with the new one.
"""

import base64
import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

PURPOSE = b"servicedesk: secrets of providers"


class SecretLost(ValueError):
    """It was closed with a key that is no longer there: a person has to enter it again."""


def closed(values: dict[str, str]) -> str:
    """Encrypt named secrets, with the first key."""
    return _keys().encrypt(json.dumps(values, sort_keys=True).encode()).decode()


def opened(text: str) -> dict[str, str]:
    """What `closed` has encrypted; nothing for an empty text. Raises SecretLost."""
    if not text:
        return {}
    try:
        return json.loads(_keys().decrypt(text.encode()))
    except InvalidToken:
        raise SecretLost("The secret was closed with another key. Enter it again.") from None


def closed_anew(text: str) -> str:
    """The same secrets under the first key. Raises SecretLost."""
    try:
        return _keys().rotate(text.encode()).decode()
    except InvalidToken:
        raise SecretLost("The secret was closed with another key. Enter it again.") from None


def _keys():
    return MultiFernet(
        [Fernet(_derived(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def _derived(key):
    made = HKDF(algorithm=SHA256(), length=32, salt=None, info=PURPOSE).derive(str(key).encode())
    return base64.urlsafe_b64encode(made)
