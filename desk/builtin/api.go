package builtin

import (
	"cmp"
	"context"
	"crypto/rand"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
)

// Root is the path under which [Desks.Handler] serves.
const Root = "/desk/v2/"

// Options are the settings of the HTTP API.
type Options struct {
	PublicURL      string       // where clients reach the server, without Root; starts the links in answers
	UnitsPerMinute int          // for each desk: a read costs one, a write two; default 4000
	Log            *slog.Logger // for failures of our own; default slog.Default()
}

// Handler serves the HTTP API of all desks. Which of them a request is about
// follows from its token.
func (d *Desks) Handler(o Options) http.Handler {
	a := &api{desks: d, base: strings.TrimSuffix(o.PublicURL, "/") + strings.TrimSuffix(Root, "/"), log: o.Log}
	if a.log == nil {
		a.log = slog.Default()
	}
	a.limit = newLimiter(o.UnitsPerMinute)
	mux := http.NewServeMux()
	mux.Handle(Root, a.authorized(methods{})) // whatever is not below is not found
	mux.HandleFunc("GET "+Root+"errors", a.explainErrors)
	mux.HandleFunc(Root+"oauth2/token", a.token)
	for path, m := range map[string]methods{
		"users":              {http.MethodGet: listUsers, http.MethodPost: createUser},
		"users/me":           {http.MethodGet: getMe},
		"users/status":       {http.MethodGet: listStatuses},
		"users/{id}":         {http.MethodGet: getUser, http.MethodDelete: deleteUser},
		"users/{id}/status":  {http.MethodGet: getStatus, http.MethodPut: setStatus},
		"teams":              {http.MethodGet: listTeams},
		"teams/{id}/members": {http.MethodGet: listMembers, http.MethodPut: changeMembers},
		"mailboxes":          {http.MethodGet: listMailboxes},
		"mailboxes/{id}":     {http.MethodGet: getMailbox},
		"conversations":      {http.MethodGet: listConversations, http.MethodPost: createConversation},
		"conversations/{id}": {http.MethodGet: getConversation, http.MethodPatch: patchConversation},
	} {
		mux.Handle(Root+path, a.authorized(m))
	}
	return mux
}

type api struct {
	desks *Desks
	base  string // URL of Root, without the slash at the end
	limit *limiter
	log   *slog.Logger
}

// call is one request by somebody who is known.
type call struct {
	api    *api
	w      http.ResponseWriter
	r      *http.Request
	view   // of the caller's desk
	caller *user
	ref    string // in the answer and in the log
}

// methods are what a resource can do.
type methods map[string]func(ctx context.Context, c *call) error

// authorized finds out who calls, counts the call and passes it on.
func (a *api) authorized(m methods) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		c := &call{api: a, w: w, r: r, ref: correlate(w)}
		if err := c.serve(ctx, m); err != nil {
			a.fail(ctx, w, c.ref, err)
		}
	})
}

// correlate names the request in the answer and returns the name: the one that
// the server around us has given it, so that its log says the same.
func correlate(w http.ResponseWriter) string {
	ref := cmp.Or(w.Header().Get("X-Request-Id"), strings.ToLower(rand.Text()))
	w.Header().Set("Correlation-ID", ref)
	return ref
}

func (c *call) serve(ctx context.Context, m methods) error {
	scheme, token, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" {
		return errUnauthorized()
	}
	on, caller, err := c.api.desks.caller(ctx, strings.TrimSpace(token))
	if err != nil {
		return err
	}
	c.view, c.caller = c.api.desks.view(on), caller
	if err := c.api.limit.take(on, c.r.Method, c.api.desks.now(), c.w.Header()); err != nil {
		return err
	}
	if !caller.Role.works() {
		return refuse(http.StatusForbidden, "users with the role "+string(caller.Role)+" cannot use the API")
	}
	if len(m) == 0 {
		return refuse(http.StatusNotFound, "Not found")
	}
	method := c.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	do, ok := m[method]
	if !ok {
		c.w.Header().Set("Allow", strings.Join(slices.Sorted(maps.Keys(m)), ", "))
		return refuse(http.StatusMethodNotAllowed, "Method not allowed")
	}
	c.r.Body = http.MaxBytesReader(c.w, c.r.Body, maxBodyBytes)
	return do(ctx, c)
}

// mustManage refuses callers who are neither admin nor owner.
func (c *call) mustManage() error {
	if !c.caller.Role.manages() {
		return refuse(http.StatusForbidden, "Only administrators and the account owner may do this")
	}
	return nil
}

// write runs fn in a transaction on the caller's desk.
func (c *call) write(ctx context.Context, fn func(t *tx) error) error {
	return c.api.desks.write(ctx, c.desk, fn)
}

// pathID returns the id in the path; NotFound when it is none.
func (c *call) pathID() (int64, error) {
	id := parseID(c.r.PathValue("id"))
	if id == 0 {
		return 0, desk.Errorf(desk.NotFound, "Not found")
	}
	return id, nil
}
