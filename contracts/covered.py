from django.db import models


class CoverQuerySet(models.QuerySet):
    pass
