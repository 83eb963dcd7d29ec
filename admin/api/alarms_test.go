package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/admin/api"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/provision/administration"
	"github.com/deskbridge/deskbridge/provision/alarm"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// TestAlarmsByHTTP: somebody is told, tried, told again and told no more, on both
// databases; what signs is answered once, and the path of a webhook never.
func TestAlarmsByHTTP(t *testing.T) {
	provisiontest.Each(t, func(h *provisiontest.Harness) {
		o := officeOf(h)
		const targets, sent = "/api/v1/alarms/targets", "/api/v1/alarms/deliveries"
		pager := map[string]any{"name": "pager", "kind": "webhook", "address": "https://hooks.example/secret-path"}
		o.header = [2]string{"Idempotency-Key", "first"}
		added := read[answer.AlarmTarget](o, o.call(o.token, http.MethodPost, targets, pager), http.StatusCreated)
		if !strings.HasPrefix(added.Secret, "whsec_") || added.Address != "https://hooks.example" || !strings.HasPrefix(added.CreatedBy, "api:") {
			h.Errorf("added: %+v", added)
		}
		o.refused(o.call(o.token, http.MethodPost, targets, pager), http.StatusConflict, "conflict") // it held a secret, which is kept for nobody
		o.header = [2]string{}
		o.refused(o.call(o.token, http.MethodPost, targets, pager), http.StatusConflict, "conflict") // the name is taken
		for what, body := range map[string]map[string]any{
			"a password":  {"name": "other", "kind": "webhook", "address": "https://user:sesame@hooks.example/"},
			"no mail":     {"name": "ops", "kind": "mail", "address": "nobody"},
			"no server":   {"name": "ops", "kind": "mail", "address": "ops@example.com"},
			"a bad name":  {"name": "../x", "kind": "webhook", "address": "https://hooks.example/"},
			"an odd kind": {"name": "other", "kind": "pigeon", "address": "https://hooks.example/"},
			"no address":  {"name": "other", "kind": "webhook"},
		} {
			if w := o.call(o.token, http.MethodPost, targets, body); w.Code != http.StatusBadRequest && w.Code != http.StatusUnprocessableEntity || strings.Contains(w.Body.String(), "sesame") {
				h.Errorf("%s: %d %s", what, w.Code, w.Body)
			}
		}
		auditor := o.tokenOf(administration.Auditor)
		o.refused(o.call(auditor, http.MethodPost, targets, pager), http.StatusForbidden, "role")
		o.refused(o.call(auditor, http.MethodDelete, targets+"/pager", nil), http.StatusForbidden, "role")

		tried := read[answer.AlarmDelivery](o, o.call(o.token, http.MethodPost, targets+"/pager/test", nil), http.StatusAccepted)
		if tried.Target != "pager" || tried.Event != "test" || tried.State != "waiting" {
			h.Errorf("tried: %+v", tried)
		}
		_, _, err := h.Core.Alarms.Send(o.Context(), func(context.Context, *alarm.Target, *alarm.Delivery) error { return nil })
		h.Must(err)
		if all := get[api.Page[answer.AlarmDelivery]](o, sent+"?target=pager&limit=1"); len(all.Items) != 1 || all.Items[0].ID != tried.ID || all.Items[0].State != "delivered" || all.Items[0].Answer != "received" || all.Items[0].EndedAt == nil {
			h.Errorf("deliveries: %+v", all)
		}
		if again := read[answer.AlarmDelivery](o, o.call(o.token, http.MethodPost, sent+"/"+tried.ID+"/send-again", nil), http.StatusAccepted); again.ID != tried.ID || again.State != "waiting" || again.Target != "pager" {
			h.Errorf("again: %+v", again)
		}
		o.refused(o.call(o.token, http.MethodPost, sent+"/nothing/send-again", nil), http.StatusNotFound, "not_found")
		o.refused(o.call(o.token, http.MethodPost, targets+"/other/test", nil), http.StatusNotFound, "not_found")
		o.refused(o.call(o.token, http.MethodGet, sent+"?target=other", nil), http.StatusNotFound, "not_found")

		seen, over := o.Now().Add(-time.Hour), o.Now()
		h.Must(h.Store.SaveAlarms(o.Context(), []alarm.Alarm{{Key: "a", Code: alarm.Hold, Desk: "support", Text: "Three are held.", Do: "look", Count: 3, SeenAt: seen}, {Key: "b", Code: alarm.Hold, Text: "It was.", SeenAt: seen, GoneAt: &over}}))
		if open := get[api.Page[answer.Alarm]](o, "/api/v1/alarms"); len(open.Items) != 1 || open.Items[0].Code != "hold" || open.Items[0].Desk != "support" || open.Items[0].Count != 3 || open.Items[0].Since.IsZero() || open.Items[0].ToldAt != nil {
			h.Errorf("open: %+v", open)
		}
		for _, path := range []string{"/api/v1/alarms", targets, sent} {
			if text := o.call(auditor, http.MethodGet, path, nil).Body.String(); strings.Contains(text, added.Secret) || strings.Contains(text, "secret-path") {
				h.Errorf("%s tells a secret: %s", path, text)
			}
		}
		if gone := read[answer.AlarmTarget](o, o.call(o.token, http.MethodDelete, targets+"/pager", nil), http.StatusOK); gone.Secret != "" || gone.Name != "pager" {
			h.Errorf("removed: %+v", gone)
		}
		o.refused(o.call(o.token, http.MethodDelete, targets+"/pager", nil), http.StatusNotFound, "not_found")
		o.Seal()
		entries := get[api.Page[api.Entry]](o, "/api/v1/audit?action="+string(audit.AlarmTargetAdded)+","+string(audit.AlarmTargetRemoved)+","+string(audit.AlarmSentAgain))
		if len(entries.Items) != 3 || entries.Items[0].Cause != "DELETE /api/v1/alarms/targets/{target}" {
			h.Errorf("entered: %+v", entries.Items)
		}
	})
}
