-- +goose Up
CREATE TABLE builtin_desks (
    id         TEXT PRIMARY KEY,
    company    TEXT NOT NULL,
    timezone   TEXT NOT NULL,
    seats      INTEGER NOT NULL DEFAULT 0, -- 0: no limit
    last_id    INTEGER NOT NULL DEFAULT 0, -- the newest id of anything on the desk
    created_at INTEGER NOT NULL            -- all times are microseconds since 1970, UTC
);

CREATE TABLE builtin_users (
    desk          TEXT    NOT NULL REFERENCES builtin_desks (id),
    id            INTEGER  NOT NULL,
    external_id   TEXT    NOT NULL DEFAULT '',
    email         TEXT    NOT NULL,
    email_folded  TEXT    NOT NULL,
    first_name    TEXT    NOT NULL,
    last_name     TEXT    NOT NULL,
    job_title     TEXT    NOT NULL DEFAULT '',
    phone         TEXT    NOT NULL DEFAULT '',
    timezone      TEXT    NOT NULL DEFAULT '', -- '': that of the company
    role          TEXT    NOT NULL CHECK (role IN ('owner', 'admin', 'user', 'light user', 'none')),
    service       BOOLEAN NOT NULL DEFAULT FALSE, -- Deskbridge's own account
    active        BOOLEAN NOT NULL DEFAULT TRUE,
    invited       BOOLEAN NOT NULL DEFAULT FALSE,
    away          BOOLEAN NOT NULL DEFAULT FALSE,
    away_by       INTEGER, -- who changed away last
    away_at       INTEGER,
    anonymized_at INTEGER,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (desk, id)
);
CREATE UNIQUE INDEX builtin_users_email ON builtin_users (desk, email_folded);
CREATE UNIQUE INDEX builtin_users_external_id ON builtin_users (desk, external_id) WHERE external_id <> '';
CREATE UNIQUE INDEX builtin_users_owner ON builtin_users (desk) WHERE role = 'owner';
CREATE UNIQUE INDEX builtin_users_service ON builtin_users (desk) WHERE service;

CREATE TABLE builtin_teams (
    desk        TEXT   NOT NULL REFERENCES builtin_desks (id),
    id          INTEGER NOT NULL,
    name        TEXT   NOT NULL,
    name_folded TEXT   NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (desk, id),
    UNIQUE (desk, name_folded)
);

CREATE TABLE builtin_team_members (
    desk    TEXT   NOT NULL,
    team    INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (desk, team, user_id),
    FOREIGN KEY (desk, team) REFERENCES builtin_teams (desk, id) ON DELETE CASCADE,
    FOREIGN KEY (desk, user_id) REFERENCES builtin_users (desk, id) ON DELETE CASCADE
);
CREATE INDEX builtin_team_members_user ON builtin_team_members (desk, user_id);

CREATE TABLE builtin_mailboxes (
    desk        TEXT   NOT NULL REFERENCES builtin_desks (id),
    id          INTEGER NOT NULL,
    name        TEXT   NOT NULL,
    name_folded TEXT   NOT NULL,
    email       TEXT   NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (desk, id),
    UNIQUE (desk, name_folded)
);

CREATE TABLE builtin_mailbox_users (
    desk    TEXT   NOT NULL,
    mailbox INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    PRIMARY KEY (desk, mailbox, user_id),
    FOREIGN KEY (desk, mailbox) REFERENCES builtin_mailboxes (desk, id) ON DELETE CASCADE,
    FOREIGN KEY (desk, user_id) REFERENCES builtin_users (desk, id) ON DELETE CASCADE
);
CREATE INDEX builtin_mailbox_users_user ON builtin_mailbox_users (desk, user_id);

CREATE TABLE builtin_conversations (
    desk           TEXT   NOT NULL REFERENCES builtin_desks (id),
    id             INTEGER NOT NULL,
    mailbox        INTEGER NOT NULL,
    subject        TEXT   NOT NULL,
    preview        TEXT   NOT NULL DEFAULT '',
    customer_email TEXT   NOT NULL,
    customer_first TEXT   NOT NULL DEFAULT '',
    customer_last  TEXT   NOT NULL DEFAULT '',
    status         TEXT   NOT NULL CHECK (status IN ('active', 'pending', 'closed')),
    assignee       INTEGER, -- a user
    team           INTEGER, -- a team; one of the two at most
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    closed_at      INTEGER,
    PRIMARY KEY (desk, id),
    FOREIGN KEY (desk, mailbox) REFERENCES builtin_mailboxes (desk, id),
    FOREIGN KEY (desk, assignee) REFERENCES builtin_users (desk, id),
    FOREIGN KEY (desk, team) REFERENCES builtin_teams (desk, id),
    CHECK (assignee IS NULL OR team IS NULL)
);
CREATE INDEX builtin_conversations_assignee ON builtin_conversations (desk, assignee, status);
CREATE INDEX builtin_conversations_team ON builtin_conversations (desk, team, status);
CREATE INDEX builtin_conversations_mailbox ON builtin_conversations (desk, mailbox, status);

CREATE TABLE builtin_apps (
    id          TEXT   PRIMARY KEY,
    desk        TEXT   NOT NULL,
    user_id     INTEGER NOT NULL, -- as whom the app acts
    secret_hash TEXT   NOT NULL, -- SHA-256, hexadecimal
    created_at  INTEGER NOT NULL,
    FOREIGN KEY (desk, user_id) REFERENCES builtin_users (desk, id) ON DELETE CASCADE
);
CREATE INDEX builtin_apps_user ON builtin_apps (desk, user_id);

CREATE TABLE builtin_tokens (
    hash       TEXT   PRIMARY KEY, -- SHA-256, hexadecimal
    app        TEXT   NOT NULL REFERENCES builtin_apps (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
);
CREATE INDEX builtin_tokens_app ON builtin_tokens (app, expires_at);
