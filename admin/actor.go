package admin

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
)

// FreshFor is how long a sign-in is fresh enough for what needs a step-up.
const FreshFor = 10 * time.Minute

// Kind says how somebody has shown who they are.
type Kind string

// The kinds of actors.
const (
	BreakGlass Kind = "break-glass" // the session of a break-glass admin
	Person     Kind = "person"      // the session of somebody who signed in at their identity provider
	Token      Kind = "token"       // a bearer token of the admin API
)

// Why somebody may not: the Reason of the Denied error.
const (
	ReasonCredentials = "credentials" // nobody has shown who they are
	ReasonRole        = "role"        // their role may not
	ReasonScope       = "scope"       // the token was made for less
	ReasonStepUp      = "step-up"     // the sign-in is too long ago
	ReasonBrowser     = "browser"     // no token may
)

// Actor is who asks.
type Actor struct {
	Kind     Kind
	Name     string // for people: of the person, the admin or the token
	Standing administration.Standing
	Verbs    []string // of a token: what it may do; none: all that needs no fresh sign-in

	Request string // the id of the request, as the log has it

	// FreshSince is when they last proved who they are; zero: that is not known.
	FreshSince time.Time

	// Identity is the person who signed in, or whose the token is, of Connection;
	// both are empty of somebody whom no identity provider knows.
	Identity   provision.IdentityID
	Connection provision.ConnectionID

	actor string // as the audit log names them: of people by id
	self  string // id of the token, or of the break-glass admin
	now   func() time.Time
	again func(context.Context) (*Actor, error) // who asks by the same request, at this moment
	guess func() bool                           // counts a secret that is none; false when there were too many
}

// Still is [Actor.May] at this moment, for a request that goes on for long: whoever
// has signed out, left or lost the role meanwhile may no longer.
func (a *Actor) Still(ctx context.Context, v Verb) error {
	if a.again == nil {
		return a.May(v)
	}
	now, err := a.again(ctx)
	if err != nil {
		return err
	}
	if now.Key() != a.Key() {
		return provision.Refuse(ReasonCredentials, "somebody else asks by now")
	}
	return now.May(v)
}

// Guessed counts that what came with the request, and should have let somebody in, is
// none, for the reason err. It returns err, or Limited when too many have come from
// there.
func (a *Actor) Guessed(err error) error {
	if a.guess == nil || a.guess() {
		return err
	}
	return provision.Errorf(provision.Limited, "", "too many links that are none came from your network; wait a minute")
}

// Role returns the strongest role of the actor.
func (a *Actor) Role() administration.Role { return a.Standing.Role }

// LimitedTo reports whether the actor may do v only within their reach, as a
// mailbox manager.
func (a *Actor) LimitedTo(v Verb) bool {
	rule, _ := RuleOf(v)
	return a.Role() == administration.MailboxManager || !slices.Contains(rule.Roles, a.Role())
}

// May returns a Denied error unless the actor may do v. Its Reason says why not.
// A mailbox manager is let in here, and held to their reach by who does it:
// [Actor.LimitedTo].
func (a *Actor) May(v Verb) error {
	rule, ok := RuleOf(v)
	if a.Kind == "" {
		return provision.Refuse(ReasonCredentials, "sign in, or show a token of the admin API")
	}
	roles := []administration.Role{a.Role()}
	if len(a.Standing.Reach) > 0 {
		roles = append(roles, administration.MailboxManager)
	}
	if !ok || !slices.ContainsFunc(roles, func(r administration.Role) bool { return slices.Contains(rule.Roles, r) }) {
		return provision.Refuse(ReasonRole, "the role %s may not %s; %s may", cmp.Or(a.Role(), "of nobody"), cmp.Or(rule.Means, "do that"), listed(rule.Roles))
	}
	switch {
	case a.Kind == Token && rule.BrowserOnly:
		return provision.Refuse(ReasonBrowser, "no token may %s: that needs somebody at a browser", rule.Means)
	case a.Kind == Token && len(a.Verbs) > 0 && !slices.Contains(a.Verbs, string(v)):
		return provision.Refuse(ReasonScope, "this token was not made to %s (%s)", rule.Means, v)
	case a.Kind == Token && rule.StepUp && !slices.Contains(a.Verbs, string(v)):
		return provision.Refuse(ReasonScope, "a token may %s only where it names %s", rule.Means, v)
	case a.Kind != Token && rule.StepUp && !a.Fresh():
		return provision.Refuse(ReasonStepUp, "sign in once more to %s: that needs a sign-in within the last %s", rule.Means, minutes(FreshFor))
	}
	return nil
}

// Fresh reports whether the actor proved who they are a short while ago.
func (a *Actor) Fresh() bool {
	return !a.FreshSince.IsZero() && a.now().Sub(a.FreshSince) < FreshFor
}

// Cause is what the audit log says of a change that the actor makes: doing is the
// operation in the words of the door, "POST /api/v1/plans".
func (a *Actor) Cause(doing, request string) provision.Cause {
	return provision.Cause{Actor: a.actor, Action: doing, Request: request}
}

// Key tells the actor from everybody else, also from whoever had their name before:
// the name of a token or of an admin that has ended is free for another.
func (a *Actor) Key() string { return a.actor + "\x00" + a.self }

// TokenID is the id of the token that the actor shows; "" when they show none.
func (a *Actor) TokenID() administration.TokenID {
	if a.Kind != Token {
		return ""
	}
	return administration.TokenID(a.self)
}

// Maker is who the core is told makes a token.
func (a *Actor) Maker() administration.Maker {
	return administration.Maker{Standing: a.Standing, Person: a.Identity, Connection: a.Connection}
}

func listed(roles []administration.Role) string {
	if len(roles) == 0 {
		return "nobody"
	}
	names := make([]string, len(roles))
	for i, r := range roles {
		names[i] = string(r)
	}
	return strings.Join(names, ", ")
}

func minutes(d time.Duration) string { return fmt.Sprintf("%d minutes", d/time.Minute) }

type actorKey struct{}

// ActorOf returns who asks by the request behind ctx; the zero Actor, who may
// nothing, when nobody has shown who they are.
func ActorOf(ctx context.Context) *Actor {
	if a, ok := ctx.Value(actorKey{}).(*Actor); ok {
		return a
	}
	return &Actor{}
}

// actor finds who asks: by the Authorization header when there is one, and by
// nothing else then; else by the session of a break-glass admin, or of a person.
// Nobody is the zero Actor, and no error. A token that is not accepted is Denied.
func (h *Handler) actor(r *http.Request) (*Actor, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		return h.byToken(r, header)
	}
	who, since, err := h.options.BreakGlass(r)
	if err == nil {
		return &Actor{Kind: BreakGlass, Name: who.Name, Standing: administration.Standing{Role: administration.Owner},
			FreshSince: since, actor: "break-glass:" + who.Name, self: string(who.ID), now: h.options.Now}, nil
	}
	if !isDenied(err) {
		return nil, err
	}
	session, person, _, err := h.options.Person(r)
	if isDenied(err) {
		return &Actor{}, nil
	}
	if err != nil {
		return nil, err
	}
	standing, err := h.core.Administration.StandingOf(r.Context(), &person)
	if err != nil {
		return nil, err
	}
	return &Actor{Kind: Person, Name: cmp.Or(person.Profile.DisplayName, person.UserName), Standing: standing, FreshSince: session.AuthnAt,
		Identity: person.ID, Connection: person.Connection, actor: "person:" + string(person.ID), now: h.options.Now}, nil
}

func (h *Handler) byToken(r *http.Request, header string) (*Actor, error) {
	scheme, bearer, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(strings.TrimSpace(bearer), administration.TokenPrefix) {
		return nil, provision.Refuse(ReasonCredentials, "show a token of the admin API, which begins with %s", administration.TokenPrefix)
	}
	t, standing, err := h.core.Administration.Authenticate(r.Context(), strings.TrimSpace(bearer))
	if err != nil {
		return nil, err
	}
	return &Actor{Kind: Token, Name: t.Name, Standing: standing, Verbs: t.Verbs, Identity: t.Person, Connection: t.Connection,
		actor: "api:" + t.Name, self: string(t.ID), now: h.options.Now}, nil
}
