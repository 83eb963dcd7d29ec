package builtin_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
)

// FuzzFit checks what must hold for any name: Fit changes nothing that it has
// fitted, keeps to the desk's limits, and leaves nobody nameless who had a
// name.
func FuzzFit(f *testing.F) {
	d, err := (&builtin.Desks{}).Connector(support)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("Ada", "Byron", "Ada Byron", "ada@example.test", "Agent")
	f.Add("", "", "Ada Augusta Byron", "", "")
	f.Add(" ", "\x00", " \u00a0 x", "@", "\xff")
	f.Fuzz(func(t *testing.T, given, family, display, email, title string) {
		want := provision.DeskUser{GivenName: given, FamilyName: family, DisplayName: display, Email: email, Title: title}
		got := d.Fit(want)
		if diff := cmp.Diff(got, d.Fit(got)); diff != "" {
			t.Errorf("Fit of %+v is not stable:\n%s", want, diff)
		}
		for name, limit := range map[string]int{got.GivenName: 40, got.FamilyName: 40, got.Title: 50} {
			if utf8.RuneCountInString(name) > limit || !utf8.ValidString(name) {
				t.Errorf("%q does not fit", name)
			}
		}
		if got.DisplayName == "" && len(given+family+display) > 0 && utf8.ValidString(given+family+display) && printable(given+family+display) {
			t.Errorf("%+v has lost the name", want)
		}
	})
}

// printable reports whether text holds a character that shows.
func printable(text string) bool {
	return bytes.ContainsFunc([]byte(text), func(r rune) bool { return r > ' ' && r < 0x7f })
}

// FuzzCreateUser checks that no body brings the desk down: it is taken, or
// refused by a reason.
func FuzzCreateUser(f *testing.F) {
	desks, err := builtin.New(openSQLite(f), builtin.SQLite)
	if err != nil {
		f.Fatal(err)
	}
	for _, err := range []error{desks.Migrate(f.Context()), desks.Open(f.Context(), support)} {
		if err != nil {
			f.Fatal(err)
		}
	}
	handler := desks.Handler(builtin.Options{UnitsPerMinute: 1 << 40})
	token := desks.Token(f, support.ID)
	f.Add([]byte(newAgent))
	f.Add([]byte(`{"firstName": "\ud800", "lastName": "\u0000", "email": "a@b", "role": null, "mailboxes": [{"id": 1e3}]}`))
	f.Add([]byte(`{"firstName": "A", "lastName": "B", "email": "\"a b\"@c", "role": "user", "timezone": "../../etc/passwd"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/desk/v2/users", bytes.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		switch w.Code {
		case http.StatusCreated:
			made, err := desks.View(support.ID, w.Header().Get("Resource-ID"))
			if err != nil || !utf8.ValidString(made.DisplayName) {
				t.Errorf("%q made %+v, %v", body, made, err)
			}
		case http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge:
		default:
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		}
	})
}

var _ desk.Factory = (&builtin.Desks{}).Connector
