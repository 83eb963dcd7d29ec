package export

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Configuration is all that an access.yaml can say, without its secrets.
type Configuration struct {
	Access config.Access

	secrets []secret
	pending map[string][]string // domains by connection that wait to be verified
}

// secret is one that there is, and that the file leaves out.
type secret struct {
	list string // connections, desks
	at   int    // in the list
	path []string
	key  string
	env  string // how the variable may be called that another one comes from
}

// Read reads what is configured.
func Read(ctx context.Context, from *settings.Service) (Configuration, error) {
	out := Configuration{pending: make(map[string][]string)}
	connections, err := from.Connections(ctx)
	if err != nil {
		return out, err
	}
	claims, err := from.DomainClaims(ctx, "")
	if err != nil {
		return out, err
	}
	desks, err := from.Desks(ctx)
	if err != nil {
		return out, err
	}
	rules, err := from.Rules(ctx, "")
	if err != nil {
		return out, err
	}
	names := make(map[string]string) // of connections and desks, by id
	for _, c := range connections {
		if c.Removal != provision.RemovalNone {
			continue
		}
		names[string(c.ID)] = c.Name
		if err := out.addConnection(c); err != nil {
			return out, err
		}
	}
	for _, c := range claims {
		if name, ok := names[string(c.Connection)]; ok {
			out.pending[name] = append(out.pending[name], c.Domain)
		}
	}
	for _, d := range desks {
		if d.Removal != provision.RemovalNone {
			continue
		}
		names[string(d.ID)] = d.Name
		out.addDesk(d)
	}
	for _, r := range rules {
		if names[string(r.Connection)] == "" || names[string(r.Desk)] == "" {
			continue // of what is being removed
		}
		out.Access.Rules = append(out.Access.Rules, config.Rule{Connection: names[string(r.Connection)], Group: r.Group, Attribute: r.Attribute, Equals: r.Equals,
			Desk: names[string(r.Desk)], Role: string(r.Role), Teams: r.Teams, Mailboxes: r.Mailboxes, DeskRoles: r.DeskRoles, Until: provision.FormatUntil(r.Until)})
	}
	slices.SortFunc(out.Access.Rules, func(a, b config.Rule) int {
		return cmp.Or(cmp.Compare(a.Desk, b.Desk), cmp.Compare(a.Connection, b.Connection), cmp.Compare(a.Group, b.Group), cmp.Compare(a.Attribute, b.Attribute),
			cmp.Compare(a.Equals, b.Equals), cmp.Compare(a.Role, b.Role), slices.Compare(a.Teams, b.Teams), slices.Compare(a.Mailboxes, b.Mailboxes), slices.Compare(a.DeskRoles, b.DeskRoles), cmp.Compare(a.Until, b.Until))
	})
	return out, nil
}

func (o *Configuration) addConnection(from provision.Connection) error {
	c := config.Connection{Name: from.Name, IdP: string(from.IdP), Domains: from.Domains, Match: config.Match(from.SignIn.Match), SignInDisabled: from.SignIn.Disabled}
	if from.SignIn.Expiry > 0 {
		c.SignInExpiry = config.FormatDuration(from.SignIn.Expiry)
	}
	if from.SignIn.Recheck > 0 {
		c.SignInRecheck = config.FormatDuration(from.SignIn.Recheck)
	}
	at := len(o.Access.Connections)
	if j := from.SignIn.JIT; j != nil {
		c.JIT = &config.JIT{Create: new(j.Create), Groups: j.Groups, NoGroups: string(j.NoGroups)}
	}
	if s := from.SignIn.SAML; s != nil {
		if s.Readable() != nil {
			return unreadable(from.Name, "SAML")
		}
		c.SAML = s
	}
	if p := from.SignIn.OIDC; p != nil {
		if p.Readable() != nil {
			return unreadable(from.Name, "OIDC")
		}
		without := *p
		if without.ClientSecret = ""; p.ClientSecret != "" {
			o.secrets = append(o.secrets, secret{"connections", at, []string{"oidc", "client_id"}, "client_secret", from.Name})
		}
		c.OIDC = &without
	}
	if from.JWT != nil || from.ValidUntil != "" {
		c.SCIM = &config.SCIM{JWT: from.JWT, ValidUntil: from.ValidUntil}
	}
	o.Access.Connections = append(o.Access.Connections, c)
	return nil
}

func unreadable(connection, protocol string) error {
	return fmt.Errorf("the %s settings of connection %s were written by a newer release, and this one cannot read them; export with that release", protocol, connection)
}

func handOver(from provision.HandOver) config.HandOver {
	out := config.HandOver{Agent: from.Agent, Team: from.Team, To: string(from.To), Cap: from.Cap}
	for mailbox, r := range from.Mailboxes {
		if out.Mailboxes == nil {
			out.Mailboxes = make(map[string]config.HandOverRule, len(from.Mailboxes))
		}
		out.Mailboxes[mailbox] = config.HandOverRule{Agent: r.Agent, Team: r.Team, To: string(r.To)}
	}
	return out
}

func (o *Configuration) addDesk(from provision.Desk) {
	d := config.Desk{Name: from.Name, Kind: string(from.Kind), URL: from.URL, Settings: from.Settings, OnLeave: config.Steps(from.OnLeave),
		Approve: string(from.Approve.Of), ApproveThen: string(from.Approve.Then), ApproveSecond: from.Approve.Second,
		HandOver: handOver(from.HandOver), Seats: from.Seats, Adoption: string(from.Adoption), AdoptIgnore: from.AdoptIgnore,
		Profile: from.Profile.Words(),
		Drift:   string(from.Drift), Rate: from.Rate}
	if from.Approve.Timeout > 0 {
		d.ApproveTimeout = config.FormatDuration(from.Approve.Timeout)
	}
	if p := from.Price; p.Known() {
		d.Price = &config.SeatPrice{Amount: p.Amount, Limited: p.Limited, Currency: p.Currency, Per: string(p.Per)}
	}
	if i := from.Idle; i.Set() {
		d.Idle = &config.Idle{After: config.FormatDuration(i.After), Do: string(i.Do), Except: i.Except}
	}
	at := len(o.Access.Desks)
	if from.Secret != "" {
		o.secrets = append(o.secrets, secret{"desks", at, []string{"kind"}, "secret", from.Name})
	}
	if !from.SignIn.Empty() {
		in := from.SignIn
		if in.OIDC != nil {
			without := *in.OIDC
			if without.ClientSecret = ""; in.OIDC.ClientSecret != "" {
				o.secrets = append(o.secrets, secret{"desks", at, []string{"sign_in", "oidc", "client_id"}, "client_secret", from.Name + "-sign-in"})
			}
			in.OIDC = &without
		}
		d.SignIn = &in
	}
	o.Access.Desks = append(o.Access.Desks, d)
}
