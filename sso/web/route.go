package web

import (
	"net/http"

	"github.com/deskbridge/deskbridge/provision"
)

// Route is one address that a room serves, and what is checked before a request
// gets there. Package sso has the checks: what a Route does not say otherwise is
// counted by address, must not come from another site when it changes something,
// and is not asked by HEAD: what reads addresses without opening them, such as a
// mail scanner, uses nothing up.
type Route struct {
	// Pattern is that of [http.ServeMux], with a method unless any will do:
	// "GET /sso/login". Logs and metrics call the route by it.
	Pattern string

	// Serve answers requests. OfConnection does in its place where Pattern has
	// {connection}: for connections that are there and switched on.
	Serve        http.HandlerFunc
	OfConnection func(w http.ResponseWriter, r *http.Request, conn provision.Connection)

	// Kind is what requests of a connection are counted as, from all addresses
	// together ([Site.Crowded]); needed with OfConnection. [Uncrowded] is for
	// what costs nothing, and leaves nothing behind.
	Kind string

	// WhileOff says that it is asked, too, where sign-in is switched off: for an
	// admin's test sign-in. OfConnection refuses all others ([Site.SwitchedOff]).
	WhileOff bool

	// Presumes says that the connection is taken for what it was a moment ago, and
	// looked up together with what the database is asked for first. What
	// OfConnection answers is held back until then; it may be asked twice. Before
	// it asks anybody but the database it sees whether [Site.Confirmed] says so: what
	// the connection was may name an identity provider that is not to be shown anything
	// any more. What it notes anywhere else, it notes then, too; [Site.Refuse] and
	// [Site.Broken] do.
	Presumes bool

	// Beside has the look-up of Presumes made at once, while OfConnection is at work:
	// where that asks the database for nothing, or not before it asks somebody else.
	Beside bool

	// EveryPage says that a reverse proxy asks for it at each page view of a desk,
	// for everybody: it is not counted by address.
	EveryPage bool

	// FormToken says that its form carries [Site.FormToken], which stands in where
	// the browser hides what site a form comes from ([HidesOrigin]).
	FormToken bool

	// FromAnywhere says that other sites may have a browser send it: because the
	// message proves itself, or because nothing changes.
	FromAnywhere bool
}

// Uncrowded is the [Route.Kind] of requests that are not counted by connection.
const Uncrowded = "-"
