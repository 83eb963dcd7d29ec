package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api/buffered"
	"github.com/deskbridge/deskbridge/admin/api/problem"
	"github.com/deskbridge/deskbridge/admin/api/readable"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/adoption"
	"github.com/deskbridge/deskbridge/provision/alarm"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/credential"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/directory"
	"github.com/deskbridge/deskbridge/provision/erasure"
	"github.com/deskbridge/deskbridge/provision/expiry"
	"github.com/deskbridge/deskbridge/provision/explanation"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/reconcile"
	"github.com/deskbridge/deskbridge/provision/report"
	"github.com/deskbridge/deskbridge/provision/request"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/provision/secondadmin"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/provision/settings"
	"github.com/deskbridge/deskbridge/provision/setuplink"
)

// prefix is where the routes are.
const prefix = "/api/v1"

// Core is what the API asks of the core, and no more.
type Core struct {
	Administration *administration.Service
	Adoption       *adoption.Service
	Alarms         *alarm.Service
	Audit          *audit.Service
	DeskHealth     *deskhealth.Service
	Directory      *directory.Service
	Erasure        *erasure.Service
	Expiry         *expiry.Service
	Explanation    *explanation.Service
	Plan           *plan.Service
	Reconcile      *reconcile.Service
	Report         *report.Service
	Requests       *request.Service
	Seats          *seat.Service
	SecondAdmin    *secondadmin.Service
	Sessions       *session.Service
	SetupLinks     *setuplink.Service
	Settings       *settings.Service
	Tokens         *credential.Service

	Now provision.Clock
}

// Options say what the API needs of the program around it.
type Options struct {
	Version   string // of the program, for the document
	PublicURL string // what browsers see, without a slash at the end
	Log       *slog.Logger
	RequestID func(context.Context) string
	// ReadDraft reads a configuration that has the form of access.yaml, as JSON. A
	// mistake is an Invalid error with all of them.
	ReadDraft func(text []byte) (plan.Draft, error)
	// Applied is called when a draft was applied; nil: nothing else is to be done.
	Applied func(context.Context, plan.Draft) error
	// ReachDesk opens a desk for looking at its users and giving them back; errors are in
	// words for an admin.
	ReachDesk func(context.Context, provision.Desk) (adoption.Desk, error)
	// Command runs a command of the command line, whose words with hyphens between
	// them name it, and answers with what it says ([admin.Said]). An error is one of
	// before it began. nil: there is none to run.
	Command func(w http.ResponseWriter, r *http.Request, who *admin.Actor, name string) error
}

// API serves what is below /api/. It is safe for concurrent use.
type API struct {
	core     Core
	options  Options
	mux      *http.ServeMux
	huma     huma.API
	verbs    map[string]admin.Verb  // by pattern
	describe func()                 // describes all routes; once, when somebody asks for one
	document func() ([]byte, error) // OpenAPI 3.1, as JSON; made once, when it is asked for
	page     func() ([]byte, error) // the same for people
}

// New returns the API for core, to be mounted as [admin.Handler.API]. What describes
// its routes takes 1.5 MB, and is made when somebody asks first.
func New(core Core, o Options) *API {
	a := &API{core: core, options: o, mux: http.NewServeMux(), verbs: make(map[string]admin.Verb)}
	config := huma.DefaultConfig("Deskbridge admin API", "1")
	config.CreateHooks = nil // no links to schemas in every answer
	config.DocsPath, config.OpenAPIPath, config.SchemasPath = "", "", ""
	config.RejectUnknownQueryParameters = true
	config.Formats = map[string]huma.Format{"application/json": huma.DefaultJSONFormat, "json": huma.DefaultJSONFormat}
	config.Info.Description = description
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token":  {Type: "http", Scheme: "bearer", Description: "a token of the admin API: `deskbridge api-token add`"},
		"cookie": {Type: "apiKey", In: "cookie", Name: "__Host-deskbridge_session", Description: "somebody who is signed in, and whose group has a role"},
	}
	config.Security = []map[string][]string{{"token": {}}, {"cookie": {}}}
	a.describe = sync.OnceFunc(func() {
		a.huma = humago.NewWithPrefix(a.mux, prefix, config)
		a.routes()
	})
	a.document = sync.OnceValues(func() ([]byte, error) {
		a.describe()
		return json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
	})
	a.page = sync.OnceValues(func() ([]byte, error) {
		a.describe()
		return readable.Page(a.huma.OpenAPI(), prefix)
	})
	a.mux.HandleFunc("GET /api/openapi.json", a.static("application/json", a.document))
	a.mux.HandleFunc("GET /api/docs", a.static("text/html; charset=utf-8", a.page))
	a.mux.HandleFunc("GET /api/docs.css", a.static("text/css; charset=utf-8", func() ([]byte, error) { return readable.Styles(), nil }))
	return a
}

const description = `What the console shows and does, for programs.

Show a token as a bearer token. A list has "next" while there is more: give it back as "cursor". Errors are problems (RFC 9457) with a code and a
hint. What changes something is entered in the audit log under the name of who asked. Names and addresses of people stand in bodies only, never in
an address that a log may keep.`

func (a *API) static(contentType string, made func() ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, err := made()
		if err != nil {
			a.problem(w, r.Context(), a.toProblem(r.Context(), err))
			return
		}
		w.Header().Set("Content-Type", contentType)
		w.Write(text) //nolint:errcheck // the client may be gone
	}
}

// routes registers all that there is, noun by noun.
func (a *API) routes() {
	a.attentionRoutes()
	a.peopleRoutes()
	a.accountRoutes()
	a.deskRoutes()
	seatRoutes(a)
	a.connectionRoutes()
	setupLinkRoutes(a)
	a.groupRoutes()
	a.ruleRoutes()
	a.planRoutes()
	adoptionRoutes(a)
	alarmRoutes(a)
	a.auditRoutes()
	a.requestRoutes()
	a.sessionRoutes()
	a.tokenRoutes()
	a.adminRoutes()
	newCommandLine(a).routes()
}

// Document returns the OpenAPI document, as JSON.
func (a *API) Document() ([]byte, error) { return a.document() }

// ServeHTTP answers requests for paths under /api/.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.describe()
	handler, pattern := a.mux.Handler(r)
	if pattern == "" || r.URL.Path != path.Clean(r.URL.Path) { // nothing is there, or nothing for this method
		seen := buffered.New()
		handler.ServeHTTP(seen, r)
		if allow := seen.Header().Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
		}
		if seen.Status/100 == 3 { // a path that is not clean
			seen.Status = http.StatusNotFound
		}
		a.problem(w, r.Context(), problem.New(seen.Status, ""))
		return
	}
	switch {
	case !strings.HasPrefix(r.URL.Path, prefix), r.URL.Path == prefix+"/events":
		a.mux.ServeHTTP(w, r)
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		a.read(w, r)
	default:
		a.change(w, r)
	}
}

// verbOf returns the verb of the route that a request is for.
func (a *API) verbOf(r *http.Request) admin.Verb {
	_, pattern := a.mux.Handler(r)
	return a.verbs[pattern]
}

// route is one route of the API.
type route struct {
	id      string // operationId
	method  string
	path    string // below [prefix]
	verb    admin.Verb
	tag     string
	summary string
	status  int // of a good answer; 0: 200
}

// asked is who asks, and for what.
type asked struct {
	*admin.Actor
	cause provision.Cause
}

// handle adds a route: whoever may not is refused before anything that they sent is
// read.
func handle[I, O any](a *API, to route, do func(ctx context.Context, who asked, in *I) (*O, error)) {
	rule, _ := admin.RuleOf(to.verb)
	roles := make([]string, len(rule.Roles))
	for i, r := range rule.Roles {
		roles[i] = string(r)
	}
	op := huma.Operation{OperationID: to.id, Method: to.method, Path: to.path, Tags: []string{to.tag}, Summary: to.summary, DefaultStatus: to.status,
		Description: "For: " + strings.Join(roles, ", ") + ". Verb: `" + string(to.verb) + "`." + map[bool]string{true: " Needs a sign-in within the last 10 minutes, or a token that names the verb."}[rule.StepUp],
		Extensions:  map[string]any{"x-verb": to.verb, "x-roles": roles, "x-step-up": rule.StepUp},
		Errors:      []int{http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed, http.StatusRequestEntityTooLarge, http.StatusTooManyRequests, http.StatusServiceUnavailable},
		Middlewares: huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
			if err := admin.ActorOf(ctx.Context()).May(to.verb); err != nil {
				_, w := humago.Unwrap(ctx)
				a.problem(w, ctx.Context(), a.toProblem(ctx.Context(), err))
				return
			}
			next(ctx)
		}},
		MaxBodyBytes: admin.MaxBody,
	}
	a.verbs[to.method+" "+prefix+to.path] = to.verb
	doing := to.method + " " + prefix + to.path
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		who := admin.ActorOf(ctx)
		out, err := do(ctx, asked{who, who.Cause(doing, a.options.RequestID(ctx))}, in)
		if err != nil {
			return nil, a.toProblem(ctx, err)
		}
		return out, nil
	})
}

// names finds what connections and desks are called.
type names struct {
	connections map[provision.ConnectionID]string
	desks       map[provision.DeskID]string
	policies    map[provision.DeskID]provision.Desk // what is said of leavers there
}

func (a *API) names(ctx context.Context) (n names, _ error) {
	connections, err := a.core.Settings.Connections(ctx)
	if err != nil {
		return n, err
	}
	desks, err := a.core.Settings.Desks(ctx)
	if err != nil {
		return n, err
	}
	n = names{make(map[provision.ConnectionID]string), make(map[provision.DeskID]string), make(map[provision.DeskID]provision.Desk)}
	for _, c := range connections {
		n.connections[c.ID] = c.Name
	}
	for _, d := range desks {
		n.desks[d.ID], n.policies[d.ID] = d.Name, d
	}
	return n, nil
}

// connection returns the id of a connection by its name or id; "" for "".
func (a *API) connection(ctx context.Context, nameOrID string) (provision.ConnectionID, error) {
	if nameOrID == "" {
		return "", nil
	}
	c, err := a.core.Settings.Connection(ctx, nameOrID)
	return c.ID, err
}

// desk is connection for a desk.
func (a *API) desk(ctx context.Context, nameOrID string) (provision.DeskID, error) {
	if nameOrID == "" {
		return "", nil
	}
	d, err := a.core.Settings.Desk(ctx, nameOrID)
	return d.ID, err
}

// list returns what is never null in JSON.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// days returns how long so many days are.
func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }
