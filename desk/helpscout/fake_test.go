package helpscout

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

const (
	fakeAppID     = "0a1b2c3d4e5f"
	fakeAppSecret = "f5e4d3c2b1a0-secret"
	fakeLife      = 48 * time.Hour
)

// fake is a Help Scout account as the reference describes it. Where the
// reference is silent it takes the hardest reading: who is in a team cannot be
// added to it, whose address is taken is refused with a status of the test's
// choosing, and a field that the reference does not list is refused.
type fake struct {
	t *testing.T

	mu sync.Mutex
	limits
	writes        []time.Time
	taken         int // status for a taken e-mail address
	limit         int // units a minute
	used          int
	refused       int // requests that were beyond a limit
	minute        time.Time
	tokens        map[string]time.Time // when each ends
	issued        int
	hits          map[string]int // requests by "METHOD /path"
	last          int64
	me            int64
	users         map[int64]*fakeUser
	teams         map[int64]*fakeUnit
	mailboxes     map[int64]*fakeUnit
	conversations map[int64]*fakeConversation
}

type fakeUnit struct {
	name    string
	members map[int64]bool
	routing *fakeRouting // of a mailbox; nil: a plan without
}

// fakeRouting is the automatic assignment of a mailbox.
type fakeRouting struct {
	State            string  `json:"state"`
	AssignmentLimit  int     `json:"assignmentLimit"`
	AssignmentMethod string  `json:"assignmentMethod"`
	UserIDs          []int64 `json:"userIds"`
}

// limits are what an account is short of. The zero value has all there is.
type limits struct {
	seats      int           // 0: no limit
	noTeams    bool          // a plan without teams
	noLight    bool          // a plan without light users
	deleteLate time.Duration // how long a deleted user is still shown
	listPatch  bool          // PATCH takes a list of operations, of a type of its own, and nothing else
	others     int           // units that other integrations use in the first half of each minute
}

// newFake returns an account with an owner, our own administrator, and the
// teams and inboxes Support and Billing, each full enough that a new user comes
// on the second page.
func newFake(t *testing.T) *fake {
	f := &fake{t: t, taken: http.StatusBadRequest, limit: 400, tokens: map[string]time.Time{}, hits: map[string]int{},
		users: map[int64]*fakeUser{}, teams: map[int64]*fakeUnit{}, mailboxes: map[int64]*fakeUnit{}, conversations: map[int64]*fakeConversation{}}
	f.add(&fakeUser{FirstName: "Olive", LastName: "Owner", Email: "olive@example.test", Role: "owner"})
	f.me = f.add(&fakeUser{FirstName: "Desk", LastName: "Bridge", Email: "bridge@example.test", Role: "admin"})
	for _, name := range []string{"Support", "Billing"} {
		f.last++
		f.teams[f.last] = &fakeUnit{name: name, members: map[int64]bool{}}
		f.last++
		f.mailboxes[f.last] = &fakeUnit{name: name, members: map[int64]bool{}}
	}
	for i := range usersPage + 10 {
		id := f.add(&fakeUser{FirstName: "Old", LastName: "Hand", Email: fmt.Sprintf("old%d@example.test", i), Role: "user"})
		for _, p := range f.units() {
			p.members[id] = true
		}
	}
	return f
}

// units returns all teams and mailboxes.
func (f *fake) units() []*fakeUnit {
	return slices.Concat(slices.Collect(maps.Values(f.teams)), slices.Collect(maps.Values(f.mailboxes)))
}

// connect returns a connector that reaches the fake without a network.
func (f *fake) connect(settings ...string) *helpScout {
	return connect(f.t, "http://127.0.0.1:1/api", transport{f}, settings...)
}

// connect returns a connector on base; settings are pairs of key and value.
func connect(t *testing.T, base string, rt http.RoundTripper, settings ...string) *helpScout {
	t.Helper()
	all := map[string]string{"app_id": fakeAppID}
	for i := 0; i < len(settings); i += 2 {
		all[settings[i]] = settings[i+1]
	}
	d, err := New(provision.Desk{Name: "support", Kind: "helpscout", URL: base, Secret: fakeAppSecret, Settings: all})
	if err != nil {
		t.Fatal(err)
	}
	hs := d.(*helpScout)
	if rt != nil {
		hs.client.HTTP.Transport = rt
	}
	return hs
}

// transport is a network without wires, for tests that turn the clock.
type transport struct{ http.Handler }

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	t.ServeHTTP(w, r)
	resp := w.Result()
	resp.Request = r
	return resp, nil
}

// fakeRefusal is an answer other than success.
type fakeRefusal struct {
	status int
	field  string
	code   string
}

func (r *fakeRefusal) Error() string { return strconv.Itoa(r.status) + " " + r.field }

func refuse(status int) error { return &fakeRefusal{status: status} }

func refuseField(field, code string) error {
	return &fakeRefusal{http.StatusBadRequest, field, code}
}

// ServeHTTP serves the API.
func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/api/v2")
	f.hits[r.Method+" "+path]++
	w.Header().Set("Correlation-ID", "c0ffee")
	if path == "/oauth2/token" {
		f.issue(w, r)
		return
	}
	err := f.admit(w, r)
	if err == nil {
		err = f.route(w, r, strings.Split(strings.Trim(path, "/"), "/"))
	}
	if err == nil {
		return
	}
	no, _ := errors.AsType[*fakeRefusal](err)
	w.Header().Set("Content-Type", "application/vnd.error+json")
	w.WriteHeader(no.status)
	body := map[string]any{"logRef": "5c0e-1", "message": "refused: ada@example.test"}
	if no.field != "" {
		body["_embedded"] = map[string]any{"errors": []any{map[string]any{"path": no.field, "message": "not ada@example.test", "rejectedValue": "ada@example.test",
			"source": "JSON", "_links": map[string]any{"about": map[string]any{"href": "http://developer.example.test/errors#" + no.code}}}}}
	}
	_ = json.NewEncoder(w).Encode(body)
}

// issue gives a token to who sends a form with the right secret.
func (f *fake) issue(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.URL.RawQuery != "" {
		f.t.Errorf("%s of a token as %q with query %q", r.Method, r.Header.Get("Content-Type"), r.URL.RawQuery)
	}
	body, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(body))
	if form.Get("grant_type") != "client_credentials" || form.Get("client_id") != fakeAppID || form.Get("client_secret") != fakeAppSecret {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"error":"invalid_client","error_description":"%s"}`, form.Get("client_secret"))
		return
	}
	token := rand.Text()
	f.tokens[token] = time.Now().Add(fakeLife)
	f.issued++
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"token_type":"bearer","access_token":%q,"expires_in":%d}`, token, int(fakeLife.Seconds()))
}

// admit refuses tokens that are over, and what is beyond the rate limit.
func (f *fake) admit(w http.ResponseWriter, r *http.Request) error {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if end, known := f.tokens[token]; !ok || !known || !time.Now().Before(end) {
		return refuse(http.StatusUnauthorized)
	}
	units := 2
	if r.Method == http.MethodGet {
		units = 1
	}
	now := time.Now()
	if minute := now.Truncate(time.Minute); !minute.Equal(f.minute) {
		f.minute, f.used = minute, 0
	}
	w.Header().Set("X-RateLimit-Limit-Minute", strconv.Itoa(f.limit))
	by := int(min(now.Sub(f.minute)*2, time.Minute) * time.Duration(f.others) / time.Minute)
	used := f.used + by
	f.writes = slices.DeleteFunc(f.writes, func(at time.Time) bool { return now.Sub(at) >= 5*time.Second })
	if units == 2 && len(f.writes) >= 12 && f.limit < unlimited {
		f.refused++
		w.Header().Set("X-RateLimit-Retry-After", "5")
		return refuse(http.StatusTooManyRequests)
	}
	if used+units > f.limit {
		f.refused++
		wait := f.minute.Add(time.Minute).Sub(now)
		w.Header().Set("X-RateLimit-Retry-After", strconv.Itoa(int(wait/time.Second)+1))
		return refuse(http.StatusTooManyRequests)
	}
	f.used += units
	if units == 2 {
		f.writes = append(f.writes, now)
	}
	w.Header().Set("X-RateLimit-Remaining-Minute", strconv.Itoa(max(f.limit-f.used-by, 0)))
	return nil
}

func (f *fake) route(w http.ResponseWriter, r *http.Request, path []string) error {
	route := r.Method + " " + path[0]
	var id int64
	switch {
	case len(path) > 1 && path[1] == "me":
		id = f.me
		route += " ID"
	case len(path) > 1:
		id, _ = strconv.ParseInt(path[1], 10, 64)
		route += " ID"
	}
	if len(path) > 2 {
		route += " " + strings.Join(path[2:], " ")
	}
	switch route {
	case "GET users":
		return f.listUsers(w, r)
	case "POST users":
		return f.createUser(w, r)
	case "GET users ID":
		return f.showUser(w, id)
	case "DELETE users ID":
		return f.deleteUser(w, id)
	case "PUT users ID status":
		return f.setStatus(w, r, id)
	case "GET mailboxes ID routing":
		return f.showRouting(w, id)
	case "PUT mailboxes ID routing":
		return f.setRouting(w, r, id)
	case "GET teams":
		return f.listUnits(w, r, "teams", f.teams)
	case "GET mailboxes":
		return f.listUnits(w, r, "mailboxes", f.mailboxes)
	case "GET teams ID members":
		return f.listMembers(w, r, id)
	case "PUT teams ID members":
		return f.changeMembers(w, r, id)
	case "GET conversations":
		return f.listConversations(w, r)
	case "PATCH conversations ID":
		return f.assign(w, r, id)
	}
	f.t.Errorf("the Inbox API has no %s", route)
	return refuse(http.StatusMethodNotAllowed)
}

// unlimited is a limit for suites of thousands of requests: it counts no writes.
const unlimited = 1_000_000

// read decodes a body that must be one JSON object with known fields.
func (f *fake) read(r *http.Request, body any) error {
	return f.readAs(r, "application/json", body)
}

func (f *fake) readAs(r *http.Request, media string, body any) error {
	if r.Header.Get("Content-Type") != media {
		return refuse(http.StatusUnsupportedMediaType)
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(body); err != nil {
		f.t.Errorf("%s %s: %v", r.Method, r.URL.Path, err)
		return refuseField("", "JSON")
	}
	return nil
}

// writePage answers with the page that the query asks for. A list without
// elements has no _embedded.
func (f *fake) writePage(w http.ResponseWriter, r *http.Request, name string, size int, items []any, known ...string) error {
	query := r.URL.Query()
	n := 1
	for key, values := range query {
		switch {
		case key == "page":
			n, _ = strconv.Atoi(values[0])
		case !slices.Contains(known, key):
			f.t.Errorf("%s has no parameter %s", r.URL.Path, key)
		}
	}
	if n < 1 {
		return refuseField("page", "Type")
	}
	body := map[string]any{"_links": map[string]any{}, "page": map[string]int{
		"size": size, "totalElements": len(items), "totalPages": (len(items) + size - 1) / size, "number": n}}
	if some := items[min((n-1)*size, len(items)):min(n*size, len(items))]; len(some) > 0 {
		body["_embedded"] = map[string]any{name: some}
	}
	return f.write(w, body)
}

func (f *fake) write(w http.ResponseWriter, body any) error {
	w.Header().Set("Content-Type", "application/hal+json")
	return json.NewEncoder(w).Encode(body)
}

// ids are those of units.
func (f *fake) ids(units map[int64]*fakeUnit) []int64 { return slices.Collect(maps.Keys(units)) }

// total is how many requests there were.
func (f *fake) total() (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, hits := range f.hits {
		n += hits
	}
	return n
}

func (f *fake) count(what string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hits[what]
}

// wantKind fails unless err is of a kind, with these words for an admin and
// nothing that is secret or personal.
func wantKind(t *testing.T, err error, kind desk.Kind, words string) {
	t.Helper()
	if err == nil || desk.KindOf(err) != kind {
		t.Errorf("error is %v, want %s", err, kind)
		return
	}
	if !strings.Contains(err.Error(), words) {
		t.Errorf("error %q lacks %q", err, words)
	}
	for _, secret := range []string{"ada@", "ada%40", fakeAppSecret} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells %q: %v", secret, err)
		}
	}
}
