package api

import (
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/report"
	"github.com/deskbridge/deskbridge/provision/session"
)

// Paging is the part of a list that is asked for.
type Paging struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"how many at most"`
	Cursor string `query:"cursor" maxLength:"4000" doc:"next of the page before"`
}

// Page is one page of a list.
type Page[T any] struct {
	Items []T    `json:"items"`
	Next  string `json:"next,omitempty" doc:"the cursor of the next page; absent on the last"`
}

// paged is the answer of a list.
type paged[T any] struct{ Body Page[T] }

const (
	cursorKind session.OneTimeKind = "admin API cursor"
	cursorLife                     = 24 * time.Hour
)

// cursor seals where a list goes on: places hold names, which an address must not.
// A sealed one is good for a day.
func (a *API) cursor(place any, more bool) (string, error) {
	if !more {
		return "", nil
	}
	return a.core.Sessions.SealTicket(cursorKind, "", place, cursorLife)
}

// at reads what [API.cursor] has sealed into place.
func (a *API) at(cursor string, place any) error {
	if cursor == "" {
		return nil
	}
	if err := a.core.Sessions.OpenTicket(cursorKind, "", cursor, place); err != nil {
		if provision.IsNotFound(err) {
			return provision.Errorf(provision.Invalid, "cursor", "this is no cursor of ours, or it is older than a day; begin anew")
		}
		return err
	}
	return nil
}

// reportPage returns the part of a list as reports know it.
func (a *API) reportPage(p Paging) (out report.Page, err error) {
	out.Limit = p.Limit
	return out, a.at(p.Cursor, &out.After)
}

// pageOf makes a page of what a report has found.
func pageOf[S, T any](a *API, found []S, next string, one func(S) T) (*paged[T], error) {
	out := &paged[T]{Page[T]{Items: make([]T, len(found))}}
	for i, f := range found {
		out.Body.Items[i] = one(f)
	}
	var err error
	out.Body.Next, err = a.cursor(next, next != "")
	return out, err
}

// all makes a page of a list that has but one.
func all[S, T any](found []S, one func(S) T) *paged[T] {
	out := &paged[T]{Page[T]{Items: make([]T, len(found))}}
	for i, f := range found {
		out.Body.Items[i] = one(f)
	}
	return out
}
