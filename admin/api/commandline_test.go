package api_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// TestLogin exchanges codes: of several who try one gets a token, with the verifier
// alone, for a while, and only while whoever agreed may what they agreed to.
func TestLogin(t *testing.T) {
	o := newOffice(t)
	o.StopClock()
	ada := o.Person("ada")
	o.Group("IT", provision.MemberID(ada.ID))
	_, err := o.Core.Administration.Grant(t.Context(), provisiontest.ByTest, administration.GrantDraft{Connection: o.Conn.ID, Group: "IT", Role: administration.Operator})
	o.Must(err)
	verifier := strings.Repeat("v", 43)
	sum := sha256.Sum256([]byte(verifier))
	n := 0
	agreed := func() string {
		n++
		d := administration.Delegation{Challenge: base64.RawURLEncoding.EncodeToString(sum[:]), Actor: "person:" + string(ada.ID), By: administration.Maker{Standing: administration.Standing{Role: administration.Operator}, Person: ada.ID, Connection: o.Conn.ID},
			Draft: administration.TokenDraft{Name: "ada-laptop-" + strings.Repeat("x", n), Role: administration.Operator, Life: administration.DelegationLife}}
		code, err := o.Core.Sessions.IssueOneTime(t.Context(), administration.DelegationKind, "", d, administration.DelegationWait)
		o.Must(err)
		return code
	}
	exchange := func(code, verifier string) (admin.LoggedIn, int) {
		w := o.ask(t.Context(), "", http.MethodPost, "/api/v1/login", admin.Login{Code: code, Verifier: verifier})
		if w.Code != http.StatusOK {
			o.refused(w, http.StatusForbidden, "denied")
			return admin.LoggedIn{}, w.Code
		}
		return read[admin.LoggedIn](o, w, http.StatusOK), w.Code
	}
	code := agreed()
	got, status := exchange(code, verifier)
	if status != http.StatusOK || got.Role != "operator" || got.ExpiresAt != o.Now().Add(12*time.Hour).UTC().Format(time.RFC3339) {
		t.Fatalf("%d %+v", status, got)
	}
	people := func() int { return o.ask(t.Context(), got.Token, http.MethodGet, "/api/v1/people", nil).Code }
	if people() != http.StatusOK {
		t.Error("the token does not work")
	}
	made := get[struct {
		Items []struct{ Actor, Cause, Request string }
	}](o, "/api/v1/audit?action=api_token.created&limit=1")
	if made.Items[0].Actor != "person:"+string(ada.ID) || made.Items[0].Cause != "deskbridge login" || made.Items[0].Request != "req-1" {
		t.Errorf("entered: %+v", made)
	}
	for name, try := range map[string]func() int{
		"the same again":      func() int { _, s := exchange(code, verifier); return s },
		"one that never was":  func() int { _, s := exchange(provision.NewSecret(), verifier); return s },
		"no code":             func() int { _, s := exchange("", verifier); return s },
		"another's verifier":  func() int { _, s := exchange(agreed(), strings.Repeat("w", 43)); return s },
		"no verifier":         func() int { _, s := exchange(agreed(), ""); return s },
		"after a wrong guess": func() int { c := agreed(); exchange(c, "wrong"); _, s := exchange(c, verifier); return s },
		"too late": func() int {
			c := agreed()
			o.Offset.Add(int64(administration.DelegationWait))
			_, s := exchange(c, verifier)
			return s
		},
	} {
		if try() != http.StatusForbidden {
			t.Errorf("%s gets a token", name)
		}
	}
	late := agreed()
	if _, err := o.Core.Administration.Revoke(t.Context(), provisiontest.ByTest, o.Conn.ID, "IT"); err != nil {
		t.Fatal(err)
	}
	if _, status := exchange(late, verifier); status != http.StatusForbidden {
		t.Error("whoever lost the role meanwhile gets a token")
	}
	if people() != http.StatusUnauthorized {
		t.Error("the token outlives the role")
	}

	// Logging out ends the token that is shown, and needs one.
	own := o.tokenOf(administration.Auditor, "audit.read")
	for _, token := range []string{"", own, own} {
		want := http.StatusUnauthorized
		if token != "" && n > 0 {
			want, n = http.StatusOK, 0
		}
		if w := o.ask(t.Context(), token, http.MethodPost, "/api/v1/logout", struct{}{}); w.Code != want {
			t.Errorf("logout: %d, want %d: %s", w.Code, want, w.Body)
		}
	}
	if w := o.ask(t.Context(), "", http.MethodPost, "/api/v1/commands/person-list", admin.Run{}); w.Code != http.StatusUnauthorized {
		t.Errorf("a command for nobody: %d", w.Code)
	}
	o.owner = o.Now()
	if w := o.ask(t.Context(), "", http.MethodPost, "/api/v1/commands/person-list", admin.Run{}); w.Code != http.StatusForbidden {
		t.Errorf("a command for a browser: %d", w.Code)
	}
}

// TestCommandsAreLimited: of one token eight commands run at once, which keeps no
// other's from running; and each has an end.
func TestCommandsAreLimited(t *testing.T) {
	o := newOffice(t)
	goOn, began := make(chan struct{}), make(chan time.Duration)
	o.serve(func(w http.ResponseWriter, r *http.Request, _ *admin.Actor, _ string) error {
		ends, _ := r.Context().Deadline()
		began <- time.Until(ends)
		<-goOn
		return nil
	})
	codes := make(chan int)
	run := func(token string) {
		go func() {
			codes <- o.ask(t.Context(), token, http.MethodPost, "/api/v1/commands/person-list", admin.Run{}).Code
		}()
	}
	for range 8 {
		run(o.token)
		if left := <-began; left < time.Minute || left > time.Hour {
			t.Errorf("a command may take %s", left)
		}
	}
	run(o.token)
	if code := <-codes; code != http.StatusTooManyRequests {
		t.Errorf("the ninth: %d", code)
	}
	run(o.tokenOf(administration.Auditor))
	<-began // of another
	close(goOn)
	for range 9 {
		if code := <-codes; code != http.StatusOK {
			t.Errorf("one that ran: %d", code)
		}
	}
}
