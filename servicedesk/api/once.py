"""`Idempotency-Key`: a creating call that is sent again is answered again, and done once."""

import json
import re
from functools import partial, wraps

from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from messaging.secrets import closed, opened
from tenancy.answered_calls import asked_hash, claim, keep_answer
from tenancy.api_keys import first_of

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS = ("Location", "ETag")


def answered_once(act=None, *, closing: str = ""):
    """A view's method that does something new: with the header it is done once for a caller and key.

    What was refused has not been done and is not kept: the same key may come again, put right. `closing`
    is the field of the answer that is kept encrypted; answering again raises SecretLost once the key that
    closed it is gone.
    """
    if act is None:
        return partial(answered_once, closing=closing)

    @wraps(act)
    def once(self, request, *args, **kwargs):
        key = request.headers.get(HEADER)
        if key is None:
            return act(self, request, *args, **kwargs)
        if not _KEY.fullmatch(key):
            raise ValidationError({HEADER: ["Send 1 to 255 printable signs without blanks."]})
        caller = first_of(request.auth) if request.auth else request.membership
        asked = asked_hash(request.method, request.path, request.data)
        row = claim(caller.public_id, key, asked, now=timezone.now())
        if row.status is not None:
            body = {**row.body, **opened(row.body[closing])} if closing else row.body
            return Response(body, status=row.status, headers={**row.headers, REPLAYED: "true"})
        answer = act(self, request, *args, **kwargs)
        headers = {name: answer[name] for name in _KEPT_HEADERS if name in answer}
        body = _plain(answer.data)
        kept = {**body, closing: closed({closing: body[closing]})} if closing else body
        keep_answer(row, status=answer.status_code, headers=headers, body=kept)
        return answer

    once.creates = True
    return once


def _plain(data):
    """What goes out as JSON, as JSON has it."""
    return json.loads(json.dumps(data, cls=JSONEncoder))
