-- Evidence: signed receipts of what became of sendings, the log they go into, its checkpoints; the
-- certificates offices last logged in with; and who made which call. Rows of receipts are keyed as their sending is, so
-- that they are written in its transaction; the log is one for all and has one writer.

-- The signed documents. Only ever inserted.
CREATE TABLE receipt (
    receiver TEXT NOT NULL,
    sending TEXT NOT NULL,
    event TEXT NOT NULL,
    at BIGINT NOT NULL,
    container BLOB NOT NULL,
    PRIMARY KEY (receiver, sending, event)
);

-- Where they are in the log: nowhere until the log has taken them in. Beside the documents, so
-- that doing so does not write them again.
CREATE TABLE receipt_place (
    receiver TEXT NOT NULL,
    sending TEXT NOT NULL,
    event TEXT NOT NULL,
    leaf TEXT NOT NULL,
    entry BIGINT,
    PRIMARY KEY (receiver, sending, event)
);
CREATE INDEX receipt_waiting ON receipt_place (sending, event) WHERE entry IS NULL;
CREATE INDEX receipt_by_entry ON receipt_place (entry) WHERE entry IS NOT NULL;

-- The nodes of the Merkle tree over the leaves, numbered as docs/evidence.md says. Only ever
-- inserted.
CREATE TABLE log_node (
    number BIGINT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (number)
);

-- Signed heads of the tree: the latest, and the last one of every day before.
CREATE TABLE checkpoint (
    size BIGINT NOT NULL,
    at BIGINT NOT NULL,
    container BLOB NOT NULL,
    PRIMARY KEY (size)
);

-- The certificate, and those up to its authority, that an office last logged in with: a line
-- of base64 each.
CREATE TABLE office_certificate (
    office TEXT NOT NULL,
    chain TEXT NOT NULL,
    shown_at BIGINT NOT NULL,
    PRIMARY KEY (office)
);

-- Who called what, and how it was answered; the office is '' if its certificate was refused. Only
-- ever inserted. Numbers of requests sort by time.
CREATE TABLE access (
    office TEXT NOT NULL,
    request TEXT NOT NULL,
    at BIGINT NOT NULL,
    call TEXT NOT NULL,
    sending TEXT,
    status BIGINT NOT NULL,
    problem TEXT,
    PRIMARY KEY (office, request)
);
CREATE INDEX access_by_request ON access (request);
