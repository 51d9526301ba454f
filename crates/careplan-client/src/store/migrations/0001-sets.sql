-- The sets of a home, and the signed receipts of what was sent.

CREATE TABLE home (office TEXT NOT NULL) STRICT;

CREATE TABLE outgoing (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    sender TEXT NOT NULL, receiver TEXT NOT NULL, set_kind TEXT NOT NULL, month TEXT,
    sequence TEXT NOT NULL,
    files TEXT NOT NULL,      -- JSON
    content TEXT NOT NULL,    -- digest over names and digests of the files
    findings TEXT NOT NULL,   -- JSON: what the check said
    put_in_at TEXT NOT NULL,
    -- put_in, signed, sent, refused, discarded
    state TEXT NOT NULL,
    refusal TEXT,             -- JSON
    -- the container was on its way and the platform did not say what it did with it
    unresolved INTEGER NOT NULL DEFAULT 0,
    sha256 TEXT, bytes INTEGER,
    signed_with TEXT,         -- serial number of the certificate
    sending TEXT UNIQUE,
    receipt TEXT,             -- JSON
    accepted_at TEXT,
    platform_state TEXT,
    settled INTEGER NOT NULL DEFAULT 0,
    -- the receipt of how it ended is kept
    last_receipt INTEGER NOT NULL DEFAULT 0,
    sealed INTEGER NOT NULL,
    files_kept INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX outgoing_state ON outgoing (state, settled, platform_state);
CREATE INDEX outgoing_under_way ON outgoing (accepted_at) WHERE state = 'sent' AND settled = 0;
CREATE INDEX outgoing_content ON outgoing (content);
CREATE INDEX outgoing_receipt ON outgoing (number) WHERE settled = 1 AND last_receipt = 0;

-- Signed receipts; the one of acceptance is in the platform's answer.
CREATE TABLE receipt (
    outgoing INTEGER NOT NULL REFERENCES outgoing (number),
    event TEXT NOT NULL, at TEXT NOT NULL, container BLOB NOT NULL,
    doubt TEXT,               -- JSON: why it does not verify
    PRIMARY KEY (outgoing, event)
) STRICT, WITHOUT ROWID;

-- Names of the files that only one sending may have: those of the standard.
CREATE TABLE outgoing_name (
    name TEXT NOT NULL, outgoing INTEGER NOT NULL REFERENCES outgoing (number),
    sha256 TEXT NOT NULL,
    PRIMARY KEY (name, outgoing)
) STRICT, WITHOUT ROWID;

CREATE TABLE incoming (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    sender TEXT NOT NULL, receiver TEXT NOT NULL, set_kind TEXT NOT NULL, month TEXT,
    sequence TEXT NOT NULL,
    files TEXT NOT NULL,      -- JSON
    announced_files INTEGER NOT NULL,
    sha256 TEXT NOT NULL, bytes INTEGER NOT NULL,
    signed_at TEXT, accepted_at TEXT NOT NULL, received_at TEXT NOT NULL,
    taken_out_at TEXT,
    -- stored, confirmed, not_confirmed, quarantined
    state TEXT NOT NULL,
    refusal TEXT,             -- JSON
    files_kept INTEGER NOT NULL DEFAULT 1,
    taken_out INTEGER NOT NULL GENERATED ALWAYS AS (taken_out_at IS NOT NULL)
) STRICT;
CREATE INDEX incoming_state ON incoming (state, taken_out, sequence);
