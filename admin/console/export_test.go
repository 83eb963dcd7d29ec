package console

import (
	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/internal/core"
)

// CoreOf returns what the console asks of c.
func CoreOf(c *core.Core) Core {
	return Core{Adoption: c.Adoption, Alarms: c.Alarms, Audit: c.Audit, BreakGlass: c.BreakGlass, DeskHealth: c.DeskHealth, Directory: c.Directory, Explanation: c.Explanation, Plan: c.Plan, Reconcile: c.Reconcile, Report: c.Report,
		Requests: c.Requests, Seats: c.Seats, SecondAdmin: c.SecondAdmin, Sessions: c.Sessions, Settings: c.Settings, SetupLinks: c.SetupLinks, Tokens: c.Tokens, Now: c.Now}
}

// Route is an address of the console, and what somebody must be allowed for it.
type Route struct {
	Pattern string
	Verb    admin.Verb
}

// Routes returns all that have a verb.
func Routes() (all []Route) {
	for _, r := range (&handler{}).routes() {
		all = append(all, Route{r.pattern, r.verb})
	}
	for _, routes := range (&handler{}).rooms() {
		for _, r := range routes {
			all = append(all, Route{r.Pattern, r.Verb})
		}
	}
	return all
}

// LinkRoutes returns those that are for whoever has a link.
func LinkRoutes() (all []Route) {
	for _, r := range (&handler{}).linkRoutes() {
		all = append(all, Route{r.pattern, ""})
	}
	return all
}
