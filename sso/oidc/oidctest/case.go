package oidctest

import "slices"

// Part is where a case shows.
type Part string

// The parts.
const (
	SignIn    Part = "sign-in"   // a good sign-in, then Set, then another one
	Logout    Part = "logout"    // a good sign-in, then Set, then the logout token of that person and session
	Discovery Part = "discovery" // Set, then the connection is set up, and a sign-in if that goes well
)

// Case is one thing that a provider, or somebody in its name, does.
type Case struct {
	ID, Title string
	Part      Part
	Accept    bool   // nothing is wrong with it by the protocol
	Reason    string // else the reason of the refusal
	// Account says that only who knows the accounts can refuse it: the protocol
	// accepts it, and it must not become the victim's sign-in.
	Account bool
	// Other says that the provider is a second one, beside that which knows the
	// victim: its people are others, whatever it calls them.
	Other    bool
	UserInfo bool // for connections that ask the userinfo end point
	Set      func(p *Provider)
}

// Cases returns all of them. What takes two browsers, such as an answer that
// comes back elsewhere, is for the caller to play: no provider has to lie for
// it.
func Cases() []Case {
	return slices.Concat(soundCases(), answerCases(), forgedCases(), claimCases(), strictCases(), accountCases(), logoutCases(), discoveryCases())
}

// claim returns a change of one claim; nil takes it away.
func claim(name string, value any) func(*Provider) {
	return claimsOf(func(_ *Provider, c map[string]any) { put(c, name, value) })
}

func claimsOf(f func(p *Provider, claims map[string]any)) func(*Provider) {
	return func(p *Provider) { p.Claims = func(c map[string]any) { f(p, c) } }
}

func put(m map[string]any, name string, value any) {
	if value == nil {
		delete(m, name)
		return
	}
	m[name] = value
}
