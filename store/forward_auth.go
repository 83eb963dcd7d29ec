package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/session"
)

// forwardAuthRow is a session with whatever belongs to it.
type forwardAuthRow struct {
	ID           string
	IdentityID   string
	ConnectionID string
	Protocol     string
	CreatedAt    int64
	SeenAt       int64
	EndsAt       int64
	EndedAt      *int64

	UserName   string
	Status     string
	Terms      *string
	Profile    string
	Source     string
	Attributes string
	Claimed    string
	Name       string
	SignIn     string
	Groups     string

	AccountID    *string
	DeskUser     *string
	State        *string
	Desired      *string
	Confirmed    *string
	DeskEmail    *string
	DeskUserName *string
}

// ForwardAuthSubject implements [session.Store]. It is one statement, because it is
// asked at each request of everybody.
func (s *Store) ForwardAuthSubject(ctx context.Context, hash []byte, desk string) (session.ForwardAuthSubject, error) {
	if checkText("", desk) != nil {
		desk = "" // no desk is called that
	}
	var row forwardAuthRow
	found := s.read(ctx).Raw(`
		WITH RECURSIVE subject AS (SELECT * FROM sessions WHERE hash = ?),
		up (group_id) AS (
			SELECT m.group_id FROM subject v JOIN members m ON m.member_id = v.identity_id
			UNION
			SELECT m.group_id FROM up JOIN members m ON m.member_id = up.group_id
		)
		SELECT v.id, v.identity_id, v.connection_id, v.protocol, v.created_at, v.seen_at, v.ends_at, v.ended_at,
			i.user_name, i.source, i.status, i.terms, i.profile, i.attributes, i.claimed_groups AS claimed, c.name, c.sign_in,
			(SELECT `+s.sql.names+` FROM groups g WHERE g.id IN (SELECT group_id FROM up)) AS groups,
			a.id AS account_id, a.desk_user, a.state, a.wanted AS desired, a.granted AS confirmed, a.desk_email, a.desk_user_name
		FROM subject v JOIN identities i ON i.id = v.identity_id JOIN connections c ON c.id = v.connection_id
		LEFT JOIN accounts a ON a.identity_id = v.identity_id AND a.desk_id = (SELECT id FROM desks WHERE name = ?)`,
		hash, desk).Scan(&row)
	if found.Error != nil {
		return session.ForwardAuthSubject{}, found.Error
	}
	if found.RowsAffected == 0 {
		return session.ForwardAuthSubject{}, translate(gorm.ErrRecordNotFound, "session")
	}
	return s.keys.subject(row)
}

func (k *keyring) subject(row forwardAuthRow) (v session.ForwardAuthSubject, _ error) {
	v.Session = provision.Session{ID: provision.SessionID(row.ID), Identity: provision.IdentityID(row.IdentityID),
		Connection: provision.ConnectionID(row.ConnectionID), Protocol: provision.Protocol(row.Protocol),
		CreatedAt: toTime(row.CreatedAt), SeenAt: toTime(row.SeenAt), EndsAt: toTime(row.EndsAt), EndedAt: toTimePtr(row.EndedAt)}
	v.Person = provision.Identity{ID: v.Session.Identity, Connection: v.Session.Connection, UserName: row.UserName,
		Source: provision.Source(row.Source), Status: provision.Status(row.Status)}
	v.Connection = provision.Connection{ID: v.Session.Connection, Name: row.Name}
	signIn, err := k.open(row.SignIn, connectionTable, row.ConnectionID)
	if err != nil {
		return v, err
	}
	errs := []error{json.Unmarshal([]byte(row.Profile), &v.Person.Profile), json.Unmarshal([]byte(row.Attributes), &v.Person.Attributes),
		json.Unmarshal([]byte(row.Claimed), &v.Person.ClaimedGroups),
		json.Unmarshal([]byte(row.Groups), &v.Groups)}
	if signIn != "" {
		errs = append(errs, json.Unmarshal([]byte(signIn), &v.Connection.SignIn))
	}
	if row.Terms != nil {
		errs = append(errs, json.Unmarshal([]byte(*row.Terms), &v.Person.Terms))
	}
	if row.AccountID != nil {
		v.Account = &provision.Account{ID: provision.AccountID(*row.AccountID), Identity: v.Session.Identity, Connection: v.Session.Connection,
			DeskUser: provision.DeskUserID(*row.DeskUser), State: provision.AccountState(*row.State),
			Names: provision.DeskNames{Email: *row.DeskEmail, UserName: *row.DeskUserName}}
		errs = append(errs, json.Unmarshal([]byte(*row.Desired), &v.Account.Desired), json.Unmarshal([]byte(*row.Confirmed), &v.Account.Confirmed))
	}
	if err := errors.Join(errs...); err != nil {
		return v, fmt.Errorf("store: session %s: %w", row.ID, err)
	}
	slices.Sort(v.Groups)
	return v, nil
}
