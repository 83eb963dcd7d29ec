package api

import (
	"context"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/request"
)

func (a *API) requestRoutes() {
	handle(a, route{"list-requests", http.MethodGet, "/requests", admin.RequestsRead, "Requests", "What was asked for and answered, the newest first; those that were refused too", 0},
		func(ctx context.Context, _ asked, in *struct {
			Connection string    `query:"connection" maxLength:"100" doc:"id"`
			Person     string    `query:"person" maxLength:"100" doc:"id"`
			Status     int       `query:"status" minimum:"100" maximum:"599" doc:"of HTTP, exactly"`
			Refused    bool      `query:"refused" doc:"only those that were refused"`
			Since      time.Time `query:"since"`
			Paging
		}) (*paged[answer.Request], error) {
			f := request.Filter{Connection: provision.ConnectionID(in.Connection), Identity: provision.IdentityID(in.Person), Status: in.Status, Refused: in.Refused, Since: in.Since}
			var before request.Place
			if err := a.at(in.Cursor, &before); err != nil {
				return nil, err
			}
			found, err := a.core.Requests.Latest(ctx, f, before, in.Limit+1)
			if err != nil {
				return nil, err
			}
			more := len(found) > in.Limit
			if more {
				found = found[:in.Limit]
			}
			out := all(found, answer.RequestOf)
			if more {
				last := found[len(found)-1]
				out.Body.Next, err = a.cursor(request.Place{At: last.At, ID: last.ID}, true)
			}
			return out, err
		})
}
