package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api/problem"
	"github.com/deskbridge/deskbridge/internal/share"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
)

// commandLine answers what the command line asks from another machine.
type commandLine struct {
	*API
	running *share.Pool[string] // commands that run now, by who asked
}

// What commands may take of this process.
const (
	mostCommands  = 32               // at once
	commandsOfOne = 8                // at once, of one token
	commandWait   = time.Second      // for one of them to end
	commandTime   = 15 * time.Minute // for one of them
)

func newCommandLine(a *API) commandLine {
	return commandLine{a, share.New[string](commandsOfOne, mostCommands)}
}

// routes adds what is not in the document: a program has the routes that are, and
// these go with a command line of about the same release.
func (a commandLine) routes() {
	for pattern, do := range map[string]func(http.ResponseWriter, *http.Request) error{
		"POST " + prefix + "/commands/{command}": a.run,
		"POST " + prefix + "/login":              a.login,
		"POST " + prefix + "/logout":             a.logout,
	} {
		a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := do(w, r); err != nil {
				a.problem(w, r.Context(), a.toProblem(r.Context(), err))
			}
		})
	}
}

func (a commandLine) run(w http.ResponseWriter, r *http.Request) error {
	who := admin.ActorOf(r.Context())
	switch {
	case who.Kind == "":
		return provision.Refuse(admin.ReasonCredentials, "show a token of the admin API")
	case who.Kind != admin.Token: // no page of another site, whatever a browser sends along
		return provision.Refuse(admin.ReasonScope, "commands are run for who shows a token, not for a browser")
	case a.options.Command == nil:
		return provision.Errorf(provision.NotFound, "command", "this server runs no commands")
	}
	taken, err := a.running.Take(r.Context(), who.Key(), 1, commandWait)
	if err != nil {
		p := problem.New(http.StatusTooManyRequests, "too many commands run at once; wait a moment")
		if errors.Is(err, share.ErrEach) {
			p = problem.New(http.StatusTooManyRequests, fmt.Sprintf("%d commands of this token run already; wait until one has ended", commandsOfOne))
		}
		p.Headers = http.Header{"Retry-After": {"10"}}
		return p
	}
	defer taken.GiveBack()
	ctx, end := context.WithTimeout(r.Context(), commandTime)
	defer end()
	return a.options.Command(w, r.WithContext(ctx), who, r.PathValue("command"))
}

// login exchanges a code that was given to a browser for a token. A code is used up
// by that, also by whoever has not the verifier.
func (a commandLine) login(w http.ResponseWriter, r *http.Request) error {
	var in admin.Login
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return provision.Errorf(provision.Invalid, "", "the body is not the JSON of a login")
	}
	ctx := r.Context()
	var d administration.Delegation
	err := a.core.Sessions.TakeOneTime(ctx, administration.DelegationKind, "", in.Code, &d)
	if provision.IsNotFound(err) {
		err = administration.ErrDelegation
	}
	if err != nil {
		return err
	}
	t, secret, err := a.core.Administration.Redeem(ctx, a.options.RequestID(ctx), d, in.Verifier)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(admin.LoggedIn{Token: secret, Name: t.Name, Role: string(t.Role), Verbs: t.Verbs, ExpiresAt: t.ExpiresAt.UTC().Format(time.RFC3339)})
}

// logout ends the token that is shown.
func (a commandLine) logout(w http.ResponseWriter, r *http.Request) error {
	who := admin.ActorOf(r.Context())
	if who.TokenID() == "" {
		return provision.Refuse(admin.ReasonCredentials, "show the token that is to end")
	}
	if _, err := a.core.Administration.RevokeToken(r.Context(), who.Cause("deskbridge logout", a.options.RequestID(r.Context())), string(who.TokenID())); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(map[string]bool{"ended": true})
}
