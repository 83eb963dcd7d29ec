package console_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/admin/console"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/auditlog"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/provisiontest"
)

// TestLongListsOnPagesAndInExports: a page tells of a large group who came first and how many
// more there are; what is exported tells all of them.
func TestLongListsOnPagesAndInExports(t *testing.T) {
	h := newHouse(t)
	h.say = func(ctx context.Context, most int) (console.Sentences, error) {
		return auditlog.NewSentences(ctx, &server.System{Core: h.Core, Store: h.Store}, most)
	}
	var members []provision.MemberID
	for n := range 25 {
		members = append(members, provision.MemberID(h.Person(fmt.Sprintf("somebody%02d", n), "").ID))
	}
	_, err := h.Core.Directory.CreateGroup(h.Context(), h.Conn.ID, provisiontest.ByTest, provision.Group{DisplayName: "Many"}, members)
	h.Must(err)
	page := h.see("/admin/audit?action=" + string(audit.MembersChanged))
	if got := strings.Count(page, "somebody"); got < 20 || !strings.Contains(page, "and 5 more") || strings.Contains(page, "somebody24") {
		t.Errorf("the page tells of %d, or not of more:\n%s", got, page)
	}
	export := h.ask(http.MethodGet, "/admin/audit/export?format=csv&action="+string(audit.MembersChanged), nil).Body.String()
	for n := range 25 {
		if !strings.Contains(export, fmt.Sprintf("somebody%02d", n)) {
			t.Errorf("the export lacks somebody%02d: %s", n, export)
		}
	}
}
