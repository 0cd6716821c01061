"""Every address of the product. Below `/d/<desk>/` stand the pages of one desk."""

from django.urls import include, path

from messaging import mailbox_pages, pages
from portal import door
from servicedesk import (
    board,
    booking_panel,
    briefing,
    call_notes,
    caller,
    calls,
    calls_owed,
    contract_acts,
    contract_life,
    contract_pages,
    contract_settings,
    customers,
    duplicates,
    ending_together,
    equipment_record,
    evidence_anywhere,
    find,
    finish,
    home,
    maintenance_pages,
    money_out,
    moves,
    offers,
    payment_page,
    payments,
    renewal_checks,
    renewals_board,
    settling,
    statements,
    steps,
    today,
    unused,
    visit_record,
)
from tenancy import files

desk_patterns = [
    path("", home.desk_home, name="desk-home"),
    *board.urlpatterns,
    *moves.urlpatterns,
    *settling.urlpatterns,
    *booking_panel.urlpatterns,
    *call_notes.urlpatterns,
    *duplicates.urlpatterns,
    *customers.urlpatterns,
    *caller.urlpatterns,
    *equipment_record.urlpatterns,
    *find.urlpatterns,
    *visit_record.urlpatterns,
    *today.urlpatterns,
    *briefing.urlpatterns,
    *steps.urlpatterns,
    *finish.urlpatterns,
    *files.urlpatterns,
    *pages.urlpatterns,
    *mailbox_pages.urlpatterns,
    *calls.urlpatterns,
    *calls_owed.urlpatterns,
    *renewals_board.urlpatterns,
    *renewal_checks.urlpatterns,
    *evidence_anywhere.urlpatterns,
    *contract_pages.urlpatterns,
    *unused.urlpatterns,
    *maintenance_pages.urlpatterns,
    *payments.urlpatterns,
    *payment_page.urlpatterns,
    *money_out.urlpatterns,
    *statements.urlpatterns,
    *offers.urlpatterns,
    *contract_acts.urlpatterns,
    *contract_settings.urlpatterns,
    *ending_together.urlpatterns,
    *contract_life.urlpatterns,
]

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", home.SignIn.as_view(), name="sign-in"),
    path("sign-out/", home.SignOut.as_view(), name="sign-out"),
    path("theme/", home.set_theme, name="theme"),
    path("d/<slug:desk>/", include(desk_patterns)),
    *door.urlpatterns,
]

handler403 = "servicedesk.errors.forbidden"
handler404 = "servicedesk.errors.not_found"
handler500 = "servicedesk.errors.failed"
