package setuplink

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/session"
)

const (
	offered session.OneTimeKind = "setup-link"   // the link, until somebody opens it
	held    session.OneTimeKind = "setup-holder" // what their browser has from then on
)

// How long a link may be good.
const (
	Life    = 72 * time.Hour // unless it is said
	MaxLife = 14 * 24 * time.Hour
	minLife = time.Minute
)

// tokenLife is for how long the token is good that a holder makes.
const tokenLife = 365 * 24 * time.Hour

// ErrNone says that a link is none, or none any more: NotFound.
var ErrNone = provision.Errorf(provision.NotFound, "", "this link was opened in another browser, was taken back, or is too old; ask whoever sent it for a new one")

// Address returns the address of a link: whoever has it may open it, once.
func Address(publicURL, connection, secret string) string {
	return publicURL + "/admin/setup/" + connection + "?link=" + secret
}

// Link is one link.
type Link struct {
	ID      string    `json:"id"` // no secret
	Expires time.Time `json:"expires"`
}

// Service makes links, and serves their holders. It is safe for concurrent use, by any
// number of processes on one database.
type Service struct {
	sessions *session.Service
	tokens   *credential.Service
	audit    *audit.Service
	now      provision.Clock
}

// New returns a Service.
func New(sessions *session.Service, tokens *credential.Service, log *audit.Service, now provision.Clock) *Service {
	return &Service{sessions: sessions, tokens: tokens, audit: log, now: now}
}

// Make makes a link for a connection, good for life, and returns it with its secret,
// which can be seen only now.
func (s *Service) Make(ctx context.Context, c provision.Cause, conn provision.Connection, life time.Duration) (Link, string, error) {
	switch {
	case life < minLife || life > MaxLife:
		return Link{}, "", provision.Errorf(provision.Invalid, "life", "a set-up link is good for a minute at least, and for 14 days at most")
	case conn.Removal != "":
		return Link{}, "", conn.Removal.Refuse("connection " + conn.Name)
	}
	l := Link{ID: provision.NewID[string](), Expires: s.now().Add(life)}
	secret, err := s.sessions.IssueOneTime(ctx, offered, conn.ID, l, life)
	if err != nil {
		return l, "", err
	}
	_, err = s.note(ctx, c, conn.ID, audit.SetupLinkCreated, l)
	return l, secret, err
}

// note enters something in the audit log, the first time that it is said of a link,
// and remembers it for as long as the link is good. It reports whether it was the first.
func (s *Service) note(ctx context.Context, c provision.Cause, conn provision.ConnectionID, what provision.Action, l Link) (bool, error) {
	return s.sessions.RecordOnce(ctx, conn, c, what, keyOf(what, l.ID), l.Expires.Add(time.Hour), map[string]any{"link": l.ID, "expires": l.Expires})
}

func keyOf(what provision.Action, link string) string { return string(what) + " " + link }

// Offered returns the link that a secret is of; NotFound when it is none any more.
func (s *Service) Offered(ctx context.Context, conn provision.ConnectionID, secret string) (Link, error) {
	var l Link
	if session.IsTicket(secret) {
		return l, ErrNone
	}
	if err := s.sessions.PeekOneTime(ctx, offered, conn, secret, &l); err != nil {
		return l, notFound(err)
	}
	return l, s.stands(ctx, conn, l)
}

// Take uses a link up, and returns the secret of the browser that has it from now on.
// Of several who try, one gets it.
func (s *Service) Take(ctx context.Context, c provision.Cause, conn provision.ConnectionID, secret string) (Link, string, error) {
	var l Link
	if err := s.sessions.TakeOneTime(ctx, offered, conn, secret, &l); err != nil {
		return l, "", notFound(err)
	}
	if err := s.stands(ctx, conn, l); err != nil {
		return l, "", err
	}
	own, err := s.sessions.IssueOneTime(ctx, held, conn, l, l.Expires.Sub(s.now()))
	if err != nil {
		return l, "", err
	}
	_, err = s.note(ctx, actor(c, l), conn, audit.SetupLinkOpened, l)
	return l, own, err
}

// Held returns the link whose holder shows a secret; NotFound when they may no longer.
func (s *Service) Held(ctx context.Context, conn provision.ConnectionID, own string) (Link, error) {
	var l Link
	if session.IsTicket(own) {
		return l, ErrNone
	}
	if err := s.sessions.PeekOneTime(ctx, held, conn, own, &l); err != nil {
		return l, notFound(err)
	}
	return l, s.stands(ctx, conn, l)
}

// MayMakeToken reports whether the holder of a link has made no token yet.
func (s *Service) MayMakeToken(ctx context.Context, conn provision.ConnectionID, l Link) (bool, error) {
	made, err := s.sessions.Remembered(ctx, conn, keyOf(audit.SetupLinkUsed, l.ID))
	return !made, err
}

// MakeToken makes the one token that a holder may make, and returns its name and its
// secret, which can be seen only now. A second one is a Conflict.
func (s *Service) MakeToken(ctx context.Context, c provision.Cause, conn provision.ConnectionID, l Link) (name, secret string, _ error) {
	first, err := s.note(ctx, actor(c, l), conn, audit.SetupLinkUsed, l)
	if err != nil {
		return "", "", err
	}
	if !first {
		return "", "", provision.Errorf(provision.Conflict, "", "the token of this link was made already, and was shown then; whoever gave you the link can make another")
	}
	name = "setup-" + l.ID[len(l.ID)-8:]
	_, secret, err = s.tokens.CreateToken(ctx, actor(c, l), conn, name, tokenLife)
	return name, secret, err
}

// Revoke ends a link, for whoever has it. A token that was made by it goes on.
func (s *Service) Revoke(ctx context.Context, c provision.Cause, conn provision.ConnectionID, id string) error {
	links, err := s.Links(ctx, conn)
	if err != nil {
		return err
	}
	for _, l := range links {
		if l.ID == id {
			_, err := s.note(ctx, c, conn, audit.SetupLinkRevoked, l.Link)
			return err
		}
	}
	return provision.Errorf(provision.NotFound, "link", "there is no set-up link with this id that is good; `deskbridge connection setup-link NAME --list` shows them")
}

// Standing is a link that is good, and how far it is.
type Standing struct {
	Link
	By     string     `json:"by"` // who made it, as the audit log names them
	Opened *time.Time `json:"opened_at,omitempty"`
	Used   *time.Time `json:"token_made_at,omitempty"`
}

// Links returns the links of a connection that are good, the newest first.
func (s *Service) Links(ctx context.Context, conn provision.ConnectionID) ([]Standing, error) {
	now := s.now()
	entries, err := s.audit.Latest(ctx, audit.Filter{Subject: string(conn), Since: now.Add(-MaxLife),
		Actions: []provision.Action{audit.SetupLinkCreated, audit.SetupLinkOpened, audit.SetupLinkUsed, audit.SetupLinkRevoked}}, audit.Place{}, 1000)
	if err != nil {
		return nil, err
	}
	var links []Standing
	later := make(map[string]map[provision.Action]time.Time)
	for _, e := range entries { // the newest first
		id, _ := e.Detail["link"].(string)
		if e.Action != audit.SetupLinkCreated {
			if later[id] == nil {
				later[id] = make(map[provision.Action]time.Time)
			}
			later[id][e.Action] = e.At
			continue
		}
		text, _ := e.Detail["expires"].(string)
		expires, err := time.Parse(time.RFC3339, text)
		if _, revoked := later[id][audit.SetupLinkRevoked]; err != nil || revoked || !now.Before(expires) {
			continue
		}
		l := Standing{Link: Link{id, expires}, By: e.Cause.Actor}
		if at, ok := later[id][audit.SetupLinkOpened]; ok {
			l.Opened = &at
		}
		if at, ok := later[id][audit.SetupLinkUsed]; ok {
			l.Used = &at
		}
		links = append(links, l)
	}
	return links, nil
}

// stands returns a NotFound error when a link was revoked.
func (s *Service) stands(ctx context.Context, conn provision.ConnectionID, l Link) error {
	revoked, err := s.sessions.Remembered(ctx, conn, keyOf(audit.SetupLinkRevoked, l.ID))
	if err != nil {
		return err
	}
	if revoked || !s.now().Before(l.Expires) {
		return ErrNone
	}
	return nil
}

// actor is who holds a link, as the audit log names them.
func actor(c provision.Cause, l Link) provision.Cause {
	c.Actor = "setup-link:" + l.ID
	return c
}

// notFound says that there is no such link; other errors as they are.
func notFound(err error) error {
	if provision.IsNotFound(err) {
		return ErrNone
	}
	return err
}
