package api

import (
	"context"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/report"
)

// Group is a group that an identity provider has pushed.
type Group struct {
	ID         string    `json:"id"`
	Connection string    `json:"connection"`
	Name       string    `json:"name"`
	ExternalID string    `json:"external_id,omitempty"`
	Members    int       `json:"members" doc:"direct ones"`
	Rules      []string  `json:"rules" doc:"ids of the rules that are bound to it"`
	UpdatedAt  time.Time `json:"updated_at"`
}

func groupOf(g report.Group) Group {
	out := Group{string(g.ID), g.ConnectionName, g.DisplayName, g.ExternalID, g.Members, []string{}, g.UpdatedAt}
	for _, r := range g.Rules {
		out.Rules = append(out.Rules, string(r.ID))
	}
	return out
}

// GroupDetail is a group with a page of its members.
type GroupDetail struct {
	Group
	People int      `json:"people" doc:"direct members that are people"`
	Groups int      `json:"groups" doc:"and groups"`
	First  []Member `json:"items" doc:"direct members, in the order of adding"`
	Next   string   `json:"next,omitempty"`
}

// Member is a direct member of a group.
type Member struct {
	ID   string `json:"id"`
	Kind string `json:"kind" enum:"identity,group"`
	Name string `json:"name,omitempty"`
}

func (a *API) groupRoutes() {
	handle(a, route{"list-groups", http.MethodGet, "/groups", admin.GroupsRead, "Groups", "Groups, by name", 0},
		func(ctx context.Context, _ asked, in *struct {
			Connection string `query:"connection" doc:"name or id"`
			Search     string `query:"search" maxLength:"200" doc:"somewhere in the name, letter case aside"`
			Paging
		}) (*paged[Group], error) {
			conn, err := a.connection(ctx, in.Connection)
			if err != nil {
				return nil, err
			}
			page, err := a.reportPage(in.Paging)
			if err != nil {
				return nil, err
			}
			found, next, err := a.core.Report.Groups(ctx, conn, in.Search, page)
			if err != nil {
				return nil, err
			}
			return pageOf(a, found, next, groupOf)
		})
	handle(a, route{"get-group", http.MethodGet, "/groups/{id}", admin.GroupsRead, "Groups", "A group, and a page of who is in it", 0},
		func(ctx context.Context, _ asked, in *struct {
			ID string `path:"id" maxLength:"64"`
			Paging
		}) (*struct{ Body GroupDetail }, error) {
			page, err := a.reportPage(in.Paging)
			if err != nil {
				return nil, err
			}
			d, err := a.core.Report.Group(ctx, "", in.ID, page)
			if err != nil {
				return nil, err
			}
			if string(d.ID) != in.ID { // one that is only called so
				return nil, provision.Errorf(provision.NotFound, "id", "there is no group of this id")
			}
			out := GroupDetail{Group: groupOf(d.Group), People: d.People, Groups: d.Groups, First: make([]Member, len(d.First))}
			for i, m := range d.First {
				out.First[i] = Member{string(m.ID), string(m.Kind), m.Display}
			}
			out.Next, err = a.cursor(d.Next, d.Next != "")
			return &struct{ Body GroupDetail }{out}, err
		})
}
