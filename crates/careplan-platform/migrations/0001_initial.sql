-- Offices, accounts, sessions, sendings. SQL that SQLite, PostgreSQL and what speaks its protocol
-- share: TEXT, BIGINT, no triggers, no stored procedures. Instants are milliseconds since
-- 1970-01-01 UTC, digests and UUIDs their hexadecimal text.

CREATE TABLE office (
    office TEXT NOT NULL,
    registered_at BIGINT NOT NULL,
    PRIMARY KEY (office)
);

-- The licence ledger: events are appended, never changed; the licence rules derive the rest.
CREATE TABLE licence_event (
    office TEXT NOT NULL,
    number BIGINT NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (office, number)
);

CREATE TABLE account (
    user_id TEXT NOT NULL,
    office TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    -- 'unlimited', 'until' or 'temporary'
    validity TEXT NOT NULL,
    valid_until BIGINT,
    PRIMARY KEY (user_id)
);

-- Log-in attempts of an office since the last successful one.
CREATE TABLE log_in_attempt (
    office TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    locked_until BIGINT,
    PRIMARY KEY (office)
);

CREATE TABLE session (
    session TEXT NOT NULL,
    office TEXT NOT NULL,
    user_id TEXT NOT NULL,
    access_hash TEXT NOT NULL,
    refresh_hash TEXT NOT NULL,
    access_expires_at BIGINT NOT NULL,
    refresh_expires_at BIGINT NOT NULL,
    PRIMARY KEY (session)
);
CREATE UNIQUE INDEX session_by_access ON session (access_hash);
CREATE UNIQUE INDEX session_by_refresh ON session (refresh_hash);
CREATE INDEX session_by_office ON session (office);
CREATE INDEX session_by_end ON session (refresh_expires_at);

-- Refresh tokens that were exchanged, to notice one that comes again.
CREATE TABLE spent_refresh (
    refresh_hash TEXT NOT NULL,
    session TEXT NOT NULL,
    PRIMARY KEY (refresh_hash)
);
CREATE INDEX spent_refresh_by_session ON spent_refresh (session);

-- Sendings, keyed by the receiving office: the mailbox is what is read most, and where a store of
-- many machines is divided.
CREATE TABLE sending (
    receiver TEXT NOT NULL,
    sending TEXT NOT NULL,
    sender TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    -- Of a sealed sending nobody but its receiver knows these four.
    set_kind TEXT,
    target_month TEXT,
    file_sequence TEXT,
    file_count BIGINT,
    sha256 TEXT NOT NULL,
    byte_count BIGINT NOT NULL,
    state TEXT NOT NULL,
    accepted_at BIGINT NOT NULL,
    fetched_at BIGINT,
    settled_at BIGINT,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (receiver, sending)
);
CREATE INDEX sending_by_state ON sending (receiver, state, sending);
CREATE INDEX sending_unsettled_by_expiry ON sending (expires_at) WHERE settled_at IS NULL;

-- What an office sent: where its sendings are, and which idempotency keys it used.
CREATE TABLE sent (
    sender TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    sending TEXT NOT NULL,
    receiver TEXT NOT NULL,
    PRIMARY KEY (sender, idempotency_key)
);
CREATE UNIQUE INDEX sent_by_sending ON sent (sender, sending);
