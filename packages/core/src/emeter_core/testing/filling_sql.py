"""The statements of `filling`. Places are numbered from 1, see there."""

MONITORS = """
INSERT INTO monitors (public_id, team_id, name, kind, target, interval_seconds, timeout_seconds, down_after,
  up_after, settings, version, condition, condition_since, paused_at, inserted_at, updated_at)
SELECT gen_random_uuid(), :team_id,
  (ARRAY['Shop', 'Search', 'Payments', 'Tracking', 'Rates', 'Mail', 'Status'])[n % 7 + 1]
    || ' ' || lpad(n::text, 5, '0'),
  'http', 'https://host-' || n || '.example.com/health', CASE n WHEN 1 THEN 5 ELSE :interval END,
  CASE n WHEN 1 THEN 5 ELSE least(10, :interval) END, 3, 2, '{}', 1,
  CASE WHEN n BETWEEN 3 AND 5 THEN 'down' WHEN n BETWEEN 6 AND 7 THEN 'degraded' WHEN n = 8 THEN 'no_data'
    WHEN n = 9 THEN 'blocked' WHEN n BETWEEN 10 AND 11 THEN 'pending' ELSE 'up' END,
  CASE WHEN n BETWEEN 10 AND 11 THEN CAST(:now AS timestamptz) - interval '30 seconds'
    ELSE :now - n * interval '7 minutes' END,
  CASE WHEN n BETWEEN 12 AND 13 THEN :now - n * interval '5 minutes' END,
  CASE WHEN n BETWEEN 10 AND 11 THEN CAST(:now AS timestamptz) - interval '30 seconds' ELSE :created_at END,
  CASE WHEN n BETWEEN 10 AND 11 THEN CAST(:now AS timestamptz) - interval '30 seconds' ELSE :created_at END
FROM generate_series(1, :monitors) AS n ORDER BY n
RETURNING id
"""

_PLACES = """
places AS (
  SELECT m.*, u.n FROM unnest(CAST(:ids AS int[])) WITH ORDINALITY AS u (id, n) JOIN monitors m ON m.id = u.id
)"""

# Up from the first check on; then failures of 1 to 9 minutes, evenly over the days; then what holds now.
CHANGES = f"""
WITH {_PLACES}, changes AS (
  SELECT id, team_id, inserted_at AS at, 0 AS reason, 'pending' AS condition, false AS paused FROM places
  UNION ALL
  SELECT id, team_id, inserted_at + interval '1 second', 0, 'up', false FROM places
  WHERE condition <> 'pending'
  UNION ALL
  SELECT id, team_id, began + part.delay, part.reason, part.condition, false
  FROM places CROSS JOIN generate_series(1, :blips) AS k CROSS JOIN LATERAL (
    SELECT inserted_at + interval '1 hour'
      + (k - 1 + (hashint4(id * 31 + k) & 1023) / 1100.0) * (CAST(:now AS timestamptz) - inserted_at) / :blips
      AS began
  ) AS b CROSS JOIN LATERAL (
    VALUES (interval '0', 20, 'down'), (interval '1 minute' * (1 + (id + k) % 9), 0, 'up')
  ) AS part (delay, reason, condition)
  WHERE n <> 2 AND places.condition <> 'pending'
    AND began < :now - CASE WHEN n BETWEEN 3 AND 13 THEN interval '3 hours' ELSE interval '12 minutes' END
  UNION ALL
  SELECT id, team_id,
    inserted_at + interval '1 minute' + k * (CAST(:now AS timestamptz) - inserted_at) / (:flaps + 2),
    20 * (k % 2), CASE k % 2 WHEN 1 THEN 'down' ELSE 'up' END, false
  FROM places CROSS JOIN generate_series(1, :flaps) AS k WHERE n = 2
  UNION ALL
  SELECT id, team_id, condition_since,
    CASE condition WHEN 'down' THEN 50 WHEN 'no_data' THEN 72 WHEN 'blocked' THEN 60 ELSE 0 END,
    condition, false
  FROM places WHERE condition NOT IN ('up', 'pending')
  UNION ALL
  SELECT id, team_id, paused_at, 0, condition, true FROM places WHERE paused_at IS NOT NULL
)
INSERT INTO status_changes (team_id, monitor_id, effective_at, recorded_at, reason, condition, paused)
SELECT team_id, id, at, at + interval '20 seconds', reason, condition, paused FROM changes ORDER BY at, id
"""  # noqa: S608 - made of our own constants

CONDITIONS = """
UPDATE monitors m SET condition = newest.condition, condition_since = newest.effective_at
FROM (
  SELECT DISTINCT ON (monitor_id) monitor_id, condition, effective_at FROM status_changes
  WHERE monitor_id = ANY (CAST(:ids AS int[])) AND NOT paused ORDER BY monitor_id, id DESC
) AS newest
WHERE m.id = newest.monitor_id
"""

PROBES = """
INSERT INTO probes (monitor_id, location_id, interval_ms, timeout_ms, next_slot, enabled, condition,
  failures, successes, incident_open, certificate_ends_at)
SELECT id, :location_id, interval_seconds * 1000, timeout_seconds * 1000, :now, paused_at IS NULL, condition,
  CASE condition WHEN 'down' THEN 9 ELSE 0 END, CASE condition WHEN 'up' THEN 99 ELSE 0 END,
  condition = 'down',
  CAST(:now AS timestamptz) + (10 + id % 80) * interval '1 day'
FROM monitors WHERE id = ANY (CAST(:ids AS int[])) ORDER BY id
"""

# A phase of 16 bits, as `checks.packing` makes it, but for its last bit, which is not rounded.
_SHIFT = "(floor(ln({0}::float8) / ln(2::float8))::int - 12)"
_SHORT = (
    "substring(int4send(CASE WHEN {0} < 8192 THEN {0}"
    f" ELSE ({_SHIFT} << 12) + ({{0}} >> {_SHIFT}) END) FROM 3)"
)
_PHASES = " || ".join(_SHORT.format(phase) for phase in ("dns", "dial", "tls", "wait"))

# In the order of their slots, as they would have come in: the rows of a monitor lie far apart.
RESULTS = f"""
INSERT INTO results (slot, probe_id, total_us, late_ms, reason, code, phases, evidence)
SELECT slot, probe_id, dns + dial + tls + wait + 900, 2, reason,
  CASE reason WHEN 0 THEN 200 WHEN 50 THEN 503 ELSE 0 END,
  {_PHASES},
  CASE reason WHEN 50 THEN jsonb_build_object('url', target, 'code', 503, 'address', '192.0.2.71',
    'expected', jsonb_build_object('codes', '200-299'),
    'status_line', 'HTTP/1.1 503 Service Unavailable', 'headers', '[["server", "edge/2.1"]]'::jsonb,
    'body', 'upstream connect error') END
FROM (
  SELECT s.slot, p.id AS probe_id, m.target,
    CASE WHEN m.condition IN ('down', 'blocked') AND s.slot >= m.condition_since
      THEN CASE m.condition WHEN 'down' THEN 50 ELSE 60 END
      WHEN random() < 0.002 THEN 50 ELSE 0 END AS reason,
    2000 + (random() * 3000)::int AS dns, 8000 + m.id % 20 * 1000 + (random() * 2000)::int AS dial,
    20000 + (random() * 9000)::int AS tls,
    (60000 + m.id % 50 * 2000 + 30000 * random() * random() * random()
      + 20000 * (1 + sin(extract(epoch FROM s.slot)::float8 / 14000)))::int AS wait
  FROM probes p JOIN monitors m ON m.id = p.monitor_id
  CROSS JOIN LATERAL generate_series(
    {{first_slot}}, p.last_slot, p.interval_ms * interval '1 millisecond'
  ) AS s (slot)
  WHERE m.id = ANY (CAST(:ids AS int[]))
) AS checked
ORDER BY slot
"""  # noqa: S608 - made of our own constants

INCIDENTS = f"""
WITH {_PLACES}, changes AS (
  SELECT c.*, m.name, m.target,
    lead(c.effective_at) OVER (PARTITION BY c.monitor_id ORDER BY c.id) AS ended_at
  FROM status_changes c JOIN places m ON m.id = c.monitor_id
), downs AS MATERIALIZED (
  SELECT *, gen_random_uuid() AS public_id FROM changes WHERE condition = 'down' AND NOT paused
), made AS (
  INSERT INTO incidents (public_id, team_id, title, cause, evidence, started_at, confirmed_at, resolved_at)
  SELECT public_id, team_id, name,
    CASE reason WHEN 50 THEN 'unexpected_code' ELSE 'connection_refused' END,
    jsonb_build_object('url', target, 'code', 503, 'address', '192.0.2.71',
      'expected', CASE reason WHEN 50 THEN jsonb_build_object('codes', '200-299') END),
    effective_at, recorded_at,
    ended_at
  FROM downs ORDER BY effective_at
  RETURNING id, public_id
)
INSERT INTO incident_monitors (incident_id, monitor_id, team_id, started_at, resolved_at)
SELECT made.id, monitor_id, team_id, effective_at, ended_at FROM made JOIN downs USING (public_id)
"""  # noqa: S608 - made of our own constants
