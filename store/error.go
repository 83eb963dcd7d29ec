package store

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"
	"modernc.org/sqlite"

	"github.com/deskbridge/deskbridge/provision"
)

// Codes of PostgreSQL (appendix A) and SQLite (rescode.html).
const (
	pgUniqueViolation     = "23505"
	pgForeignKeyViolation = "23503"
	pgBadCharacter        = "22021"
	pgLimitExceeded       = "54000" // a value that is too long for an index

	sqliteBusy       = 5
	sqliteIO         = 10
	sqliteFull       = 13
	sqliteForeignKey = 787
	sqlitePrimaryKey = 1555
	sqliteUnique     = 2067
)

// uniqueRule is a unique index, and what to say when a write breaks it.
type uniqueRule struct {
	index   string // its name, by which PostgreSQL reports it
	columns string // its columns, by which SQLite does
	field   string
	detail  string
}

var uniqueRules = []uniqueRule{
	{"connections_name", "connections.name", "name",
		"another connection already has this name; choose a different one"},
	{"tokens_name", "tokens.connection_id, tokens.name", "name",
		"this connection already has a token with this name that is in use; choose a different name, or revoke that token first"},
	{"tokens_hash", "tokens.hash", "token",
		"this token exists already"},
	{"identities_user_name", "identities.connection_id, identities.user_name_folded", "userName",
		"another user of this connection already has this userName (letter case, width and Unicode form aside)"},
	{"groups_display_name", "groups.connection_id, groups.display_name_folded", "displayName",
		"another group of this connection already has this displayName (letter case, width and Unicode form aside)"},
	{"owners_name", "owners.name", "name",
		"there is a break-glass admin with this name already; `deskbridge admin remove` it first"},
	{"console_grants_group", "console_grants.connection_id, console_grants.group_id, console_grants.group_folded", "group",
		"this group has a role already"},
	{"api_tokens_name", "api_tokens.name", "name",
		"there is a token of the admin API with this name already; choose a different name, or revoke that token first"},
	{"api_tokens_hash", "api_tokens.hash", "token",
		"this token exists already"},
	{"tickets_pkey", "tickets.hash", "token",
		"this one-time token exists already"},
	{"desks_name", "desks.name", "name",
		"another desk already has this name; choose a different one"},
	{"accounts_identity", "accounts.identity_id, accounts.desk_id", "identity",
		"this person already has an account on this desk"},
	{"accounts_desk_user", "accounts.desk_id, accounts.desk_user", "deskUser",
		"the user on the desk already belongs to another person's account"},
}

// translate turns the database's errors that callers are expected to tell
// apart into [provision.Error], and leaves all others as they are. what names
// the object in question in plain words.
func translate(err error, what string) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return &provision.Error{Code: provision.NotFound, Detail: "no such " + what}
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch pg.Code {
		case pgUniqueViolation:
			return conflict(err, func(r uniqueRule) bool { return r.index == pg.ConstraintName })
		case pgForeignKeyViolation:
			return dangling(err, what)
		case pgBadCharacter:
			return badText("", err)
		case pgLimitExceeded:
			return &provision.Error{Code: provision.Invalid, Detail: "a name, id or address is too long; 1,000 characters always fit", Err: err}
		}
	}
	if lite, ok := errors.AsType[*sqlite.Error](err); ok {
		switch lite.Code() {
		case sqliteUnique, sqlitePrimaryKey:
			return conflict(err, func(r uniqueRule) bool {
				return strings.Contains(lite.Error(), "failed: "+r.columns+" (")
			})
		case sqliteForeignKey:
			return dangling(err, what)
		}
	}
	return err
}

// translateRead is translate for look-ups: what cannot be stored is not there.
func translateRead(err error, what string) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code == pgBadCharacter {
		err = gorm.ErrRecordNotFound
	}
	return translate(err, what)
}

func conflict(err error, broken func(uniqueRule) bool) error {
	for _, r := range uniqueRules {
		if broken(r) {
			return &provision.Error{Code: provision.Conflict, Field: r.field, Detail: r.detail, Err: err}
		}
	}
	return &provision.Error{Code: provision.Conflict, Field: "id", Detail: "this id is taken", Err: err}
}

func dangling(err error, what string) error {
	return &provision.Error{Code: provision.NotFound, Detail: "what this " + what + " belongs to does not exist (any more)", Err: err}
}

func badText(field string, err error) error {
	return &provision.Error{Code: provision.Invalid, Field: field,
		Detail: "the text holds a NUL character or is no valid UTF-8; remove what cannot be seen from it", Err: err}
}

// missing returns NotFound when a write that was to change a row found none.
func missing(db *gorm.DB, what string) error {
	if db.Error == nil && db.RowsAffected == 0 {
		return translate(gorm.ErrRecordNotFound, what)
	}
	return translate(db.Error, what)
}
