package scim

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit/scimclient"
	"github.com/deskbridge/deskbridge/provision"
)

// errIgnored is the cause of an error for a desk that answers a filter with what it does not
// match.
var errIgnored = errors.New("other answer")

// everyoneAge is how long a list of everybody is taken for true, on a desk that
// finds nobody by filter: it may take hundreds of requests.
const everyoneAge = 20 * time.Second

// Find looks a user up by id, then by externalId, then by userName or e-mail
// address.
func (p *provider) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	r, err := desk.FindBy(ctx, key, p.read, p.byExternalID, p.byEmail)
	if r == nil || err != nil {
		return nil, err
	}
	return p.whole(ctx, *r)
}

// whole translates a record, with teams.
func (p *provider) whole(ctx context.Context, r record) (*provision.DeskUser, error) {
	in, err := p.groupsOf(ctx, r)
	if err != nil {
		return nil, err
	}
	u := p.settings.user(r)
	u.Teams = groupNames(in)
	return u, nil
}

// path is where a user is.
func path(id provision.DeskUserID) string { return "/Users/" + string(id) }

// read returns the user with an id. An unknown id is NotFound.
func (p *provider) read(ctx context.Context, id provision.DeskUserID) (*record, error) {
	r, err := p.resource(ctx, id)
	if err != nil {
		return nil, err
	}
	return &record{r.Object}, nil
}

func (p *provider) resource(ctx context.Context, id provision.DeskUserID) (r scimclient.Resource, err error) {
	if !scimclient.IsID(string(id)) {
		return r, desk.Errorf(desk.NotFound, "the desk has no user %q: that is no id of SCIM", id)
	}
	r, err = p.client.Read(ctx, path(id))
	switch {
	case desk.KindOf(err) == desk.NotFound:
		p.lately.Delete(id)
		return r, desk.Errorf(desk.NotFound, "the desk has no user %s", id)
	case err != nil:
		return r, err
	case r.Text("id") != string(id):
		return r, desk.Errorf(desk.Retryable, "the desk answered a question about user %s with another resource; is a proxy in the way?", id)
	}
	p.lately.Store(id, time.Now())
	return r, nil
}

func (p *provider) byExternalID(ctx context.Context, external string) (*record, error) {
	return p.one(ctx, scimclient.Equals("externalId", external), "have our external id", func(r record) bool { return r.Text("externalId") == external })
}

// byEmail finds somebody by userName, which is an address on most desks, and then
// by address. Who has it as a second address is found as well: nobody else could.
//
// Neither has a letter case that counts (RFC 7643 §4.1.1), but scimmy 1.3.5 finds
// only what is written as it is asked for (tried 2026-11-30): so small letters,
// in which most addresses are kept, are asked for, too.
func (p *provider) byEmail(ctx context.Context, email string) (*record, error) {
	spelled := []string{email}
	if small := strings.ToLower(email); small != email {
		spelled = append(spelled, small)
	}
	for _, attribute := range []string{"userName", "emails.value"} {
		for _, email := range spelled {
			r, err := p.one(ctx, scimclient.Equals(attribute, email), "go by the same userName or e-mail address", func(r record) bool { return r.goesBy(email) })
			if r != nil || err != nil {
				return r, err
			}
		}
	}
	return nil, nil
}

// one returns the user who matches; nil when nobody does, an error when several
// do. The filter is for the desk; whoever it answers with is looked at again. Where
// it refuses the filter, or answers with others, everybody is looked at.
func (p *provider) one(ctx context.Context, filter, both string, matches func(record) bool) (*record, error) {
	hits, err := p.filtered(ctx, filter, matches)
	if errors.Is(err, scimclient.ErrCannot) || errors.Is(err, errIgnored) {
		hits, err = p.everyone.Get(ctx, everyoneAge, p.listEveryone)
		hits = slices.DeleteFunc(slices.Clone(hits), func(r record) bool { return !matches(r) })
	}
	if err != nil {
		return nil, err
	}
	switch len(hits) {
	case 0:
		return nil, nil
	case 1: // a list may leave out what a resource by itself shows
		r, err := p.read(ctx, hits[0].id())
		switch {
		case desk.KindOf(err) == desk.NotFound: // deleted a moment ago
			return nil, nil
		case err == nil && !matches(*r):
			return nil, nil // called otherwise by now
		}
		return r, err
	}
	var ids []string
	for _, r := range hits {
		ids = append(ids, string(r.id()))
	}
	slices.Sort(ids)
	return nil, vendor.Several(ids, both, "its user administration")
}

// filtered returns those whom a filter finds.
func (p *provider) filtered(ctx context.Context, filter string, matches func(record) bool) (hits []record, _ error) {
	found, err := p.client.Discover(ctx)
	if err != nil {
		return nil, err
	}
	if !found.Filter {
		return nil, scimclient.ErrCannot
	}
	err = p.client.List(ctx, "/Users", url.Values{"filter": {filter}}, func(o scimclient.Object) error {
		r := record{o}
		if !matches(r) {
			return errIgnored
		}
		hits = append(hits, r)
		return nil
	})
	return hits, err
}

// listEveryone reads all users. Whom the desk has shown by id a moment before must be
// on the list, or else it is none of everybody.
func (p *provider) listEveryone(ctx context.Context) (all []record, _ error) {
	began, listed := time.Now(), make(map[provision.DeskUserID]bool)
	err := p.client.List(ctx, "/Users", nil, func(o scimclient.Object) error {
		all = append(all, record{o})
		listed[provision.DeskUserID(o.Text("id"))] = true
		return nil
	})
	if err != nil {
		return nil, err
	}
	p.lately.Range(func(id, at any) bool {
		switch read := at.(time.Time); {
		case began.Sub(read) > latelyAge:
			p.lately.Delete(id)
		case read.Before(began) && !listed[id.(provision.DeskUserID)]:
			err = desk.Errorf(desk.Retryable, "the desk's list of users leaves out user %s, whom it shows by id", id)
		}
		return true
	})
	return all, err
}
