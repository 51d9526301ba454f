-- Sealed sendings in the quarantine, of which no set is known; receipts of what was received; the
-- sets of a month.

-- Receipts of both directions, by the platform's number of the sending; the one of acceptance is in
-- the platform's answer.
CREATE TABLE sending_receipt (
    sending TEXT NOT NULL,
    event TEXT NOT NULL, at TEXT NOT NULL, container BLOB NOT NULL,
    doubt TEXT,               -- JSON: why it does not verify
    PRIMARY KEY (sending, event)
) STRICT, WITHOUT ROWID;
INSERT INTO sending_receipt (sending, event, at, container, doubt)
    SELECT sending, event, at, container, doubt
    FROM receipt JOIN outgoing ON number = outgoing WHERE sending IS NOT NULL;
DROP TABLE receipt;

ALTER TABLE incoming RENAME TO incoming_before;
CREATE TABLE incoming (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    sender TEXT NOT NULL, receiver TEXT NOT NULL,
    -- not known of one that is sealed and could not be opened
    set_kind TEXT, month TEXT, sequence TEXT,
    sealed INTEGER NOT NULL,
    files TEXT NOT NULL,      -- JSON
    announced_files INTEGER,  -- not known of sealed ones
    sha256 TEXT NOT NULL, bytes INTEGER NOT NULL,
    signed_at TEXT, accepted_at TEXT NOT NULL, received_at TEXT NOT NULL,
    taken_out_at TEXT,
    -- stored, confirmed, not_confirmed, quarantined
    state TEXT NOT NULL,
    refusal TEXT,             -- JSON
    -- the receipt of receiving it is kept
    last_receipt INTEGER NOT NULL DEFAULT 0,
    files_kept INTEGER NOT NULL DEFAULT 1,
    taken_out INTEGER NOT NULL GENERATED ALWAYS AS (taken_out_at IS NOT NULL)
) STRICT;
INSERT INTO incoming (number, id, sender, receiver, set_kind, month, sequence, sealed, files,
        announced_files, sha256, bytes, signed_at, accepted_at, received_at, taken_out_at, state,
        refusal, files_kept)
    SELECT number, id, sender, receiver, set_kind, month, sequence, 0, files,
        announced_files, sha256, bytes, signed_at, accepted_at, received_at, taken_out_at, state,
        refusal, files_kept
    FROM incoming_before;
DROP TABLE incoming_before;
CREATE INDEX incoming_state ON incoming (state, taken_out, sequence);
CREATE INDEX incoming_receipt ON incoming (number) WHERE state = 'confirmed' AND last_receipt = 0;
CREATE INDEX incoming_month ON incoming (month, state) WHERE month IS NOT NULL;
CREATE INDEX outgoing_month ON outgoing (month, state, platform_state) WHERE month IS NOT NULL;
