package api

import (
	"context"
	"net/http"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/report"
)

// Session is a browser that somebody is signed in in.
type Session struct {
	PersonSession
	Person     string `json:"person"`
	UserName   string `json:"user_name,omitempty"`
	Connection string `json:"connection,omitempty"`
}

// Sessions is who is signed in.
type Sessions struct {
	Items []Session `json:"items"`
	More  bool      `json:"more" doc:"there are others: choose among them by connection or person"`
}

func (a *API) sessionRoutes() {
	handle(a, route{"list-sessions", http.MethodGet, "/sessions", admin.SessionsRead, "Sessions", "Who is signed in, the newest first", 0},
		func(ctx context.Context, _ asked, in *struct {
			Connection string `query:"connection" doc:"name or id"`
			Person     string `query:"person" maxLength:"64" doc:"id"`
			Limit      int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		}) (*struct{ Body Sessions }, error) {
			conn, err := a.connection(ctx, in.Connection)
			if err != nil {
				return nil, err
			}
			found, more, err := a.core.Report.Sessions(ctx, provision.SessionFilter{Connection: conn, Identity: provision.IdentityID(in.Person)}, in.Limit)
			if err != nil {
				return nil, err
			}
			out := Sessions{Items: make([]Session, len(found)), More: more}
			for i, s := range found {
				out.Items[i] = signedIn(s)
			}
			return &struct{ Body Sessions }{out}, nil
		})
	handle(a, route{"end-session", http.MethodDelete, "/sessions/{id}", admin.SessionEnd, "Sessions", "End a session", 0},
		func(ctx context.Context, who asked, in *struct {
			ID string `path:"id" minLength:"1" maxLength:"64"`
		}) (*struct{ Body Done }, error) {
			ended, err := a.core.Sessions.EndSessions(ctx, who.cause, provision.SessionFilter{ID: provision.SessionID(in.ID)}, provision.EndedByAdmin)
			if err == nil && len(ended) == 0 {
				err = provision.Errorf(provision.NotFound, "id", "no session of this id is open")
			}
			return done(len(ended)), err
		})
}

func signedIn(s report.SignedIn) Session {
	return Session{sessionOf(s.Session), string(s.Identity), s.UserName, s.ConnectionName}
}
