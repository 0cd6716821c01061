"""The gaps of diaries as the database finds them, each with the visits beside it; for `visits.free_time`."""

from tenancy.prepared import Statement

# Row level security lets an index be read by instants, but not by ranges: a visit is looked for by its
# start, and none is longer than a day. A technician's diary is read once, in order: a gap finds the visits
# beside it there by their place, and each of those is looked up once.
GAPS = Statement(
    """
    WITH member AS (
        SELECT technician_id, works.spans::tstzmultirange AS works
        FROM unnest(%(technicians)s::bigint[], %(patterns)s::int[]) AS who (technician_id, pattern)
        JOIN unnest(%(works)s::text[]) WITH ORDINALITY AS works (spans, pattern) USING (pattern)
    ),
    gap AS MATERIALIZED (
        SELECT technician_id, lower(free.span) AS opens, upper(free.span) AS closes,
            CASE WHEN visits.begin[place.before] > lower(free.span) - 2 * %(apart)s
                AND visits.over[place.before] > lower(free.span) - %(apart)s
                THEN place.before END AS before,
            CASE WHEN visits.begin[place.after] < upper(free.span) + %(apart)s
                THEN place.after END AS after,
            visits.over[place.before] AS ends_at, visits.visit[place.before] AS before_id,
            visits.begin[place.after] AS starts_at, visits.visit[place.after] AS after_id
        FROM member
        CROSS JOIN LATERAL (
            SELECT range_agg(during) AS spans, array_agg(starts_at ORDER BY starts_at) AS begin,
                array_agg(ends_at ORDER BY starts_at) AS over, array_agg(visit_id ORDER BY starts_at) AS visit
            FROM visits_assignment
            WHERE tenant_id = %(tenant)s AND technician_id = member.technician_id
                AND state IN ('booked', 'confirmed', 'on the way', 'on site')
                AND starts_at > %(start)s - 2 * %(apart)s AND starts_at < %(end)s + %(apart)s
                AND visit_id <> ALL (%(besides)s::bigint[])
        ) visits
        CROSS JOIN LATERAL (
            SELECT range_agg(tstzrange(starts_at, ends_at)) AS spans FROM visits_absence
            WHERE tenant_id = %(tenant)s AND technician_id = member.technician_id
                AND ends_at > %(start)s AND starts_at < %(end)s
        ) away
        CROSS JOIN LATERAL unnest(
            member.works - coalesce(visits.spans, '{}') - coalesce(away.spans, '{}')
        ) AS free (span)
        CROSS JOIN LATERAL (
            SELECT width_bucket(lower(free.span), visits.begin) AS before,
                width_bucket(upper(free.span) - interval '1 microsecond', visits.begin) + 1 AS after
        ) place
        WHERE upper(free.span) - lower(free.span) >= %(length)s
    ),
    beside AS MATERIALIZED (
        SELECT these.id, one.*
        FROM (
            SELECT before_id AS id FROM gap WHERE before IS NOT NULL
            UNION SELECT after_id FROM gap WHERE after IS NOT NULL
        ) these
        CROSS JOIN LATERAL (
            SELECT site.latitude, site.longitude,
                coalesce(nullif(customer.company, ''), customer.name) AS name
            FROM visits_visit visit
            JOIN customers_site site ON site.id = visit.site_id AND site.tenant_id = %(tenant)s
            JOIN customers_customer customer
                ON customer.id = visit.customer_id AND customer.tenant_id = %(tenant)s
            WHERE visit.id = these.id AND visit.tenant_id = %(tenant)s
            -- One by one: joined as a whole they are looked for among all visits of the desk.
            LIMIT 1
        ) one
    )
    SELECT technician_id, opens, closes,
        CASE WHEN before IS NOT NULL THEN ends_at END, came.latitude, came.longitude, came.name,
        CASE WHEN after IS NOT NULL THEN starts_at END, goes.latitude, goes.longitude, goes.name
    FROM gap
    LEFT JOIN beside came ON came.id = before_id AND before IS NOT NULL
    LEFT JOIN beside goes ON goes.id = after_id AND after IS NOT NULL
    ORDER BY technician_id, opens
    """,
    {
        "tenant": "bigint",
        "technicians": "bigint[]",
        "patterns": "int[]",
        "works": "text[]",
        "start": "timestamptz",
        "end": "timestamptz",
        "length": "interval",
        "besides": "bigint[]",
        "apart": "interval",
    },
)
