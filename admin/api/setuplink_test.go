package api_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/admin/api/buffered"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// TestSetupLinksByHTTP: a link is made by somebody at a browser, shown once, kept in no
// answer for a key, and ended, on both databases.
func TestSetupLinksByHTTP(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		o := officeOf(h)
		o.StopClock()
		const links = "/api/v1/connections/acme/setup-links"
		o.refused(o.call(o.token, http.MethodPost, links, map[string]any{}), http.StatusForbidden, "browser") // a token with every verb that one may have
		o.owner = o.Now().Add(-admin.FreshFor)
		o.refused(o.call("", http.MethodPost, links, map[string]any{}), http.StatusForbidden, "step-up")
		o.owner = o.Now()
		for _, hours := range []int{-1, 0, 337} {
			o.refused(o.call("", http.MethodPost, links, map[string]any{"hours": hours}), http.StatusUnprocessableEntity, "invalid")
		}
		o.refused(o.call("", http.MethodPost, "/api/v1/connections/other/setup-links", map[string]any{}), http.StatusNotFound, "not_found")

		o.header = [2]string{"Idempotency-Key", "first"}
		made := read[answer.SetupLink](o, o.call("", http.MethodPost, links, map[string]any{}), http.StatusCreated)
		secret, ok := strings.CutPrefix(made.Link, site+"/admin/setup/acme?link=")
		if !ok || len(secret) < 40 || made.MadeBy != "break-glass:safe" || !made.ExpiresAt.Equal(o.Now().Truncate(time.Microsecond).Add(72*time.Hour)) || made.OpenedAt != nil {
			h.Errorf("made: %+v", made)
		}
		o.refused(o.call("", http.MethodPost, links, map[string]any{}), http.StatusConflict, "conflict") // nor a second one
		kept := 0
		h.Must(h.Store.DB().QueryRowContext(o.Context(), `SELECT count(*) FROM api_answers WHERE body LIKE '%'||$1||'%'`, secret).Scan(&kept))
		if kept != 0 {
			h.Errorf("the link is kept in %d answers", kept)
		}
		o.header = [2]string{}
		short := read[answer.SetupLink](o, o.call("", http.MethodPost, links, map[string]any{"hours": 1}), http.StatusCreated)
		if !short.ExpiresAt.Equal(o.Now().Truncate(time.Microsecond).Add(time.Hour)) {
			h.Errorf("for an hour: %+v", short)
		}

		_, _, err := h.Core.SetupLinks.Take(o.Context(), provision.Cause{Action: "test"}, h.Conn.ID, secret)
		h.Must(err)
		listed := get[api.Page[answer.SetupLink]](o, links).Items
		at := slices.IndexFunc(listed, func(l answer.SetupLink) bool { return l.ID == made.ID })
		if len(listed) != 2 || at < 0 || listed[at].OpenedAt == nil || listed[at].TokenMadeAt != nil || listed[0].Link+listed[1].Link != "" {
			h.Errorf("listed: %+v", listed)
		}
		o.refused(o.call(o.tokenOf(administration.Auditor), http.MethodDelete, links+"/"+made.ID, nil), http.StatusForbidden, "role")
		read[api.Done](o, o.call(o.token, http.MethodDelete, links+"/"+made.ID, nil), http.StatusOK)
		o.refused(o.call(o.token, http.MethodDelete, links+"/"+made.ID, nil), http.StatusNotFound, "not_found")
		o.refused(o.call(o.token, http.MethodDelete, links+"/"+url.PathEscape("' OR 1"), nil), http.StatusNotFound, "not_found")
		if listed = get[api.Page[answer.SetupLink]](o, links).Items; len(listed) != 1 || listed[0].ID != short.ID {
			h.Errorf("after the end of one: %+v", listed)
		}
		var done []string
		for _, e := range get[api.Page[api.Entry]](o, "/api/v1/audit?action=setup_link.created,setup_link.opened,setup_link.revoked").Items {
			done = append(done, e.Action)
		}
		slices.Sort(done)
		if want := []string{"setup_link.created", "setup_link.created", "setup_link.opened", "setup_link.revoked"}; !slices.Equal(done, want) {
			h.Errorf("entered: %s, want %s", done, want)
		}
	})
}

// TestSecretsAreKnown: what is said to be shown once is what is kept in no answer.
func TestSecretsAreKnown(t *testing.T) {
	text, err := api.New(api.Core{}, api.Options{}).Document()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Description string }
			}
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for name, schema := range doc.Components.Schemas {
		for member, is := range schema.Properties {
			if !strings.Contains(is.Description, "nowhere else") {
				continue
			}
			if found[member] = true; !slices.Contains(buffered.Secrets, member) {
				t.Errorf("%s of %s is shown once, and an answer with it is kept", member, name)
			}
		}
	}
	if len(found) != len(buffered.Secrets) {
		t.Errorf("shown once: %v, and kept in no answer: %s", found, buffered.Secrets)
	}
}
