package draft

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/keeping"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/protocol"
	"github.com/deskbridge/deskbridge/provision/seating"
)

// Of turns what access.yaml says into the core's words, and checks nothing: that
// is the core's, for every edge. A file that cannot be read is a mistake; with it
// comes all the rest.
func Of(access config.Access) (d plan.Draft, _ error) { return Reading(access, config.ReadRegular) }

// Reading is [Of] where the files that access.yaml names are read by read: they may be
// on another machine.
func Reading(access config.Access, read func(path string) ([]byte, error)) (d plan.Draft, _ error) {
	var mistakes []error
	for i, c := range access.Connections {
		conn := provision.Connection{Name: c.Name, IdP: cmp.Or(provision.IdP(c.IdP), provision.IdPGeneric), Domains: c.Domains}
		var err error
		if conn.SignIn, err = signInOf(c, read); err != nil {
			mistakes = append(mistakes, fmt.Errorf("connections[%d]: %w", i+1, err))
		}
		if c.SCIM != nil {
			conn.JWT, conn.ValidUntil = c.SCIM.JWT, c.SCIM.ValidUntil
		}
		if c.JIT != nil && c.JIT.Role != "" {
			if d.JITRoles == nil {
				d.JITRoles = make(map[string]provision.Role)
			}
			d.JITRoles[c.Name] = roleOf(c.JIT.Role)
		}
		d.Connections = append(d.Connections, conn)
	}
	for i, k := range access.Desks {
		approve := provision.Approve{Of: provision.ApproveOf(k.Approve), Then: provision.ApproveThen(k.ApproveThen), Second: k.ApproveSecond}
		if k.ApproveTimeout != "" {
			var err error
			if approve.Timeout, err = config.ParseDuration(k.ApproveTimeout); err != nil {
				mistakes = append(mistakes, fmt.Errorf("desks[%d]: approve_timeout: %w", i+1, err))
			}
		}
		price, idle, err := seatsOf(k)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("desks[%d]: %w", i+1, err))
		}
		d.Desks = append(d.Desks, provision.Desk{Price: price, Idle: idle, Name: k.Name, Kind: provision.DeskKind(k.Kind), URL: strings.TrimRight(k.URL, "/"), Secret: k.Secret,
			Settings: k.Settings, OnLeave: provision.OnLeave(k.OnLeave).Canonical(), Approve: approve, Seats: k.Seats, Adoption: provision.Adoption(k.Adoption), AdoptIgnore: k.AdoptIgnore,
			Profile: keeping.Read(k.Profile),
			Drift:   provision.DriftPolicy(k.Drift), Rate: k.Rate, SignIn: deskSignInOf(k.Name, k.SignIn),
			HandOver: handOverOf(k.HandOver)})
	}
	for i, r := range access.Rules {
		var until *time.Time
		if r.Until != "" {
			at, err := provision.ParseUntil("until", r.Until)
			if e, ok := errors.AsType[*provision.Error](err); ok {
				mistakes = append(mistakes, fmt.Errorf("rules[%d]: until: %s", i+1, e.Detail))
			}
			until = &at
		}
		d.Rules = append(d.Rules, plan.DraftRule{Connection: r.Connection, Desk: r.Desk, Rule: provision.Rule{
			Group: r.Group, Attribute: r.Attribute, Equals: r.Equals, Role: roleOf(r.Role), Teams: r.Teams, Mailboxes: r.Mailboxes, DeskRoles: r.DeskRoles, Until: until}})
	}
	return d, errors.Join(mistakes...)
}

// handOverOf turns what a file says of hand-over into the core's words.
func handOverOf(k config.HandOver) provision.HandOver {
	p := provision.HandOver{Agent: k.Agent, Team: k.Team, To: provision.HandOverTo(k.To), Cap: k.Cap}
	for mailbox, r := range k.Mailboxes {
		if p.Mailboxes == nil {
			p.Mailboxes = make(map[string]provision.HandOverRule, len(k.Mailboxes))
		}
		p.Mailboxes[mailbox] = provision.HandOverRule{Agent: r.Agent, Team: r.Team, To: provision.HandOverTo(r.To)}
	}
	return p
}

// seatsOf turns what a file says of the seats of a desk into the core's words.
func seatsOf(k config.Desk) (price seating.Price, idle seating.Policy, _ error) {
	if p := k.Price; p != nil {
		price = seating.Price{Amount: p.Amount, Limited: p.Limited, Currency: p.Currency, Per: seating.Per(p.Per)}
	}
	if k.Idle == nil {
		return price, idle, nil
	}
	idle = seating.Policy{Do: seating.Do(k.Idle.Do), Except: provision.Sorted(k.Idle.Except)}
	if k.Idle.After == "" {
		return price, idle, errors.New("idle: after is missing: give the time without activity, as 60d")
	}
	after, err := config.ParseDuration(k.Idle.After)
	if err != nil {
		err = fmt.Errorf("idle: after: %w", err)
	}
	idle.After = after
	return price, idle, err
}

// roleOf returns the role of this name, in any letter case. One that there is not
// stays as it is written, for the core to refuse.
func roleOf(name string) provision.Role {
	if role, err := provision.ParseRole(name); err == nil {
		return role
	}
	return provision.Role(name)
}

// signInOf turns the sign-in settings of a connection into the core's words.
// A metadata file is read now: the server may run elsewhere.
func signInOf(c config.Connection, read func(path string) ([]byte, error)) (s provision.SignIn, _ error) {
	s.Disabled, s.Match = c.SignInDisabled, provision.Match(c.Match)
	if c.JIT != nil {
		s.JIT = &provision.JIT{Create: c.JIT.Create == nil || *c.JIT.Create, Groups: c.JIT.Groups, NoGroups: provision.NoGroups(c.JIT.NoGroups)}
	}
	for _, span := range []struct {
		name, text string
		into       *time.Duration
	}{{"sign_in_expiry", c.SignInExpiry, &s.Expiry}, {"sign_in_recheck", c.SignInRecheck, &s.Recheck}} {
		if span.text == "" {
			continue
		}
		var err error
		if *span.into, err = config.ParseDuration(span.text); err != nil {
			return s, fmt.Errorf("%s: %w", span.name, err)
		}
	}
	s.OIDC = c.OIDC
	if c.SAML != nil {
		saml := *c.SAML
		if saml.MetadataFile != "" {
			text, err := read(saml.MetadataFile)
			if pathError, ok := errors.AsType[*fs.PathError](err); ok {
				err = pathError.Err // the path may come from elsewhere
			}
			if err != nil {
				return s, fmt.Errorf("saml: metadata_file: %w", err)
			}
			saml.Metadata, saml.MetadataFile = string(text), ""
		}
		s.SAML = &saml
	}
	return s, nil
}

// deskSignInOf turns what a file says of signing in to a desk into the core's
// words: without a client_id of its own, the desk's name is its client_id.
func deskSignInOf(desk string, in *protocol.DeskSignIn) (out protocol.DeskSignIn) {
	if in == nil {
		return out
	}
	out = *in
	if out.OIDC != nil {
		oidc := *out.OIDC
		oidc.ClientID = cmp.Or(oidc.ClientID, desk)
		out.OIDC = &oidc
	}
	return out
}
