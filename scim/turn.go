package scim

import (
	"context"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/resource"
	"github.com/deskbridge/deskbridge/scim/scimerr"
	"github.com/deskbridge/deskbridge/scim/turn"
)

// turns returns what connections share within these limits.
func (l Limits) turns() *turn.Turns {
	return turn.New(turn.Limits{Requests: l.RequestsAtOnce, Searches: l.SearchesAtOnce, Memory: l.Memory, Wait: l.Wait})
}

// find looks up a page, and keeps a search that has to look at many resources
// within its time and its share of the database.
func (h *handler) find(r *request, l listing) (provision.Finding, error) {
	if !l.scans() {
		return h.lookUp(r.Context(), r, l)
	}
	done, err := r.turn.Search(r.Context())
	if err != nil {
		return provision.Finding{}, err
	}
	defer done()
	ctx, stop := context.WithTimeout(r.Context(), h.limits.QueryTime)
	defer stop()
	found, err := h.lookUp(ctx, r, l)
	if err != nil && ctx.Err() != nil && r.Context().Err() == nil {
		return found, scimerr.BadRequest("tooMany", "The %s looks at too many resources and was given up after %s. "+
			"Ask with eq on userName, externalId, id or emails.value, which are found by index, for fewer comparisons at a time, or without sortBy.",
			l.asked(), h.limits.QueryTime.Round(time.Millisecond))
	}
	return found, err
}

// scans reports whether a listing may look at every resource.
func (l listing) scans() bool {
	for _, k := range l.kinds {
		if k.Where != nil && !provision.Indexed(k.Where) || len(k.SortBy) > 0 && !k.SortBy.Ordered() {
			return true
		}
	}
	return false
}

// asked names what a listing looks for resources by.
func (l listing) asked() string {
	for _, k := range l.kinds {
		if k.Where != nil {
			return "filter"
		}
	}
	return "sortBy"
}

// pageBytes returns what the page of a listing may come to. One value of one
// attribute is had by few.
func (l listing) pageBytes(limits Limits) int {
	few := !l.walk && len(l.kinds) == 1 && l.kinds[0].Where != nil && provision.Indexed(l.kinds[0].Where)
	if few || l.isBare() {
		return 0
	}
	return min(l.count*resource.MaxDocument, limits.PageBytes)
}

// isBare reports whether a listing needs no documents of people.
func (l listing) isBare() bool {
	return len(l.kinds) == 1 && l.kinds[0].t == resource.User && l.kinds[0].selection.IsBare()
}

// sizeOf returns what the resources of a page come to.
func sizeOf(items []provision.Found) (n int) {
	for _, item := range items {
		if item.Identity != nil {
			n += len(item.Identity.Document)
		} else {
			n += len(item.Group.Document)
		}
	}
	return n
}
