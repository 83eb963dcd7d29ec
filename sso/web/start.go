package web

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/deskbridge/deskbridge/provision/session"
)

// Start is what a sign-in is begun for. It travels in addresses and forms, where
// whoever sits at the browser can change it: what a desk demands, it checks
// itself when they come back.
type Start struct {
	ReturnTo string         `json:"return_to"`       // a path of ours
	Desk     string         `json:"desk,omitempty"`  // name of the desk that ReturnTo leads to; "": not known
	Demand   session.Demand `json:"demand,omitzero"` // what that desk asks of the sign-in
}

// The parameters of a [Start].
const (
	paramReturnTo = "return_to"
	paramDesk     = "desk"
	paramPrompt   = "prompt"  // login or select_account (OpenID Connect Core §3.1.2.1)
	paramMaxAge   = "max_age" // seconds

	promptLogin  = "login"
	promptSelect = "select_account"

	maxDeskName = 200
)

// StartOf reads a Start from parameters. What is not understood is left out.
func (s *Site) StartOf(params url.Values) Start {
	t := Start{ReturnTo: s.ReturnPath(params.Get(paramReturnTo)), Desk: params.Get(paramDesk)}
	if len(t.Desk) > maxDeskName {
		t.Desk = ""
	}
	t.Demand.Anew, t.Demand.Choose = params.Get(paramPrompt) == promptLogin, params.Get(paramPrompt) == promptSelect
	if seconds, err := strconv.ParseUint(params.Get(paramMaxAge), 10, 31); err == nil {
		t.Demand.MaxAge = time.Duration(seconds) * time.Second
	}
	return t
}

// Params returns the parameters from which [Site.StartOf] reads t.
func (t Start) Params() url.Values {
	params := url.Values{paramReturnTo: {LocalPath(t.ReturnTo)}}
	if t.Desk != "" {
		params.Set(paramDesk, t.Desk)
	}
	switch {
	case t.Demand.Anew:
		params.Set(paramPrompt, promptLogin)
	case t.Demand.Choose:
		params.Set(paramPrompt, promptSelect)
	}
	if t.Demand.MaxAge > 0 {
		params.Set(paramMaxAge, strconv.FormatInt(int64(t.Demand.MaxAge/time.Second), 10))
	}
	return params
}

// SignIn sends the browser to sign in, again if somebody is signed in, and then
// to where t says.
func (s *Site) SignIn(w http.ResponseWriter, r *http.Request, t Start) {
	at := "/sso/login"
	if _, _, conn, err := s.Current(r); err == nil {
		at = LoginPath(conn.Name)
	}
	http.Redirect(w, r, at+"?"+t.Params().Encode(), http.StatusSeeOther)
}

// LoginPath is where a sign-in at a connection begins.
func LoginPath(connection string) string { return "/sso/" + connection + "/login" }
