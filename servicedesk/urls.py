"""Every address of the product. Below `/d/<desk>/` stand the pages of one desk."""

from django.urls import include, path

from portal import visit_page
from servicedesk import home
from tenancy import files

desk_patterns = [
    path("", home.desk_home, name="desk-home"),
    *files.urlpatterns,
]

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", home.SignIn.as_view(), name="sign-in"),
    path("sign-out/", home.SignOut.as_view(), name="sign-out"),
    path("theme/", home.set_theme, name="theme"),
    path("d/<slug:desk>/", include(desk_patterns)),
    *visit_page.urlpatterns,
]

handler403 = "servicedesk.errors.forbidden"
handler404 = "servicedesk.errors.not_found"
handler500 = "servicedesk.errors.failed"
