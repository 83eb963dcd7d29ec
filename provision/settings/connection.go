package settings

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/protocol"
)

// reservedNames cannot be the name of a connection: its URLs would be those of
// something else.
var reservedNames = []string{"idp", "static", "break-glass", "sessions"}

// AddConnection makes a connection with its first token, and returns both; the
// token's text can be seen only now.
func (s *Service) AddConnection(ctx context.Context, c provision.Cause, conn provision.Connection) (provision.Connection, string, error) {
	if err := s.CheckConnection(&conn); err != nil {
		return provision.Connection{}, "", err
	}
	var secret string
	err := s.inTx(ctx, func(tx Store) error {
		if err := tx.LockRules(ctx); err != nil { // one at a time: a domain has one owner
			return err
		}
		conn.ID, conn.CreatedAt = provision.NewID[provision.ConnectionID](), s.now()
		if err := FreeDomains(ctx, tx, conn); err != nil {
			return err
		}
		if err := tx.SaveConnection(ctx, conn); err != nil {
			return err
		}
		if err := s.audit.Record(ctx, tx, s.audit.Entry(c, conn.ID, audit.ConnectionCreated, string(conn.ID))); err != nil {
			return err
		}
		var err error
		_, secret, err = s.tokens.CreateIn(ctx, tx, c, conn.ID, credential.TokenDraft{Name: "first"})
		return err
	})
	return conn, secret, err
}

// ValidateConnection returns an Invalid error with every mistake when conn
// contradicts itself, and brings its domains into the form that is kept; see
// [Service.CheckConnection].
func ValidateConnection(conn *provision.Connection) error {
	mistakes := []error{provision.ValidateName("name", conn.Name)}
	if slices.Contains(reservedNames, conn.Name) {
		mistakes = append(mistakes, provision.Errorf(provision.Invalid, "name", "%q is reserved; choose another name", conn.Name))
	}
	if !slices.Contains(provision.IdPs, conn.IdP) {
		mistakes = append(mistakes, provision.Errorf(provision.Invalid, "idp", "unknown idp %q; use one of %v", conn.IdP, provision.IdPs))
	}
	domains := make([]string, len(conn.Domains))
	for i, d := range conn.Domains {
		var err error
		domains[i], err = ownDomain(d)
		mistakes = append(mistakes, err)
	}
	if strings.ContainsFunc(conn.ValidUntil, unicode.IsSpace) || len(conn.ValidUntil) > mostAttribute {
		mistakes = append(mistakes, provision.Errorf(provision.Invalid, "scim", "scim.valid_until is the name of an attribute, as rules have it, such as endDate or urn:example:params:scim:User:endDate"))
	}
	err := conn.JWT.Validate()
	if e, ok := errors.AsType[*protocol.Error](err); ok {
		err = provision.Errorf(provision.Invalid, "scim", "scim.jwt: %s", e.Detail)
	}
	if err := provision.AllOf(append(mistakes, err, conn.SignIn.Validate())...); err != nil {
		return err
	}
	conn.Domains = provision.Sorted(domains)
	return nil
}

// Connection returns the connection with this name or id.
func (s *Service) Connection(ctx context.Context, nameOrID string) (provision.Connection, error) {
	conn, err := s.store.Connection(ctx, nameOrID)
	if err == nil {
		s.seen.Note(nameOrID, conn)
	}
	return conn, err
}

// mostAttribute is how long the name of an attribute may be, in bytes.
const mostAttribute = 500

const (
	mostSeen    = 1000 // connections
	presumedFor = time.Minute
)

// PresumeConnection is Connection for a request that takes the connection for
// what it was within the last minute, and looks it up together with what it asks
// for first under the context. confirm must be called before any answer: it
// returns nil when the connection is so still. Else nothing was changed under
// the context, nothing that was read there may be told, and the request begins
// anew with Connection; but with Unavailable the database does not answer, and
// there is no use in asking it again. ok is false where nothing can be presumed.
func (s *Service) PresumeConnection(ctx context.Context, nameOrID string) (under context.Context, conn provision.Connection, confirm func() error, ok bool) {
	last, ok := s.seen.Last(nameOrID)
	if !ok {
		return ctx, conn, nil, false
	}
	under, settle := s.store.ConnectionAhead(ctx, nameOrID, func(conn provision.Connection, err error) error {
		if err == nil && !reflect.DeepEqual(conn, last) {
			err = &provision.Error{Code: provision.Denied, Detail: "the connection has changed"}
		}
		if err != nil {
			s.seen.Forget(nameOrID)
		}
		return err
	})
	return under, last, settle, true
}

// Connections returns all connections, by name.
func (s *Service) Connections(ctx context.Context) ([]provision.Connection, error) {
	return s.store.Connections(ctx)
}

// SetSignIn lets change edit how the people of a connection sign in. What of
// their sessions has no settings any more ends; see [Service.EndLost].
func (s *Service) SetSignIn(ctx context.Context, c provision.Cause, nameOrID string, change func(*provision.SignIn) error) (conn provision.Connection, err error) {
	err = s.inTx(ctx, func(tx Store) error {
		found, err := tx.Connection(ctx, nameOrID)
		if err != nil {
			return err
		}
		if conn, err = provision.LockStaying(ctx, tx.LockConnection, found.ID); err != nil {
			return err
		}
		before, err := conn.SignIn.Clone() // change may edit what pointers lead to
		if err != nil {
			return err
		}
		if err := change(&conn.SignIn); err != nil {
			return err
		}
		if conn.SignIn.SameAs(&before) {
			return nil
		}
		if err := s.checkSignIn(conn.SignIn); err != nil {
			return err
		}
		if err := tx.SaveConnection(ctx, conn); err != nil {
			return err
		}
		if err := s.EndLost(ctx, tx, c, conn.ID, &before, &conn.SignIn); err != nil {
			return err
		}
		e := s.audit.Entry(c, conn.ID, audit.ConnectionChanged, string(conn.ID))
		e.Detail = map[string]any{"fields": before.Differences(&conn.SignIn)}
		return s.audit.Record(ctx, tx, e)
	})
	return conn, err
}

// EndLost ends the sessions of a connection that its settings were changed from
// under: all where sign-in is switched off, and those by a protocol that people
// cannot sign in by any more.
func (s *Service) EndLost(ctx context.Context, tx Store, c provision.Cause, conn provision.ConnectionID, before, after *provision.SignIn) error {
	lost := before.Lost(after)
	if after.Disabled {
		lost = []provision.Protocol{""} // of any
	}
	for _, by := range lost {
		if err := s.sessions.EndIn(ctx, tx, c, provision.SessionFilter{Connection: conn, Protocol: by}, provision.EndedByAdmin); err != nil {
			return err
		}
	}
	return nil
}
