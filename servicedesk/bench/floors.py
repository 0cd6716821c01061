"""The same rows by raw SQL: what a page would cost in the database if it asked for nothing twice.

Each page's statements fetch the rows that it shows, by the indexes that there are, as app_web behind the
walls. `%(customer)s` and the like are columns of the sample that the page is asked for.
"""

import time

import psycopg

from servicedesk.bench.samples import Samples

CUSTOMER = (
    "SELECT * FROM customers_customer WHERE tenant_id = %(tenant)s AND id = %(customer)s",
    "SELECT * FROM customers_contact WHERE tenant_id = %(tenant)s AND customer_id = %(customer)s",
    "SELECT * FROM customers_site WHERE tenant_id = %(tenant)s AND customer_id = %(customer)s",
    "SELECT e.* FROM customers_equipment e"
    " JOIN customers_site s ON s.tenant_id = e.tenant_id AND s.id = e.site_id"
    " WHERE s.tenant_id = %(tenant)s AND s.customer_id = %(customer)s",
)
COVER = (
    "SELECT t.*, c.*, e.quantity FROM contracts_contract c"
    " JOIN contracts_contractterm t ON t.tenant_id = c.tenant_id AND t.contract_id = c.id"
    " LEFT JOIN contracts_entitlement e ON e.tenant_id = t.tenant_id AND e.term_id = t.id"
    " WHERE c.tenant_id = %(tenant)s AND c.customer_id = %(customer)s ORDER BY t.ends_on DESC",
    "SELECT a.* FROM contracts_allowanceentry a"
    " JOIN contracts_entitlement e ON e.tenant_id = a.tenant_id AND e.id = a.entitlement_id"
    " JOIN contracts_contractterm t ON t.tenant_id = e.tenant_id AND t.id = e.term_id"
    " WHERE t.tenant_id = %(tenant)s AND t.contract_id = %(contract)s",
)
OPEN = (
    "SELECT r.* FROM recommendations_recommendation r"
    " JOIN customers_equipment e ON e.tenant_id = r.tenant_id AND e.id = r.equipment_id"
    " JOIN customers_site s ON s.tenant_id = e.tenant_id AND s.id = e.site_id"
    " WHERE s.tenant_id = %(tenant)s AND s.customer_id = %(customer)s AND r.state IN ('open', 'quoted')",
    "SELECT * FROM cases_case WHERE tenant_id = %(tenant)s AND customer_id = %(customer)s"
    " AND state <> 'closed' ORDER BY opened_at DESC",
    "SELECT * FROM cases_promise WHERE tenant_id = %(tenant)s AND customer_id = %(customer)s"
    " AND state = 'open'",
    "SELECT v.*, t.name FROM visits_visit v"
    " LEFT JOIN visits_assignment a ON a.tenant_id = v.tenant_id AND a.visit_id = v.id"
    " LEFT JOIN visits_technician t ON t.tenant_id = a.tenant_id AND t.id = a.technician_id"
    " WHERE v.tenant_id = %(tenant)s AND v.customer_id = %(customer)s"
    " AND v.state IN ('booked', 'confirmed', 'on the way', 'on site')",
)
TIMELINE = (
    "SELECT l.*, u.name FROM customers_timelineentry l"
    " LEFT JOIN tenancy_membership m ON m.tenant_id = l.tenant_id AND m.id = l.actor_id"
    " LEFT JOIN tenancy_user u ON u.id = m.user_id"
    " WHERE l.tenant_id = %(tenant)s AND l.customer_id = %(customer)s ORDER BY l.at DESC, l.id DESC LIMIT 13"
)
DAY = (
    "SELECT v.*, c.name, c.company, s.street, s.city, s.postcode, a.technician_id FROM visits_visit v"
    " JOIN customers_customer c ON c.tenant_id = v.tenant_id AND c.id = v.customer_id"
    " JOIN customers_site s ON s.tenant_id = v.tenant_id AND s.id = v.site_id"
    " LEFT JOIN visits_assignment a ON a.tenant_id = v.tenant_id AND a.visit_id = v.id"
    " WHERE v.tenant_id = %(tenant)s AND v.planned_start >= date_trunc('day', now())"
    " AND v.planned_start < date_trunc('day', now()) + interval '1 day'"
)
WEEK = DAY.replace(
    "date_trunc('day', now()) + interval '1 day'", "date_trunc('week', now()) + interval '7 days'"
).replace(">= date_trunc('day', now())", ">= date_trunc('week', now())")
TECHNICIANS = "SELECT * FROM visits_technician WHERE tenant_id = %(tenant)s AND is_active ORDER BY name"
DIARIES = (
    "SELECT a.technician_id, a.starts_at, a.ends_at FROM visits_assignment a"
    " WHERE a.tenant_id = %(tenant)s AND a.starts_at >= now() AND a.starts_at < now() + interval '7 days'"
    " AND a.state IN ('booked', 'confirmed', 'on the way', 'on site')"
)
FIRST_LANE = " AND a.technician_id = (SELECT min(id) FROM visits_technician WHERE tenant_id = %(tenant)s)"
LANE = DAY + FIRST_LANE
VISIT = (
    "SELECT v.*, c.name, s.street, s.city, s.postcode, s.access_notes, k.phone FROM visits_visit v"
    " JOIN customers_customer c ON c.tenant_id = v.tenant_id AND c.id = v.customer_id"
    " JOIN customers_site s ON s.tenant_id = v.tenant_id AND s.id = v.site_id"
    " LEFT JOIN customers_contact k ON k.tenant_id = v.tenant_id AND k.id = v.contact_id"
    " WHERE v.tenant_id = %(tenant)s AND v.id = %(visit)s",
    "SELECT e.* FROM visits_visitequipment m JOIN customers_equipment e ON e.tenant_id = m.tenant_id"
    " AND e.id = m.equipment_id WHERE m.tenant_id = %(tenant)s AND m.visit_id = %(visit)s",
)
OF_MACHINE = (
    "SELECT v.*, r.work_done FROM visits_visitequipment m"
    " JOIN visits_visit v ON v.tenant_id = m.tenant_id AND v.id = m.visit_id"
    " LEFT JOIN visits_servicereport r ON r.tenant_id = v.tenant_id AND r.visit_id = v.id"
    " WHERE m.tenant_id = %(tenant)s AND m.equipment_id = %(equipment)s"
    " ORDER BY v.planned_start DESC LIMIT 10",
    "SELECT r.* FROM recommendations_recommendation r"
    " WHERE r.tenant_id = %(tenant)s AND r.equipment_id = %(equipment)s AND r.state IN ('open', 'quoted')",
)
VAN = "SELECT * FROM visits_vanstock WHERE tenant_id = %(tenant)s"
BY_PHONE = (
    "SELECT c.*, k.phone, s.city FROM customers_contact k"
    " JOIN customers_customer c ON c.tenant_id = k.tenant_id AND c.id = k.customer_id"
    " LEFT JOIN customers_site s ON s.tenant_id = c.tenant_id AND s.customer_id = c.id"
    " WHERE k.tenant_id = %(tenant)s AND k.phone_digits ^@ %(digits)s LIMIT 8"
)
BY_NAME = (
    "SELECT c.*, k.phone, s.city FROM customers_searchword w"
    " JOIN customers_searchword w2 ON w2.tenant_id = w.tenant_id AND w2.customer_id = w.customer_id"
    " AND w2.word ^@ %(first)s"
    " JOIN customers_customer c ON c.tenant_id = w.tenant_id AND c.id = w.customer_id"
    " LEFT JOIN customers_contact k ON k.tenant_id = c.tenant_id AND k.customer_id = c.id"
    " LEFT JOIN customers_site s ON s.tenant_id = c.tenant_id AND s.customer_id = c.id"
    " WHERE w.tenant_id = %(tenant)s AND w.word ^@ %(last)s LIMIT 8"
)
BY_SERIAL = (
    "SELECT e.*, c.name FROM customers_equipment e"
    " JOIN customers_site s ON s.tenant_id = e.tenant_id AND s.id = e.site_id"
    " JOIN customers_customer c ON c.tenant_id = s.tenant_id AND c.id = s.customer_id"
    " WHERE e.tenant_id = %(tenant)s AND e.serial_key ^@ %(serial)s AND e.serial_key <> '' LIMIT 8"
)
# Of words that nobody has, whose rows are none.
NOBODY = tuple(
    statement.replace("%(first)s", "%(nobody)s")
    .replace("%(last)s", "%(nobody)s")
    .replace("%(serial)s", "upper(%(nobody)s)")
    for statement in (BY_NAME, BY_SERIAL)
)
CALLS = (
    "SELECT c.*, t.ends_on, t.price, k.name, p.phone FROM contracts_contractterm t"
    " JOIN contracts_contract c ON c.tenant_id = t.tenant_id AND c.id = t.contract_id"
    " JOIN customers_customer k ON k.tenant_id = c.tenant_id AND k.id = c.customer_id"
    " LEFT JOIN customers_contact p ON p.tenant_id = k.tenant_id AND p.customer_id = k.id"
    " WHERE t.tenant_id = %(tenant)s AND t.taken_back_at IS NULL AND t.ends_on BETWEEN now()::date - 30"
    " AND now()::date + 60 ORDER BY t.ends_on, t.id LIMIT 50"
)
# The first rows of the list, as they stand beside a contract check.
BESIDE = (
    "SELECT c.number, t.ends_on, k.name, k.company, e.quantity FROM contracts_contractterm t"
    " JOIN contracts_contract c ON c.tenant_id = t.tenant_id AND c.id = t.contract_id"
    " JOIN customers_customer k ON k.tenant_id = c.tenant_id AND k.id = c.customer_id"
    " LEFT JOIN contracts_entitlement e ON e.tenant_id = t.tenant_id AND e.term_id = t.id"
    " AND e.kind = 'visits'"
    " WHERE t.tenant_id = %(tenant)s AND t.taken_back_at IS NULL AND t.ends_on BETWEEN now()::date"
    " AND now()::date + 60 ORDER BY t.ends_on, t.id LIMIT 16"
)
OVERVIEW = (
    "SELECT kind, state, count(*) FROM cases_promise WHERE tenant_id = %(tenant)s"
    " AND due_at BETWEEN now() - interval '98 days' AND now() GROUP BY kind, state",
    "SELECT state, count(*) FROM visits_visit WHERE tenant_id = %(tenant)s"
    " AND planned_start BETWEEN now() - interval '90 days' AND now() GROUP BY state",
    "SELECT fixed_first_time, count(*) FROM visits_servicereport WHERE tenant_id = %(tenant)s"
    " AND visit_start BETWEEN now() - interval '90 days' AND now() AND fixed_first_time IS NOT NULL"
    " GROUP BY fixed_first_time",
    "SELECT severity, count(*), min(raised_at) FROM recommendations_recommendation"
    " WHERE tenant_id = %(tenant)s AND state IN ('open', 'quoted') GROUP BY severity",
    "SELECT count(*), count(*) FILTER (WHERE responded_at <= response_due_at) FROM cases_case"
    " WHERE tenant_id = %(tenant)s AND opened_at >= now() - interval '90 days'",
    "SELECT count(*) FROM contracts_contractterm WHERE tenant_id = %(tenant)s"
    " AND ends_on BETWEEN now()::date AND now()::date + 60",
)
VISITS = "SELECT * FROM visits_visit WHERE tenant_id = %(tenant)s ORDER BY public_id DESC LIMIT 51"


def seconds_of(web: psycopg.Connection, samples: Samples, statements, parameters: dict) -> float:
    """How long the statements take in one transaction behind the walls, each fetched whole."""
    began = time.perf_counter()
    with web.transaction(), web.cursor() as cursor:
        cursor.execute("SELECT set_config('app.tenant_id', %s, true)", [str(samples.tenant)])
        for statement in statements:
            cursor.execute(statement, parameters)
            cursor.fetchall()
    return time.perf_counter() - began
