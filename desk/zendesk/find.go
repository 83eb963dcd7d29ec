package zendesk

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Find looks a user up by number, then by our external id, then by e-mail. Who is
// deleted is not there.
func (d *zendesk) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	r, err := desk.FindBy(ctx, key, d.read, d.byExternalID, d.byEmail)
	if r == nil || err != nil {
		return nil, err
	}
	return d.whole(ctx, r)
}

// whole adds to a user what the record does not show.
func (d *directory) whole(ctx context.Context, r *record) (*provision.DeskUser, error) {
	limited, err := d.limited(ctx)
	if err != nil {
		return nil, err
	}
	var teams []string
	if r.Role != endUser {
		if teams, err = d.teamsOf(ctx, r); err != nil {
			return nil, err
		}
	}
	return d.user(r, limited, teams), nil
}

// read returns the user with a number. An unknown number is NotFound, and so is that of
// somebody who is deleted: Zendesk goes on showing them.
func (d *directory) read(ctx context.Context, id provision.DeskUserID) (*record, error) {
	if !kit.IsNumber(id) {
		return nil, desk.Errorf(desk.NotFound, "Zendesk has no user %q: its ids are numbers", id)
	}
	var answer struct{ User *record }
	err := d.client.Get(ctx, "/users/"+string(id), nil, &answer)
	switch r := answer.User; {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil, desk.Errorf(desk.NotFound, "Zendesk has no user %s", id)
	case err != nil:
		return nil, err
	case r == nil || r.id() != id || r.lacks != "":
		return nil, desk.Errorf(desk.Retryable, "Zendesk answered a question about user %s with something else; is a proxy in the way?", id)
	case !r.Active:
		return nil, desk.Errorf(desk.NotFound, "user %s of Zendesk is deleted", id)
	}
	return answer.User, nil
}

// byExternalID returns the user with our external id; nil when none has it.
func (d *directory) byExternalID(ctx context.Context, externalID string) (*record, error) {
	return d.only(ctx, url.Values{"external_id": {externalID}}, "have the same external id", func(r *record) bool { return sameText(r.ExternalID, externalID) })
}

// byEmail returns the user with an e-mail address; nil when there is none. Zendesk's
// index may be behind: whom it does not find is looked for among agents and admins,
// and whom it still finds is read.
func (d *directory) byEmail(ctx context.Context, address string) (*record, error) {
	if !strings.Contains(address, "@") || strings.ContainsAny(address, "\" \\*?") {
		return nil, nil
	}
	meant := func(r *record) bool { return sameText(r.Email, address) }
	found, err := d.only(ctx, url.Values{"query": {address}}, "have the same e-mail address", meant)
	if found != nil || err != nil {
		return found, err
	}
	staff, err := d.agents(ctx, lookUpAge)
	if err != nil {
		return nil, err
	}
	return d.among(ctx, staff, "have the same e-mail address", meant)
}

// only returns the one user of a search who is meant, as Zendesk shows them now; nil
// when there is none.
func (d *directory) only(ctx context.Context, query url.Values, both string, meant func(*record) bool) (*record, error) {
	var hits []record
	for n := 1; n <= maxOffsetPages; n++ {
		asked := url.Values{"per_page": {strconv.Itoa(pageSize)}, "page": {strconv.Itoa(n)}}
		for key, values := range query {
			asked[key] = values
		}
		var answer struct {
			Users []record `json:"users"`
			Count *int     `json:"count"`
			Next  *string  `json:"next_page"` // an address, which is not followed
		}
		if err := d.client.Get(ctx, "/users/search", asked, &answer); err != nil {
			return nil, err
		}
		if answer.Users == nil || slices.ContainsFunc(answer.Users, func(r record) bool { return r.ID <= 0 || r.lacks != "" }) {
			return nil, vendor.NoList("users")
		}
		hits = append(hits, answer.Users...)
		switch {
		case answer.Next != nil && len(answer.Users) > 0:
			continue
		case answer.Count != nil && *answer.Count > len(hits):
			return nil, desk.Errorf(desk.Retryable, "Zendesk shows %d users fewer than it says there are", *answer.Count-len(hits))
		}
		break
	}
	return d.among(ctx, hits, both, meant)
}

// among returns the one of some users who is meant, read anew; nil when there is none.
// Two are one too many to choose from.
func (d *directory) among(ctx context.Context, users []record, both string, meant func(*record) bool) (*record, error) {
	var ids []string
	for i := range users {
		if meant(&users[i]) && !slices.Contains(ids, string(users[i].id())) {
			ids = append(ids, string(users[i].id()))
		}
	}
	var found []*record
	for _, id := range ids {
		r, err := d.read(ctx, provision.DeskUserID(id))
		switch {
		case err != nil && desk.KindOf(err) != desk.NotFound:
			return nil, err
		case err == nil && meant(r):
			found = append(found, r)
		}
	}
	switch len(found) {
	case 0:
		return nil, nil
	case 1:
		return found[0], nil
	}
	return nil, vendor.Several(ids, both, "Admin Center > People")
}

// takenBy makes a conflict name who is in the way, if a search finds that.
func (d *directory) takenBy(ctx context.Context, failure error, address string) error {
	if !errors.Is(failure, errTaken) {
		return failure
	}
	e := &desk.Error{Kind: desk.Conflict, Field: "email", Err: failure,
		Detail: "another user of Zendesk has this e-mail address or external id already, perhaps as a second address; find it at Admin Center > People, and change it there"}
	if holder, err := d.byEmail(ctx, address); err == nil && holder != nil {
		e.Detail = "user " + string(holder.id()) + " of Zendesk has this e-mail address already"
	}
	return e
}
