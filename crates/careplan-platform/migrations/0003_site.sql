-- The web site: sessions of browsers, log-in attempts, the terms of use, certificates to download.

-- A browser's session, by the hash of its cookie.
CREATE TABLE site_session (
    token_hash TEXT NOT NULL,
    office TEXT NOT NULL,
    user_id TEXT NOT NULL,
    -- 'full', or 'change-password' after a log-in with a temporary or expired password
    scope TEXT NOT NULL,
    -- The session is over at the earlier of the two.
    idle_until BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    PRIMARY KEY (token_hash)
);
CREATE INDEX site_session_by_office ON site_session (office);
CREATE INDEX site_session_by_end ON site_session (idle_until);

-- Log-in attempts at the site since the last successful one, by the user ID that was typed, whether
-- or not it exists.
CREATE TABLE site_attempt (
    user_id TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    locked_until BIGINT,
    last_at BIGINT NOT NULL,
    PRIMARY KEY (user_id)
);
CREATE INDEX site_attempt_by_last ON site_attempt (last_at);

-- Editions of the terms of use (利用規約). An edition is never changed: consents name it.
CREATE TABLE terms (
    edition TEXT NOT NULL,
    -- YYYY-MM-DD, the first day on which it is the one to consent to
    in_force_from TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (edition)
);

-- Certificates issued at the site, to be downloaded again.
CREATE TABLE site_certificate (
    office TEXT NOT NULL,
    serial TEXT NOT NULL,
    pem TEXT NOT NULL,
    PRIMARY KEY (office, serial)
);
