-- What operating a platform needs: locked accounts, a sign of life, what was removed after its time.

-- Accounts an operator locked, until an operator unlocks them.
CREATE TABLE account_lock (
    user_id TEXT NOT NULL,
    locked_at BIGINT NOT NULL,
    PRIMARY KEY (user_id)
);

-- One row, written to know that writing works.
CREATE TABLE heartbeat (
    number BIGINT NOT NULL,
    beaten_at BIGINT NOT NULL,
    PRIMARY KEY (number)
);

-- When the container of a settled sending was removed; the row itself stays.
ALTER TABLE sending ADD COLUMN container_removed_at BIGINT;
CREATE INDEX sending_settled_with_container ON sending (settled_at)
    WHERE settled_at IS NOT NULL AND container_removed_at IS NULL;

-- Containers marked as removed that are still to be deleted: emptied after the deletion, so that a
-- crash between the two leaves no container behind.
CREATE TABLE pending_removal (
    receiver TEXT NOT NULL,
    sending TEXT NOT NULL,
    PRIMARY KEY (receiver, sending)
);
