-- Log-in attempts: failures are counted when they are known to be failures, and attempts under way
-- have a row of their own, so that one a crash cut off counts for nothing. Counted together are those
-- of an office at the API ('office:…') and those with a user ID at the web site ('user:…').

-- Failures since the last successful log-in.
CREATE TABLE failed_log_in (
    attempted TEXT NOT NULL,
    failures BIGINT NOT NULL,
    locked_until BIGINT,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (attempted)
);
CREATE INDEX failed_log_in_by_last ON failed_log_in (last_at);

INSERT INTO failed_log_in (attempted, failures, locked_until, last_at)
    SELECT 'office:' || office, attempts, locked_until, COALESCE(locked_until, 0)
    FROM log_in_attempt;
INSERT INTO failed_log_in (attempted, failures, locked_until, last_at)
    SELECT 'user:' || user_id, attempts, locked_until, last_at
    FROM site_attempt;
DROP TABLE log_in_attempt;
DROP TABLE site_attempt;

-- Attempts under way; one that is not over when it lapses is not answered any more.
CREATE TABLE log_in_under_way (
    attempted TEXT NOT NULL,
    attempt TEXT NOT NULL,
    lapses_at BIGINT NOT NULL,
    PRIMARY KEY (attempted, attempt)
);
CREATE INDEX log_in_under_way_by_lapse ON log_in_under_way (lapses_at);
