package api_test

import (
	"context"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/admin/api"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// TestChanges makes each change that there is on a company, as a token that may.
func TestChanges(t *testing.T) {
	o := newOffice(t)
	o.ByRoles()
	ada := o.Person("ada", "agent")
	o.ReconcileAll()

	token := read[answer.Token](o, o.call(o.token, "POST", "/api/v1/connections/acme/tokens", map[string]any{"name": "okta", "days": 365}), 201)
	if token.Secret == "" || token.ExpiresAt == nil || token.State != "active" {
		t.Errorf("made: %+v", token)
	}
	o.refused(o.call(o.token, "POST", "/api/v1/connections/acme/tokens", map[string]any{"name": "okta"}), 409, "conflict")
	o.refused(o.call(o.token, "POST", "/api/v1/connections/acme/tokens", map[string]any{"name": "A B"}), 400, "invalid")
	fresh := read[answer.Token](o, o.call(o.token, "POST", "/api/v1/connections/acme/tokens/okta/rotate", map[string]any{}), 201)
	if fresh.Secret == "" || fresh.Secret == token.Secret || fresh.Name != "okta" {
		t.Errorf("rotated: %+v", fresh)
	}
	leaked := fresh.ID // nobody may go on with it
	fresh = read[answer.Token](o, o.call(o.token, "POST", "/api/v1/connections/acme/tokens/okta/rotate", map[string]any{"overlap_hours": 0}), 201)
	if old := get[answer.Token](o, "/api/v1/connections/acme/tokens/"+leaked); old.State != "ended" || fresh.ID == leaked {
		t.Errorf("rotated at once, and the old one goes on: %+v", old)
	}
	if ended := read[answer.Token](o, o.call(o.token, "DELETE", "/api/v1/connections/acme/tokens/okta", nil), 200); ended.State != "ended" {
		t.Errorf("revoked: %+v", ended)
	}
	o.refused(o.call(o.token, "DELETE", "/api/v1/connections/acme/tokens/nobody", nil), 404, "not_found")
	for _, listed := range get[api.Page[answer.Token]](o, "/api/v1/connections/acme/tokens").Items {
		if listed.Secret != "" {
			t.Errorf("a secret is shown twice: %+v", listed)
		}
	}

	_, _, err := o.Core.Sessions.StartSession(o.Context(), provisiontest.ByTest, provision.Session{Identity: ada.ID, Connection: o.Conn.ID, Protocol: provision.ProtocolOIDC, Issuer: "i", Subject: "s"}, time.Time{}, "")
	o.Must(err)
	sessions := get[api.Sessions](o, "/api/v1/sessions?person="+string(ada.ID))
	if len(sessions.Items) != 1 || sessions.Items[0].UserName != ada.UserName {
		t.Fatalf("sessions: %+v", sessions)
	}
	if ended := read[api.Done](o, o.call(o.token, "POST", "/api/v1/people/"+string(ada.ID)+"/out", nil), 200); ended.Count != 1 {
		t.Errorf("out: %+v", ended)
	}
	o.refused(o.call(o.token, "DELETE", "/api/v1/sessions/"+sessions.Items[0].ID, nil), 404, "not_found")

	account := o.Account(ada.ID)
	if again := read[api.Done](o, o.call(o.token, "POST", "/api/v1/accounts/"+string(account.ID)+"/retry", nil), 200); again.Count != 1 {
		t.Errorf("retried: %+v", again)
	}
	o.refused(o.call(o.token, "POST", "/api/v1/accounts/nobody/adopt", nil), 404, "not_found")
	o.refused(o.call(o.token, "POST", "/api/v1/people/"+string(ada.ID)+"/forget", nil), 409, "denied")
	o.refused(o.call(o.token, "POST", "/api/v1/connections/acme/holds/release", map[string]any{}), 400, "invalid")
	read[api.Done](o, o.call(o.token, "POST", "/api/v1/connections/acme/holds/reject", map[string]any{"all": true}), 200)

	for _, secret := range []map[string]any{{"url": "${file:/etc/passwd}"}, {"a": []any{map[string]any{"b": "x${env:HOME}"}}}} {
		o.refused(o.call(o.token, "POST", "/api/v1/plans", map[string]any{"draft": secret}), 400, "invalid")
	}
	if w := o.ask(o.Context(), o.token, "POST", "/api/v1/plans", strings.Repeat("x", 9<<20)); w.Code != 413 && w.Code != 422 {
		t.Errorf("a large body: %d %s", w.Code, w.Body)
	}
	for _, entry := range get[api.Page[api.Entry]](o, "/api/v1/audit?action=token.created,account.retried,session.ended").Items {
		if !strings.HasPrefix(entry.Actor, "api:") && entry.Actor != "test" {
			t.Errorf("entered by %s: %+v", entry.Actor, entry)
		}
	}
}

// TestEvents follows the log: what comes after the cursor comes, sealed, once each;
// and who may no longer, follows no longer.
func TestEvents(t *testing.T) {
	o := newOffice(t)
	o.Seal()
	last := get[api.Page[api.Entry]](o, "/api/v1/audit?limit=1").Items[0].ID
	ada := o.Person("ada")
	bob := o.Person("bob")
	o.Seal()
	carol := o.Person("carol") // not sealed yet
	follow := func(path string) string {
		ctx, cancel := context.WithTimeout(o.Context(), 50*time.Millisecond)
		defer cancel()
		return o.ask(ctx, o.token, "GET", path, nil).Body.String()
	}
	said := follow("/api/v1/events?after=" + strconv.FormatInt(last, 10))
	if strings.Count(said, "event: user.created\n") != 2 || !strings.Contains(said, string(ada.ID)) || !strings.Contains(said, string(bob.ID)) || strings.Contains(said, string(carol.ID)) {
		t.Errorf("followed:\n%s", said)
	}
	if said := follow("/api/v1/events"); strings.Contains(said, "event:") {
		t.Errorf("from now on:\n%s", said)
	}
	if w := o.ask(o.Context(), o.tokenOf(administration.MailboxManager), "GET", "/api/v1/events", nil); w.Code != 403 {
		t.Errorf("a mailbox manager follows: %d", w.Code)
	}
}

// TestFollowersAreLimited: of eighty who follow the log at once at one server, sixty-four may.
func TestFollowersAreLimited(t *testing.T) {
	o := newOffice(t)
	ctx, cancel := context.WithCancel(o.Context())
	answers := make(chan *httptest.ResponseRecorder, 80)
	for range 80 {
		go func() { answers <- o.ask(ctx, o.token, "GET", "/api/v1/events", nil) }()
	}
	for range 16 {
		if w := <-answers; w.Code != 429 || w.Header().Get("Retry-After") == "" {
			t.Errorf("one too many: %d %v", w.Code, w.Header())
		}
	}
	cancel()
	for range 64 {
		if w := <-answers; w.Code != 200 {
			t.Errorf("one of those who may: %d", w.Code)
		}
	}
}

// TestDocs shows the page for people, and the document, to whoever asks.
func TestDocs(t *testing.T) {
	o := newOffice(t)
	page := func(path, contentType string) *httptest.ResponseRecorder {
		t.Helper()
		w := o.ask(o.Context(), "", "GET", path, nil)
		if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), contentType) || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
		return w
	}
	page("/api/openapi.json", "application/json")
	page("/api/docs.css", "text/css")
	docs := page("/api/docs", "text/html").Body.String()
	for _, op := range operations(t) {
		if !strings.Contains(docs, `id="`+op.ID+`"`) {
			t.Errorf("the page does not tell of %s", op.ID)
		}
	}
	for _, outside := range []string{"http://", "https://", "<script", "style="} {
		if strings.Contains(docs, outside) {
			t.Errorf("the page has %s", outside)
		}
	}
}

// with asks with a header beside.
func (o *office) with(header, value, method, path string, body any) *httptest.ResponseRecorder {
	o.Helper()
	o.header = [2]string{header, value}
	defer func() { o.header = [2]string{} }()
	return o.call(o.token, method, path, body)
}

// TestPreconditions: what has not changed is not sent again, and what has changed is
// not changed blindly.
func TestPreconditions(t *testing.T) {
	o := newOffice(t)
	ada := o.Person("ada")
	at := "/api/v1/people/" + string(ada.ID)
	etag := o.call(o.token, "GET", at, nil).Header().Get("ETag")
	if w := o.ask(o.Context(), o.token, "GET", at, nil); w.Header().Get("ETag") != etag || etag == "" {
		t.Errorf("validators %s, %s", etag, w.Header().Get("ETag"))
	}
	o.header = [2]string{"If-None-Match", etag}
	if w := o.ask(o.Context(), o.token, "GET", at, nil); w.Code != 304 || w.Body.Len() > 0 {
		t.Errorf("not modified: %d %s", w.Code, w.Body)
	}
	o.header = [2]string{}
	read[api.Done](o, o.with("If-Match", etag, "POST", at+"/out", nil), 200)
	o.SetStatus(ada.ID, provision.StatusSuspended)
	o.refused(o.with("If-Match", etag, "POST", at+"/out", nil), 412, "stale")
	o.refused(o.with("If-Match", "*", "POST", "/api/v1/people/nobody/out", nil), 412, "stale")
	made := read[answer.Token](o, o.call(o.token, "POST", "/api/v1/connections/acme/tokens", map[string]any{"name": "okta"}), 201)
	at = "/api/v1/connections/acme/tokens/" + made.ID
	etag = o.call(o.token, "GET", at, nil).Header().Get("ETag")
	o.refused(o.with("If-Match", `"other"`, "DELETE", at, nil), 412, "stale")
	read[answer.Token](o, o.with("If-Match", `"other", `+etag, "DELETE", at, nil), 200)
}

// TestOnce sends changes twice with one key: they are made once.
func TestOnce(t *testing.T) {
	o := newOffice(t)
	o.ByRoles()
	ada := o.Person("ada", "agent")
	o.ReconcileAll()
	retry := "/api/v1/accounts/" + string(o.Account(ada.ID).ID) + "/retry"
	times := func(action string) int {
		return len(get[api.Page[api.Entry]](o, "/api/v1/audit?action="+action).Items)
	}
	first := o.with("Idempotency-Key", "k1", "POST", retry, nil)
	second := o.with("Idempotency-Key", "k1", "POST", retry, nil)
	if first.Code != 200 || second.Code != 200 || first.Body.String() != second.Body.String() || second.Header().Get("Idempotency-Replayed") != "true" || times("account.retried") != 1 {
		t.Errorf("%d %s; %d %s; %d times", first.Code, first.Body, second.Code, second.Body, times("account.retried"))
	}
	o.refused(o.with("Idempotency-Key", "k1", "POST", "/api/v1/people/"+string(ada.ID)+"/out", nil), 409, "conflict")
	o.with("Idempotency-Key", "k2", "POST", retry, nil)
	if n := times("account.retried"); n != 2 {
		t.Errorf("with another key: %d times", n)
	}
	// Somebody else's key is another.
	o.token = o.tokenOf(administration.Operator)
	o.with("Idempotency-Key", "k1", "POST", retry, nil)
	if n := times("account.retried"); n != 3 {
		t.Errorf("of somebody else: %d times", n)
	}
	// So is that of a token which has the name of one that has ended.
	named := func() string {
		_, _ = o.Core.Administration.RevokeToken(o.Context(), provisiontest.ByTest, "ci") // the first time there is none
		_, secret, err := o.Core.Administration.CreateToken(o.Context(), provisiontest.ByTest, administration.Maker{Standing: administration.Standing{Role: administration.Owner}},
			administration.TokenDraft{Name: "ci", Role: administration.Operator})
		o.Must(err)
		return secret
	}
	for range 2 {
		o.token = named()
		o.with("Idempotency-Key", "k1", "POST", retry, nil)
	}
	if n := times("account.retried"); n != 5 {
		t.Errorf("of another with the name: %d times", n)
	}
	// What changed nothing may be sent again; a secret is not kept.
	o.token = o.tokenOf(administration.Admin, "token.create", "audit.read")
	tokens := "/api/v1/connections/acme/tokens"
	o.refused(o.with("Idempotency-Key", "k3", "POST", tokens, map[string]any{"name": "A B"}), 400, "invalid")
	o.refused(o.with("Idempotency-Key", "k3", "POST", tokens, map[string]any{"name": "A B"}), 400, "invalid")
	before := times("token.created")
	made := o.with("Idempotency-Key", "k4", "POST", tokens, map[string]any{"name": "okta"})
	o.refused(o.with("Idempotency-Key", "k4", "POST", tokens, map[string]any{"name": "okta"}), 409, "conflict")
	if made.Code != 201 || times("token.created") != before+1 {
		t.Errorf("%d %s; %d times", made.Code, made.Body, times("token.created"))
	}
	o.Offset.Add(int64(25 * time.Hour))
	o.token = o.tokenOf(administration.Admin, "account.retry", "audit.read")
	o.with("Idempotency-Key", "k1", "POST", retry, nil)
	if n := times("account.retried"); n != 6 {
		t.Errorf("a day later: %d times", n)
	}
}
