package api

import (
	"context"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/report"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
	"github.com/deskbridge/deskbridge/provision/setuplink"
)

// Connection is an identity provider, and when it last pushed.
type Connection struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	IdP          string     `json:"idp"`
	Domains      []string   `json:"domains"`
	ActivePeople int        `json:"active_people"`
	UsableTokens int        `json:"usable_tokens"`
	LastUsedAt   *time.Time `json:"last_used_at,omitempty" doc:"when a token of it was last used, to the minute; absent: never"`
	HeldAt       *time.Time `json:"held_at,omitempty" doc:"since when mass-change protection holds losses of access"`
	SignInOff    bool       `json:"sign_in_off,omitempty"`
	Removal      string     `json:"removal,omitempty"`
	CreatedAt    time.Time  `json:"created_at"`
}

// ConnectionName is the place of a connection in an address.
type ConnectionName struct {
	Connection string `path:"connection" maxLength:"64" doc:"name or id"`
}

// Hold is what mass-change protection holds of a connection.
type Hold struct {
	Connection string            `json:"connection"`
	HeldAt     *time.Time        `json:"held_at,omitempty"`
	People     int               `json:"people"`
	Since      *time.Time        `json:"since,omitempty" doc:"when the first of them lost access"`
	Reasons    []string          `json:"reasons"`
	Accounts   []answer.Affected `json:"accounts" doc:"the first 100 of each reason"`
	Count      int               `json:"count" doc:"of accounts"`
}

// Whom says about whom an admin decides.
type Whom struct {
	People []string `json:"people,omitempty" maxItems:"1000" doc:"ids; or userNames, addresses, externalIds"`
	All    bool     `json:"all,omitempty" doc:"all that are on hold"`
}

func (w Whom) core() (reconcile.Whom, error) {
	if w.All == (len(w.People) > 0) {
		return reconcile.Whom{}, provision.Errorf(provision.Invalid, "people", "name people, or say all")
	}
	return reconcile.Whom{All: w.All, People: w.People}, nil
}

func (a *API) connectionRoutes() {
	handle(a, route{"list-connections", http.MethodGet, "/connections", admin.ConnectionsRead, "Connections", "Connections, and when they last pushed", 0},
		func(ctx context.Context, _ asked, _ *struct{}) (*paged[Connection], error) {
			o, err := a.core.Plan.Company(ctx)
			if err != nil {
				return nil, err
			}
			return all(o.Connections, func(c plan.ConnectionOverview) Connection { return connectionOf(c, o.At) }), nil
		})
	handle(a, route{"get-connection", http.MethodGet, "/connections/{connection}", admin.ConnectionsRead, "Connections", "A connection, and when it last pushed", 0},
		func(ctx context.Context, _ asked, in *ConnectionName) (*struct{ Body Connection }, error) {
			o, err := a.core.Plan.Company(ctx)
			if err != nil {
				return nil, err
			}
			for _, c := range o.Connections {
				if c.Connection.Name == in.Connection || string(c.Connection.ID) == in.Connection {
					return &struct{ Body Connection }{connectionOf(c, o.At)}, nil
				}
			}
			return nil, provision.Errorf(provision.NotFound, "connection", "there is no such connection")
		})
	handle(a, route{"list-holds", http.MethodGet, "/holds", admin.HoldsRead, "Holds", "What mass-change protection holds, connection by connection", 0},
		func(ctx context.Context, _ asked, _ *struct{}) (*paged[Hold], error) {
			o, n, err := a.overview(ctx, plan.Scope{Most: mostAccounts, CausesOnly: true})
			if err != nil {
				return nil, err
			}
			held, err := n.holds(ctx, a.core.Report, &o)
			return &paged[Hold]{Page[Hold]{Items: held}}, err
		})
	type decision struct {
		ConnectionName
		Body Whom
	}
	decide := func(id, what string, verb admin.Verb, summary string, by func(context.Context, provision.Cause, string, reconcile.Whom) (int, error)) {
		handle(a, route{id, http.MethodPost, "/connections/{connection}/holds/" + what, verb, "Holds", summary, 0},
			func(ctx context.Context, who asked, in *decision) (*struct{ Body Done }, error) {
				whom, err := in.Body.core()
				if err != nil {
					return nil, err
				}
				n, err := by(ctx, who.cause, in.Connection, whom)
				return done(n), err
			})
	}
	decide("release-holds", "release", admin.HoldRelease, "Have access end that is on hold", a.core.Reconcile.Release)
	handle(a, route{"list-second-admin", http.MethodGet, "/second-admin", admin.HoldsRead, "Holds", "What one admin has asked for, and waits until another asks for the same", 0},
		func(ctx context.Context, _ asked, _ *struct{}) (*paged[answer.SecondAdmin], error) {
			open, err := a.core.SecondAdmin.List(ctx)
			return all(open, answer.SecondAdminOf), err
		})
	handle(a, route{"withdraw-second-admin", http.MethodDelete, "/second-admin/{request}", admin.HoldReject, "Holds", "End what waits for a second admin: nothing of it is done", 0},
		func(ctx context.Context, who asked, in *struct {
			Request string `path:"request" maxLength:"64" doc:"id"`
		}) (*struct{ Body answer.SecondAdmin }, error) {
			r, err := a.core.SecondAdmin.Withdraw(ctx, who.cause, secondadmin.RequestID(in.Request))
			return &struct{ Body answer.SecondAdmin }{answer.SecondAdminOf(r)}, err
		})
	decide("reject-holds", "reject", admin.HoldReject, "Have people keep access whose end is on hold", a.core.Reconcile.Reject)
}

func setupLinkRoutes(a *API) {
	handle(a, route{"list-setup-links", http.MethodGet, "/connections/{connection}/setup-links", admin.ConnectionsRead, "Connections", "The set-up links of a connection that are good, the newest first", 0},
		func(ctx context.Context, _ asked, in *ConnectionName) (*paged[answer.SetupLink], error) {
			conn, err := a.connection(ctx, in.Connection)
			if err != nil {
				return nil, err
			}
			links, err := a.core.SetupLinks.Links(ctx, conn)
			return all(links, answer.SetupLinkOf), err
		})
	handle(a, route{"create-setup-link", http.MethodPost, "/connections/{connection}/setup-links", admin.SetupLinkCreate, "Connections", "Make a link by which somebody else's IT sets up a connection", http.StatusCreated},
		func(ctx context.Context, who asked, in *struct {
			ConnectionName
			Body answer.NewSetupLink
		}) (*struct{ Body answer.SetupLink }, error) {
			conn, err := a.core.Settings.Connection(ctx, in.Connection)
			if err != nil {
				return nil, err
			}
			l, secret, err := a.core.SetupLinks.Make(ctx, who.cause, conn, time.Duration(in.Body.Hours)*time.Hour)
			out := answer.SetupLinkOf(setuplink.Standing{Link: l, By: who.cause.Actor})
			out.Link = setuplink.Address(a.options.PublicURL, conn.Name, secret)
			return &struct{ Body answer.SetupLink }{out}, err
		})
	handle(a, route{"revoke-setup-link", http.MethodDelete, "/connections/{connection}/setup-links/{link}", admin.SetupLinkRevoke, "Connections", "End a set-up link at once, for whoever has it; a token that was made by it goes on", 0},
		func(ctx context.Context, who asked, in *struct {
			ConnectionName
			Link string `path:"link" maxLength:"64" doc:"id"`
		}) (*struct{ Body Done }, error) {
			conn, err := a.connection(ctx, in.Connection)
			if err == nil {
				err = a.core.SetupLinks.Revoke(ctx, who.cause, conn, in.Link)
			}
			return done(1), err
		})
}

func connectionOf(c plan.ConnectionOverview, now time.Time) Connection {
	return Connection{ID: string(c.Connection.ID), Name: c.Connection.Name, IdP: string(c.Connection.IdP), Domains: list(c.Connection.Domains), ActivePeople: c.Active, UsableTokens: c.UsableTokens(now),
		LastUsedAt: c.LastUsedAt, HeldAt: c.Connection.HeldAt, SignInOff: c.Connection.SignIn.Disabled, Removal: string(c.Connection.Removal), CreatedAt: c.Connection.CreatedAt}
}

// holds returns what is on hold, by connection.
func (n *names) holds(ctx context.Context, people *report.Service, o *plan.Overview) ([]Hold, error) {
	out := []Hold{}
	for _, c := range o.Connections {
		h := Hold{Connection: c.Connection.Name, HeldAt: c.Connection.HeldAt, Reasons: []string{}, Accounts: []answer.Affected{}}
		for _, cause := range o.Causes {
			if cause.State != provision.AccountOnHold || cause.Accounts[0].Connection != c.Connection.ID {
				continue
			}
			h.Reasons, h.Accounts, h.Count = append(h.Reasons, cause.Reason), append(h.Accounts, n.affected(cause.Accounts)...), h.Count+cause.Count
			if cause.Since != nil && (h.Since == nil || cause.Since.Before(*h.Since)) {
				h.Since = cause.Since
			}
		}
		if h.Count == 0 && h.HeldAt == nil {
			continue
		}
		ids, err := people.HeldIDs(ctx, c.Connection.ID)
		if err != nil {
			return nil, err
		}
		whose := make(map[provision.IdentityID]bool)
		for _, id := range ids {
			whose[id.Person] = true
		}
		h.People = len(whose)
		out = append(out, h)
	}
	return out, nil
}
