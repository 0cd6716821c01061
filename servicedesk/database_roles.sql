-- The three roles and the database. Run it with psql as a superuser, or as a managed PostgreSQL's
-- first user; it may be run again at any time. The embedded server, docker-compose.yml and
-- production use this one file.
--
--   migrator   owns the database and the schema, migrates; bound by row level security (FORCE)
--   app_web    web and workers; owns nothing, bound by row level security
--   app_sweep  nobody signs in as it; owns the few functions that cross tenants
--
-- Passwords come from the environment of psql (MIGRATOR_PASSWORD, APP_WEB_PASSWORD) and are left
-- alone when it has none. The extensions are trusted ones: migrations make them as migrator.

\set ON_ERROR_STOP 1
\getenv migrator_password MIGRATOR_PASSWORD
\getenv app_web_password APP_WEB_PASSWORD

SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY['migrator', 'app_web', 'app_sweep']) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

-- Without SUPERUSER and BYPASSRLS, which a new role lacks and a managed server lets nobody mention.
ALTER ROLE migrator LOGIN CREATEDB NOCREATEROLE;
ALTER ROLE app_web LOGIN NOCREATEDB NOCREATEROLE;
ALTER ROLE app_sweep NOLOGIN NOCREATEDB NOCREATEROLE;

-- So that a migration may hand a function over to it.
GRANT app_sweep TO migrator;

\if :{?migrator_password}
ALTER ROLE migrator PASSWORD :'migrator_password';
\endif
\if :{?app_web_password}
ALTER ROLE app_web PASSWORD :'app_web_password';
\endif

SELECT 'CREATE DATABASE servicedesk OWNER migrator'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'servicedesk')
\gexec
