"""Whom and what the pages are asked for: a score of customers of a desk, different ones each time."""

import hashlib
import secrets
from dataclasses import dataclass, field

import psycopg
from psycopg.rows import dict_row

SAMPLES = 24
# Each has two machines, a contract, a matter and an open recommendation; spread over the whole desk.
CUSTOMERS = """
    SELECT c.id, c.public_id, c.name, c.number, k.phone, k.phone_digits, k.id AS contact_id, e.serial_number,
           e.serial_key, e.id AS equipment_id, t.id AS contract_id, t.public_id AS contract,
           v.id AS visit_id, v.public_id AS visit
    FROM customers_customer c
    JOIN customers_contact k ON k.tenant_id = c.tenant_id AND k.customer_id = c.id
    JOIN customers_site s ON s.tenant_id = c.tenant_id AND s.customer_id = c.id
    JOIN LATERAL (SELECT * FROM customers_equipment e WHERE e.tenant_id = s.tenant_id AND e.site_id = s.id
                  ORDER BY e.id LIMIT 1) e ON true
    JOIN contracts_contract t ON t.tenant_id = c.tenant_id AND t.customer_id = c.id
    JOIN LATERAL (SELECT * FROM visits_visit v WHERE v.tenant_id = c.tenant_id AND v.customer_id = c.id
                  AND v.planned_start > now() ORDER BY v.planned_start LIMIT 1) v ON true
    WHERE c.tenant_id = %(tenant)s AND right(c.number, 5)::int %% 12 = 0
    ORDER BY md5(c.number) LIMIT %(most)s
"""
# The first technician is the one who signs in.
TODAY = """
    SELECT v.id, v.public_id, v.customer_id, m.equipment_id FROM visits_visit v
    JOIN visits_assignment a ON a.tenant_id = v.tenant_id AND a.visit_id = v.id
    JOIN visits_technician t ON t.tenant_id = a.tenant_id AND t.id = a.technician_id
    JOIN tenancy_membership p ON p.tenant_id = t.tenant_id AND p.id = t.membership_id
    JOIN tenancy_user u ON u.id = p.user_id
    JOIN visits_visitequipment m ON m.tenant_id = v.tenant_id AND m.visit_id = v.id
    WHERE v.tenant_id = %(tenant)s AND u.email = %(technician)s
      AND v.planned_start BETWEEN now() - interval '1 day' AND now() + interval '2 days'
      AND v.state IN ('booked', 'confirmed')
    ORDER BY v.planned_start LIMIT 4
"""
LINK = """
    INSERT INTO customers_customerlink
        (tenant_id, customer_id, purpose, subject, token_hash, made_at, revoked_because)
    VALUES (%(tenant)s, %(customer)s, 'visit', %(visit)s, %(hash)s, now(), '')
"""


# The report is written where somebody has arrived.
ARRIVED = """
    UPDATE visits_visit SET state = 'on site', called_ahead_at = now(), brief_read_at = now(),
           on_the_way_at = now(), arrived_at = now() WHERE id = %s
"""


@dataclass
class Samples:
    """Rows of one desk, by their columns. `links` are tokens of the customers' coming visits; the first
    technician has arrived at the first of `today`."""

    desk: str
    tenant: int
    customers: list[dict]
    today: list[dict]
    links: list[str] = field(default_factory=list)


def samples_of(owner: psycopg.Connection, desk: str) -> Samples:
    """A desk's samples; raises RuntimeError where the desk has none."""
    with owner.cursor(row_factory=dict_row) as cursor:
        cursor.execute("SELECT id FROM tenancy_tenant WHERE slug = %s", [desk])
        tenant = cursor.fetchone()["id"]
        about = {"tenant": tenant, "most": SAMPLES, "technician": f"technician@{desk}.example"}
        customers = cursor.execute(CUSTOMERS, about).fetchall()
        samples = Samples(desk, tenant, customers, cursor.execute(TODAY, about).fetchall())
        if not (samples.customers and samples.today):
            raise RuntimeError(f"{desk} has no customers to ask for.")
        cursor.execute(ARRIVED, [samples.today[0]["id"]])
        for one in samples.customers:
            token = secrets.token_urlsafe(16)
            samples.links.append(token)
            cursor.execute(
                LINK,
                {
                    "tenant": tenant,
                    "customer": one["id"],
                    "visit": one["visit"],
                    "hash": hashlib.sha256(token.encode()).hexdigest(),
                },
            )
    return samples
