package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/breakglass"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
	"github.com/deskbridge/deskbridge/provision/request"
	"github.com/deskbridge/deskbridge/provision/session"
	"github.com/deskbridge/deskbridge/store/storetest"
)

var update = flag.Bool("update", false, "rewrite the golden files in testdata")

const site = "https://bridge.example.test"

// command runs a command of the command line.
type command = func(w http.ResponseWriter, r *http.Request, who *admin.Actor, name string) error

// office is an API on a database of its own. Every answer that it gives is held
// against its document.
type office struct {
	*provisiontest.Harness
	api     *api.API
	handler http.Handler
	serve   func(command) // makes the API anew, with what runs commands
	token   string        // of an owner, for everything that a token may
	owner   time.Time
	header  [2]string // sent beside, when it has a name
	log     bytes.Buffer
}

// document reads the document once: to make a validator takes a while.
var document = sync.OnceValues(func() (validator.Validator, error) {
	text, err := api.New(api.Core{}, api.Options{}).Document()
	if err != nil {
		return nil, err
	}
	doc, err := libopenapi.NewDocument(text)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return v, nil
})

func newOffice(t *testing.T) *office {
	t.Helper()
	return officeOf(provisiontest.New(t, storetest.SQLite(t)))
}

func officeOf(h *provisiontest.Harness) *office {
	o := &office{Harness: h}
	c := o.Core
	id := func(context.Context) string { return "req-1" }
	logger := slog.New(slog.NewTextHandler(&o.log, nil))
	door, err := admin.New(admin.Core{Administration: c.Administration}, admin.Options{PublicURL: site, Log: logger, RequestID: id, Now: o.Now,
		ClientAddress: func(*http.Request) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, 1}) },
		BreakGlass: func(*http.Request) (breakglass.Admin, time.Time, error) {
			if o.owner.IsZero() {
				return breakglass.Admin{}, time.Time{}, session.ErrNone
			}
			return breakglass.Admin{Name: "safe"}, o.owner, nil
		},
		Person: func(*http.Request) (provision.Session, provision.Identity, provision.Connection, error) {
			return provision.Session{}, provision.Identity{}, provision.Connection{}, session.ErrNone
		}})
	o.Must(err)
	o.serve = func(run command) {
		o.api = api.New(api.Core{Administration: c.Administration, Adoption: c.Adoption, Alarms: c.Alarms, Audit: c.Audit, DeskHealth: c.DeskHealth, Directory: c.Directory, Erasure: c.Erasure, Expiry: c.Expiry, Explanation: c.Explanation, Plan: c.Plan, Reconcile: c.Reconcile,
			Report: c.Report, Requests: c.Requests, Seats: c.Seats, SecondAdmin: c.SecondAdmin, Sessions: c.Sessions, SetupLinks: c.SetupLinks, Settings: c.Settings, Tokens: c.Tokens, Now: c.Now},
			api.Options{PublicURL: site, Log: logger, RequestID: id, ReadDraft: readDraft, ReachDesk: o.reach, Command: run})
		door.API = o.api
	}
	o.serve(nil)
	o.handler = door
	var verbs []string
	for _, r := range admin.Rules {
		if !r.BrowserOnly {
			verbs = append(verbs, string(r.Verb))
		}
	}
	o.token = o.tokenOf(administration.Owner, verbs...)
	return o
}

// readDraft reads what these tests draft: rules.
func readDraft(text []byte) (d plan.Draft, _ error) {
	var in struct {
		Desks []struct{ Name string }
		Rules []struct {
			Connection, Desk, Group, Role string
			Teams                         []string
			DeskRoles                     []string `json:"desk_roles"`
			Until                         string
		}
	}
	err := json.Unmarshal(text, &in)
	for _, k := range in.Desks {
		d.Desks = append(d.Desks, provision.Desk{Name: k.Name})
	}
	for _, r := range in.Rules {
		rule := provision.Rule{Group: r.Group, Role: provision.Role(r.Role), Teams: r.Teams, DeskRoles: r.DeskRoles}
		if r.Until != "" {
			end, err := provision.ParseUntil("until", r.Until)
			if err != nil {
				return d, err
			}
			rule.Until = &end
		}
		d.Rules = append(d.Rules, plan.DraftRule{Connection: r.Connection, Desk: r.Desk, Rule: rule})
	}
	return d, err
}

// tokenOf makes a token of a role.
func (o *office) tokenOf(role administration.Role, verbs ...string) string {
	o.Helper()
	draft := administration.TokenDraft{Name: strings.ToLower(string(provision.NewID[provision.TokenID]())), Role: role, Verbs: verbs}
	if role == administration.MailboxManager {
		draft.Reach = []administration.Reach{{Desk: o.Desk.ID, Teams: []string{"Tier 1"}}}
	}
	_, secret, err := o.Core.Administration.CreateToken(o.Context(), provisiontest.ByTest, administration.Maker{Standing: administration.Standing{Role: administration.Owner}}, draft)
	o.Must(err)
	return secret
}

// call asks and holds the answer against the document. body is JSON or nil.
func (o *office) call(token, method, path string, body any) *httptest.ResponseRecorder {
	o.Helper()
	return o.callIn(o.Context(), token, method, path, body)
}

func (o *office) callIn(ctx context.Context, token, method, path string, body any) *httptest.ResponseRecorder {
	o.Helper()
	w := o.ask(ctx, token, method, path, body)
	if strings.HasPrefix(w.Header().Get("Content-Type"), "text/event-stream") {
		return w
	}
	v, err := document()
	o.Must(err)
	r := httptest.NewRequestWithContext(ctx, method, site+path, http.NoBody)
	if ok, errs := v.ValidateHttpResponse(r, w.Result()); !ok {
		for _, e := range errs {
			o.Errorf("%s %s answers %d, which the document does not have: %s: %s %v\n%s", method, path, w.Code, e.Message, e.Reason, e.SchemaValidationErrors, w.Body)
		}
	}
	return w
}

// ask asks, wherever that leads.
func (o *office) ask(ctx context.Context, token, method, path string, body any) *httptest.ResponseRecorder {
	o.Helper()
	var sent io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		o.Must(err)
		sent = bytes.NewReader(text)
	}
	r := httptest.NewRequestWithContext(ctx, method, site+path, sent)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if o.header[0] != "" {
		r.Header.Set(o.header[0], o.header[1])
	}
	w := httptest.NewRecorder()
	o.handler.ServeHTTP(w, r)
	if w.Code >= 400 && w.Header().Get("Content-Type") != "application/problem+json" {
		o.Errorf("%s %s: %d as %s: %s", method, path, w.Code, w.Header().Get("Content-Type"), w.Body)
	}
	return w
}

// get asks as the owner's token and reads the answer.
func get[T any](o *office, path string) (out T) {
	o.Helper()
	return read[T](o, o.call(o.token, "GET", path, nil), 200)
}

func read[T any](o *office, w *httptest.ResponseRecorder, status int) (out T) {
	o.Helper()
	if w.Code != status {
		o.Fatalf("%d, want %d: %s\n%s", w.Code, status, w.Body, o.log.String())
	}
	o.Must(json.Unmarshal(w.Body.Bytes(), &out))
	return out
}

// refused reads a problem.
func (o *office) refused(w *httptest.ResponseRecorder, status int, code string) {
	o.Helper()
	p := read[admin.Problem](o, w, status)
	if p.Code != code || p.Status != status || p.Instance != "req-1" {
		o.Errorf("%+v, want the code %s", p, code)
	}
}

// TestDocument holds the document against the specification, and against what it was
// when somebody last looked at it.
func TestDocument(t *testing.T) {
	v, err := document()
	if err != nil {
		t.Fatal(err)
	}
	if ok, errs := v.ValidateDocument(); !ok {
		for _, e := range errs {
			t.Errorf("%s: %s %v", e.Message, e.Reason, e.SchemaValidationErrors)
		}
	}
	got, err := api.New(api.Core{}, api.Options{}).Document()
	if err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/openapi.json"
	if *update {
		if err := os.WriteFile(golden, append(got, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.TrimSpace(want), got) {
		t.Error("the document is another than testdata/openapi.json; go test ./admin/api -update, then read the difference")
	}
}

// TestTerms: what is said of somebody beyond rules is in the answer, when it was said
// and by whom; and so is for how long a sign-in alone vouches for them.
func TestTerms(t *testing.T) {
	o := newOffice(t)
	o.ByRoles()
	ada, bob := o.Person("ada", "agent"), o.Person("bob")
	end := time.Date(2099, 2, 1, 0, 0, 0, 0, time.UTC)
	by := provision.Cause{Actor: "cli:ann", Action: "person"}
	_, err := o.Core.Terms.SetEnd(t.Context(), by, ada.ID, &end)
	o.Must(err)
	_, err = o.Core.Terms.Block(t.Context(), by, ada.ID, "lost laptop")
	o.Must(err)
	o.Evaluate()
	one := get[api.PersonDetail](o, "/api/v1/people/"+string(ada.ID))
	if one.Terms == nil || one.Terms.Until == nil || !one.Terms.Until.At.Equal(end) || one.Terms.Until.By == "" || one.Terms.Block == nil || one.Terms.Block.Reason != "lost laptop" || one.Terms.Block.At.IsZero() || one.SignIn != nil {
		t.Errorf("terms: %+v, sign-in %+v", one.Terms, one.SignIn)
	}
	if other := get[api.PersonDetail](o, "/api/v1/people/"+string(bob.ID)); other.Terms != nil {
		t.Errorf("terms of whom nothing is said: %+v", other.Terms)
	}
}

// TestReading makes a company and reads it by every list there is.
func TestReading(t *testing.T) {
	o := newOffice(t)
	o.ByRoles()
	ada, bob := o.Person("ada", "agent"), o.Person("bob")
	support := o.Group("Support", provision.MemberID(ada.ID), provision.MemberID(bob.ID))
	o.Rule("Support", provision.RoleAgent)
	o.Evaluate()
	o.ReconcileAll()
	o.Seal()

	people := get[api.Page[api.Person]](o, "/api/v1/people?limit=1")
	if len(people.Items) != 1 || people.Items[0].UserName != ada.UserName || people.Next == "" || strings.Contains(people.Next, "ada") || people.Items[0].Accounts[0].State != "ready" {
		t.Fatalf("people: %+v", people)
	}
	people = get[api.Page[api.Person]](o, "/api/v1/people?limit=1&cursor="+people.Next)
	if len(people.Items) != 1 || people.Items[0].UserName != bob.UserName || people.Next != "" {
		t.Errorf("the second page: %+v", people)
	}
	found := read[api.Page[api.Person]](o, o.call(o.token, "POST", "/api/v1/people/search", map[string]any{"q": "BOB"}), 200)
	if len(found.Items) != 1 || found.Items[0].ID != string(bob.ID) {
		t.Errorf("search: %+v", found)
	}
	one := get[api.PersonDetail](o, "/api/v1/people/"+string(ada.ID))
	if one.UserName != ada.UserName || len(one.Groups) != 1 || len(one.Desks) != 1 || one.Desks[0].Granted.Role != "agent" || len(one.Desks[0].Reasons) != 1 || len(one.Accounts) != 1 {
		t.Errorf("a person: %+v", one)
	}
	why := get[api.Page[api.Answer]](o, "/api/v1/people/"+string(ada.ID)+"/why?team=Tier+9")
	if len(why.Items) != 1 || why.Items[0].Has || len(why.Items[0].WhyNot) == 0 || why.Items[0].Asked != "team Tier 9" {
		t.Errorf("why not: %+v", why)
	}
	holdings := get[api.Page[api.Holding]](o, "/api/v1/desks/support/accounts?limit=1")
	if len(holdings.Items) != 1 || holdings.Next == "" || holdings.Items[0].Granted.Role != "agent" {
		t.Errorf("who has access: %+v", holdings)
	}
	if desks := get[api.Page[api.Desk]](o, "/api/v1/desks"); len(desks.Items) != 1 || desks.Items[0].Accounts["ready"] != 2 {
		t.Errorf("desks: %+v", desks)
	}
	if desk := get[api.Desk](o, "/api/v1/desks/support"); desk.ID != string(o.Desk.ID) {
		t.Errorf("a desk: %+v", desk)
	}
	if conns := get[api.Page[api.Connection]](o, "/api/v1/connections"); len(conns.Items) != 1 || conns.Items[0].ActivePeople != 2 {
		t.Errorf("connections: %+v", conns)
	}
	if conn := get[api.Connection](o, "/api/v1/connections/acme"); conn.ID != string(o.Conn.ID) {
		t.Errorf("a connection: %+v", conn)
	}
	if groups := get[api.Page[api.Group]](o, "/api/v1/groups?search=supp"); len(groups.Items) != 1 || groups.Items[0].Members != 2 || len(groups.Items[0].Rules) != 1 {
		t.Errorf("groups: %+v", groups)
	}
	group := get[api.GroupDetail](o, "/api/v1/groups/"+string(support.ID)+"?limit=1")
	if group.People != 2 || len(group.First) != 1 || group.Next == "" {
		t.Errorf("a group: %+v", group)
	}
	if rules := get[api.Page[api.Rule]](o, "/api/v1/rules?desk=support"); len(rules.Items) != 2 {
		t.Errorf("rules: %+v", rules)
	}
	o.Core.Requests.Add(request.Record{ID: "r1", At: o.Now(), Connection: o.Conn.ID, Token: "okta", Method: "PATCH", Route: "/scim/{connection}/v2/Users/{id}", Verb: requestlog.Change,
		Identity: ada.ID, Status: 200, Entries: 2})
	o.Core.Requests.Add(request.Record{ID: "r2", At: o.Now(), Method: "GET", Route: "/scim/{connection}/v2/Users", Status: 401, Reason: "the token is not known"})
	o.Core.Requests.Flush(t.Context())
	if asked := get[api.Page[answer.Request]](o, "/api/v1/requests?limit=1"); len(asked.Items) != 1 || asked.Next == "" {
		t.Errorf("requests: %+v", asked)
	}
	if asked := get[api.Page[answer.Request]](o, "/api/v1/requests?person="+string(ada.ID)); len(asked.Items) != 1 || asked.Items[0].Says != "change a person" || asked.Items[0].Entries != 2 {
		t.Errorf("requests about somebody: %+v", asked)
	}
	if asked := get[api.Page[answer.Request]](o, "/api/v1/requests?refused=true"); len(asked.Items) != 1 || asked.Items[0].Status != 401 {
		t.Errorf("refused requests: %+v", asked)
	}
	entries := get[api.Page[api.Entry]](o, "/api/v1/audit?action=user.created&limit=1")
	if len(entries.Items) != 1 || entries.Items[0].Subject != string(bob.ID) || entries.Next == "" {
		t.Fatalf("audit: %+v", entries)
	}
	entries = get[api.Page[api.Entry]](o, "/api/v1/audit?action=user.created&limit=1&cursor="+entries.Next)
	if len(entries.Items) != 1 || entries.Items[0].Subject != string(ada.ID) || entries.Next != "" {
		t.Errorf("audit, second page: %+v", entries)
	}
	if head := get[api.AuditHead](o, "/api/v1/audit/head"); head.Number == 0 || head.Hash == "" {
		t.Errorf("head: %+v", head)
	}
	if seen := get[answer.Attention](o, "/api/v1/attention"); !seen.NeedsPerson { // no token was ever made for acme
		t.Errorf("attention: %+v", seen)
	}
	for _, path := range []string{"/holds", "/drift", "/sessions", "/connections/acme/tokens", "/api-tokens", "/admins"} {
		get[map[string]any](o, "/api/v1"+path)
	}
	for _, tt := range []struct {
		path   string
		status int
		code   string
	}{
		{"/people/nobody", 404, "not_found"},
		{"/people/" + ada.UserName, 404, "not_found"}, // a name is no id
		{"/people?cursor=" + people.Next + "x", 400, "invalid"},
		{"/people?cursor=t1.zzzzzz.made.up", 400, "invalid"},
		{"/people?limit=0", 422, "invalid"},
		{"/people?q=ada", 422, "invalid"},
		{"/people?status=gone", 422, "invalid"},
		{"/people?connection=other", 404, "not_found"},
		{"/desks/other", 404, "not_found"},
		{"/desks/other/accounts", 404, "not_found"},
		{"/groups/Support", 404, "not_found"},
	} {
		o.refused(o.call(o.token, "GET", "/api/v1"+tt.path, nil), tt.status, tt.code)
	}
	o.refused(o.ask(o.Context(), o.token, "GET", "/api/v1/nothing", nil), 404, "not_found")
	o.refused(o.ask(o.Context(), o.token, "GET", "/api/v1//people", nil), 404, "not_found")
	if w := o.ask(o.Context(), o.token, "DELETE", "/api/v1/people", nil); w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("allowed: %v", w.Header())
	} else {
		o.refused(w, 405, "method")
	}
}

// TestStepsToCome reads what on_leave of a desk is still to do with somebody.
func TestStepsToCome(t *testing.T) {
	o := newOffice(t)
	o.Desk.OnLeave, o.Desk.Approve = "deactivate, delete after 30d", provision.Approve{Of: provision.ApproveDeletes}
	o.Must(o.Store.SaveDesk(o.Context(), o.Desk))
	o.ByRoles()
	for _, name := range []string{"ada", "bob"} {
		id := o.Person(name, "agent")
		o.ReconcileAll()
		o.SetStatus(id.ID, provision.StatusSuspended)
		o.ReconcileAll()
	}
	first := get[api.Page[answer.PersonStep]](o, "/api/v1/steps?desk=support&limit=1")
	if len(first.Items) != 1 || first.Next == "" {
		t.Fatalf("steps: %+v", first)
	}
	step := first.Items[0]
	if step.Step.Step != "delete after 30d" || step.Approval != "needed" || step.Address != "ada@example.test" || step.Desk != "support" || step.Account == "" || step.Due.Sub(o.Now()) < 29*24*time.Hour {
		t.Errorf("a step: %+v", step)
	}
	if rest := get[api.Page[answer.PersonStep]](o, "/api/v1/steps?cursor="+first.Next); len(rest.Items) != 1 || rest.Items[0].Address != "bob@example.test" || rest.Next != "" {
		t.Errorf("the second page: %+v", rest)
	}
	people := get[api.Page[api.Person]](o, "/api/v1/people?limit=1")
	if c := people.Items[0].Accounts[0].ToCome; c == nil || *c != step.Step {
		t.Errorf("in the list of people: %+v", c)
	}
	one := get[api.PersonDetail](o, "/api/v1/people/"+step.Person)
	if c := one.Desks[0].ToCome; c == nil || *c != step.Step || one.Accounts[0].ToCome == nil {
		t.Errorf("of a person: %+v", one)
	}
	if desk := get[api.Desk](o, "/api/v1/desks/support"); desk.StepsToCome != 2 || desk.NextStepAt == nil || !desk.NextStepAt.Equal(step.Due) {
		t.Errorf("of a desk: %+v", desk)
	}
	o.refused(o.call(o.token, "GET", "/api/v1/steps?desk=nowhere", nil), 404, "not_found")
}
