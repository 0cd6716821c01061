"""What a web server runs."""

import os

from django.core.wsgi import get_wsgi_application

from servicedesk.standing import refuse_holes

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicedesk.settings")
application = get_wsgi_application()
refuse_holes()
