"""People and what they may do. A person may belong to several desks, in one role each."""

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower

from tenancy.audit import tracked
from tenancy.fields import TenantForeignKey
from tenancy.models.base import TenantModel


class Role(models.TextChoices):
    """What a person does at a desk; decides the home page and what may be done."""

    DISPATCHER = "dispatcher", "Dispatcher"
    TECHNICIAN = "technician", "Technician"
    SALES = "sales", "Sales rep"
    ACCOUNTS = "accounts", "Accounts"
    MANAGER = "manager", "Manager"


class UserManager(BaseUserManager):
    """Makes users known by their mail address."""

    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        """Store a person with a hashed password; without one they cannot sign in yet."""
        user = self.model(email=self.normalize_email(email).strip(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, email: str) -> "User":
        """Find a person however the address is capitalised."""
        return self.get(email__iexact=email.strip())


class User(AbstractBaseUser):
    """A person who can sign in, with the same password at every desk they belong to."""

    class Theme(models.TextChoices):
        SYSTEM = "", "As the device"
        LIGHT = "light", "Light"
        DARK = "dark", "Dark"

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    theme = models.CharField(max_length=5, choices=Theme.choices, default=Theme.SYSTEM, blank=True)
    single_key_shortcuts = models.BooleanField(default=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self):
        return self.name


@tracked()
class Membership(TenantModel):
    """A person at this desk: who acts, owns duties and makes promises."""

    user = models.ForeignKey(User, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=12, choices=Role.choices)
    # Whom a broken promise of this person goes to; without one, any manager of the desk.
    lead = TenantForeignKey("self", null=True, blank=True, related_name="led")
    ended_at = models.DateTimeField(null=True, blank=True)
    # A manager gets the figures of the week by mail on Mondays, unless they would rather not.
    weekly_mail = models.BooleanField(default=True)

    class Meta(TenantModel.Meta):
        constraints = [models.UniqueConstraint(fields=["tenant", "user"], name="membership_once")]

    def __str__(self):
        return self.user.name

    @property
    def name(self) -> str:
        """The person's name, as colleagues and customers read it."""
        return self.user.name

    def has_role(self, *roles: str) -> bool:
        """Whether this person may do what the roles may; a manager may do all."""
        return self.role == Role.MANAGER or self.role in roles
