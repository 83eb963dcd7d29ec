package api_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/deskbridge/deskbridge/admin/api/testdata/client"
	"github.com/deskbridge/deskbridge/provision"
)

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config testdata/client/config.yaml testdata/openapi.json

// TestAGeneratedClient goes a whole round with a client that a generator has made of
// the document: what others make of it fits what is answered.
func TestAGeneratedClient(t *testing.T) {
	o := newOffice(t)
	ada, bob := o.Person("ada"), o.Person("bob")
	o.Group("Support", provision.MemberID(ada.ID))
	server := httptest.NewServer(o.handler)
	defer server.Close()
	c, err := client.NewClientWithResponses(server.URL+"/api/v1", client.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+o.token)
		return nil
	}))
	o.Must(err)

	var names []string
	params := &client.ListPeopleParams{Limit: new(int64(1))}
	for {
		page, err := c.ListPeopleWithResponse(t.Context(), params)
		o.Must(err)
		if page.JSON200 == nil || len(page.JSON200.Items) != 1 {
			t.Fatalf("people: %s %s", page.Status(), page.Body)
		}
		names = append(names, page.JSON200.Items[0].UserName)
		if params.Cursor = page.JSON200.Next; params.Cursor == nil {
			break
		}
	}
	if len(names) != 2 || names[0] != ada.UserName || names[1] != bob.UserName {
		t.Errorf("people: %v", names)
	}

	draft := map[string]any{"rules": []map[string]any{{"connection": "acme", "desk": "support", "group": "Support", "role": "agent", "teams": []string{"Tier 1"}}}}
	plan, err := c.PlanWithResponse(t.Context(), client.Draft{Draft: draft})
	o.Must(err)
	if plan.JSON200 == nil || len(plan.JSON200.Changes) != 1 || len(plan.JSON200.People) != 1 || plan.JSON200.People[0].UserName != ada.UserName {
		t.Fatalf("plan: %s %s", plan.Status(), plan.Body)
	}
	for _, status := range []int{http.StatusOK, http.StatusPreconditionFailed} { // once
		applied, err := c.ApplyPlanWithResponse(t.Context(), plan.JSON200.Hash, client.Application{Draft: draft})
		o.Must(err)
		if applied.StatusCode() != status || (status == http.StatusPreconditionFailed) != (applied.ApplicationproblemJSON412 != nil) {
			t.Errorf("applied: %s %s", applied.Status(), applied.Body)
		}
	}

	holds, err := c.ListHoldsWithResponse(t.Context())
	o.Must(err)
	kept, err := c.RejectHoldsWithResponse(t.Context(), "acme", client.Whom{All: new(true)})
	o.Must(err)
	if holds.JSON200 == nil || len(holds.JSON200.Items) != 0 || kept.JSON200 == nil || kept.JSON200.Count != 0 {
		t.Errorf("holds: %s %s, %s %s", holds.Status(), holds.Body, kept.Status(), kept.Body)
	}
	if unknown, err := c.RejectHoldsWithResponse(t.Context(), "other", client.Whom{All: new(true)}); err != nil || unknown.ApplicationproblemJSON404 == nil || unknown.ApplicationproblemJSON404.Code != "not_found" {
		t.Errorf("no such connection: %v, %+v", err, unknown)
	}

	entries, err := c.ListAuditWithResponse(t.Context(), &client.ListAuditParams{Action: &[]string{"plan.applied"}})
	o.Must(err)
	if entries.JSON200 == nil || len(entries.JSON200.Items) != 1 || entries.JSON200.Items[0].Cause == nil || *entries.JSON200.Items[0].Cause != "POST /api/v1/plans/{hash}/apply" {
		t.Errorf("audit: %s %s", entries.Status(), entries.Body)
	}
}
