package store

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/signin"
)

// The statements behind [Store.LoadSignIn] on PostgreSQL.
var (
	rememberOnce  = `INSERT INTO memories (key, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING key`
	anyRemembered = `SELECT count(*) FROM memories WHERE key = ANY($1) AND expires_at >= $2`

	loginBy = ` FROM logins WHERE connection_id = $1 AND protocol = $2 AND issuer = $3 AND subject = ANY($4) ORDER BY array_position($4, subject) LIMIT 1`

	loginIn      = `SELECT ` + columnsOf(&loginRow{}) + loginBy
	lockHolder   = `SELECT ` + identityColumns + ` FROM identities WHERE connection_id = $1 AND status <> 'removed' AND id <> $5 AND id = (SELECT identity_id` + loginBy + `) FOR NO KEY UPDATE`
	sessionByKey = `SELECT ` + columnsOf(&sessionRow{}) + ` FROM sessions WHERE hash = $1`
)

// LoadSignIn implements [signin.Store].
func (s *Store) LoadSignIn(ctx context.Context, q signin.Question) (signin.Loaded, error) {
	q.Subjects = kept(q)
	if s.pg == nil {
		return s.loadSignIn(ctx, q)
	}
	var out signin.Loaded
	var statements []statement
	out.First = make([]bool, len(q.Once))
	for i, once := range q.Once {
		statements = append(statements, statement{sql: rememberOnce, args: []any{once.Key, fromTime(once.Until)},
			read: eachOf(func(row scanner) error { out.First[i] = true; return row.Scan(new(string)) })})
	}
	if len(q.Logouts) > 0 {
		var n int
		statements = append(statements, statement{sql: anyRemembered, args: []any{q.Logouts, fromTime(q.LogoutAt)},
			read: eachOf(func(row scanner) error { err := row.Scan(&n); out.Ended = n > 0; return err })})
	}
	if len(q.Replaces) > 0 {
		statements = append(statements, statement{sql: sessionByKey, args: []any{q.Replaces}, read: readOne(&out.Replaced, s.keys.session)})
	}
	s.order.note(rankRules, rulesShared)
	statements = append(statements, s.readRules(q.Connection, &out.Rules)...)
	var connection *provision.Connection
	var known *provision.LoginKey
	statements = append(statements, statement{sql: connectionByID, args: []any{string(q.Connection)}, read: readOne(&connection, s.connection)})
	if len(q.Subjects) > 0 {
		login := []any{string(q.Connection), string(q.Protocol), q.Issuer, q.Subjects}
		statements = append(statements,
			statement{sql: loginIn, args: login, read: readOne(&known, loginRow.login)},
			statement{sql: lockHolder, args: append(slices.Clone(login), string(q.Not)), read: eachOf(func(row scanner) error {
				person, err := scanIdentity(row)
				out.Person = &person
				return err
			})})
	}
	if err := s.pg.send(ctx, statements...); err != nil {
		return out, err
	}
	if connection == nil {
		return out, provision.Errorf(provision.NotFound, "", "no such connection")
	}
	out.Connection = *connection
	if out.Person != nil {
		s.noteLocked(*out.Person)
		s.order.note(rankIdentity, string(out.Person.ID))
	}
	if known != nil {
		out.Known = *known
	}
	if out.Person != nil && out.Person.ID != out.Known.Identity { // bound anew between two statements
		return out, provision.Errorf(provision.Conflict, "subject", "bound anew in between")
	}
	return out, nil
}

// kept returns the subjects of q that a row can hold.
func kept(q signin.Question) []string {
	return slices.DeleteFunc(slices.Clone(q.Subjects), func(subject string) bool { return checkText("", subject+q.Issuer) != nil })
}

// readOne reads a row of type R, if there is one.
func readOne[R, T any](into **T, one func(R) (T, error)) func(pgx.Rows) error {
	return func(found pgx.Rows) error {
		var all []T
		if err := readRows(&all, one)(found); err != nil || len(all) == 0 {
			return err
		}
		*into = &all[0]
		return nil
	}
}

// loadSignIn is [Store.LoadSignIn] in single steps.
func (s *Store) loadSignIn(ctx context.Context, q signin.Question) (out signin.Loaded, err error) {
	out.First = make([]bool, len(q.Once))
	for i, once := range q.Once {
		if out.First[i], err = s.Remember(ctx, once.Key, once.Until); err != nil {
			return out, err
		}
	}
	for _, key := range q.Logouts {
		ended, err := s.Remembered(ctx, key, q.LogoutAt)
		if err != nil {
			return out, err
		}
		out.Ended = out.Ended || ended
	}
	if len(q.Replaces) > 0 {
		session, _, _, err := s.Session(ctx, q.Replaces)
		if err != nil && !provision.IsNotFound(err) {
			return out, err
		}
		if err == nil {
			out.Replaced = &session
		}
	}
	if out.Rules, err = s.Rules(ctx, q.Connection); err != nil {
		return out, err
	}
	if out.Connection, err = s.Connection(ctx, string(q.Connection)); err != nil {
		return out, err
	}
	for _, subject := range kept(q) {
		known, err := s.Login(ctx, q.Connection, q.Protocol, q.Issuer, subject)
		if provision.IsNotFound(err) {
			continue
		}
		if err != nil {
			return out, err
		}
		out.Known = known
		break
	}
	if out.Known.Identity == "" || out.Known.Identity == q.Not {
		return out, nil
	}
	person, err := s.LockIdentity(ctx, q.Connection, out.Known.Identity)
	if provision.IsNotFound(err) {
		return out, nil
	}
	out.Person = &person
	return out, err
}
