package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api/problem"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// Entry is an entry of the audit log. It names people by id.
type Entry struct {
	ID         int64          `json:"id"`
	At         time.Time      `json:"at"`
	Connection string         `json:"connection,omitempty" doc:"id"`
	Actor      string         `json:"actor" doc:"who asked; docs/audit.md has the forms"`
	Cause      string         `json:"cause,omitempty"`
	Request    string         `json:"request,omitempty"`
	Action     string         `json:"action"`
	Subject    string         `json:"subject,omitempty" doc:"id of what it happened to"`
	Desk       string         `json:"desk,omitempty" doc:"id"`
	Account    string         `json:"account,omitempty" doc:"id"`
	Detail     map[string]any `json:"detail,omitempty"`
}

func entryOf(e provision.Entry) Entry {
	return Entry{e.ID, e.At, string(e.Connection), e.Cause.Actor, e.Cause.Action, e.Cause.Request, string(e.Action), e.Subject, string(e.Desk), string(e.Account), e.Detail}
}

// AuditHead is how far the log is sealed.
type AuditHead struct {
	Number int64  `json:"number"`
	Hash   string `json:"hash"`
}

const (
	// mostStreams is how many may follow the log at once, in this process.
	mostStreams = 64
	// feedEvery is how often a stream looks: entries are sealed once a second.
	feedEvery   = time.Second
	feedAtOnce  = 500
	feedWrite   = 30 * time.Second // how long a slow client has for one write
	stillEvery  = 5                // looks, between asking whether who follows may still
	aliveEvery  = 15               // looks, between signs of life
	sseMimeType = "text/event-stream"
)

func (a *API) auditRoutes() {
	handle(a, route{"list-audit", http.MethodGet, "/audit", admin.AuditRead, "Audit", "Entries of the audit log, the newest first", 0},
		func(ctx context.Context, _ asked, in *struct {
			Subject string    `query:"subject" maxLength:"100" doc:"id of what it happened to"`
			Action  []string  `query:"action" maxItems:"50" doc:"any of these"`
			Since   time.Time `query:"since"`
			Until   time.Time `query:"until" doc:"itself left out"`
			Paging
		}) (*paged[Entry], error) {
			f := audit.Filter{Subject: in.Subject, Since: in.Since, Until: in.Until}
			for _, action := range in.Action {
				f.Actions = append(f.Actions, provision.Action(action))
			}
			var before audit.Place
			if err := a.at(in.Cursor, &before); err != nil {
				return nil, err
			}
			found, err := a.core.Audit.Latest(ctx, f, before, in.Limit+1)
			if err != nil {
				return nil, err
			}
			more := len(found) > in.Limit
			if more {
				found = found[:in.Limit]
			}
			out := all(found, entryOf)
			if more {
				last := found[len(found)-1]
				out.Body.Next, err = a.cursor(audit.Place{At: last.At, ID: last.ID}, true)
			}
			return out, err
		})
	handle(a, route{"audit-head", http.MethodGet, "/audit/head", admin.AuditRead, "Audit", "The last head of the hash chain: keep it elsewhere", 0},
		func(ctx context.Context, _ asked, _ *struct{}) (*struct{ Body AuditHead }, error) {
			head, err := a.core.Audit.Head(ctx)
			return &struct{ Body AuditHead }{AuditHead{head.Number, fmt.Sprintf("%x", head.Hash)}}, err
		})
	streams := make(chan struct{}, mostStreams)
	handle(a, route{"events", http.MethodGet, "/events", admin.EventsRead, "Audit",
		"Follow the audit log, by server-sent events: each is an entry, its id the cursor. It ends with the session or the token, and after two minutes: come back with Last-Event-ID", 0},
		func(ctx context.Context, who asked, in *struct {
			Last  int64 `header:"Last-Event-ID" minimum:"0" doc:"id of the last event that has come; absent: from now on"`
			After int64 `query:"after" minimum:"0" doc:"the same, for who cannot send a header"`
		}) (*huma.StreamResponse, error) {
			after, _, err := a.core.Audit.Feed(ctx, 0, 0)
			if err != nil {
				return nil, err
			}
			if last := max(in.Last, in.After); last > 0 {
				after = last
			}
			return &huma.StreamResponse{Body: func(c huma.Context) {
				_, w := humago.Unwrap(c)
				select {
				case streams <- struct{}{}:
					defer func() { <-streams }()
				default:
					p := problem.New(http.StatusTooManyRequests, "too many follow the log at once; ask /audit instead")
					p.Headers = http.Header{"Retry-After": {"30"}}
					a.problem(w, ctx, p)
					return
				}
				a.follow(ctx, w, who, after)
			}}, nil
		})
}

// follow writes what comes after an entry, until the request ends or who asks may no
// longer.
func (a *API) follow(ctx context.Context, w http.ResponseWriter, who asked, after int64) {
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", sseMimeType)
	w.Header().Set("X-Accel-Buffering", "no") // nginx would keep events back
	write := func(text string) bool {
		if err := out.SetWriteDeadline(time.Now().Add(feedWrite)); err != nil && !errors.Is(err, http.ErrNotSupported) {
			return false
		}
		_, err := w.Write([]byte(text))
		return err == nil && out.Flush() == nil
	}
	if !write("retry: 2000\n\n") {
		return
	}
	tick := time.NewTicker(feedEvery)
	defer tick.Stop()
	for looks := 1; ; looks++ {
		_, entries, err := a.core.Audit.Feed(ctx, after, feedAtOnce)
		if err != nil {
			return // the client comes back
		}
		for _, e := range entries {
			data, err := json.Marshal(entryOf(e))
			if err != nil || !write("id: "+strconv.FormatInt(e.ID, 10)+"\nevent: "+string(e.Action)+"\ndata: "+string(data)+"\n\n") {
				return
			}
			after = e.ID
		}
		if looks%aliveEvery == 0 && !write(":\n\n") {
			return
		}
		if looks%stillEvery == 0 && who.Still(ctx, admin.EventsRead) != nil {
			return
		}
		if len(entries) == feedAtOnce {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
