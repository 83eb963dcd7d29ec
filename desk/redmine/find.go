package redmine

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Find looks a user up by number, then by our external id, then by e-mail.
func (d *redmine) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	r, err := desk.FindBy(ctx, key, d.read, d.byExternalID, d.byEmail)
	if r == nil || err != nil {
		return nil, err
	}
	active, err := d.directory.projects.List(ctx)
	if err != nil {
		return nil, err
	}
	return d.user(r, active), nil
}

// read returns the user with a number, whole. An unknown number is NotFound.
func (d *redmine) read(ctx context.Context, id provision.DeskUserID) (*record, error) {
	if !kit.IsNumber(id) {
		return nil, desk.Errorf(desk.NotFound, "Redmine has no user %q: its ids are numbers", id)
	}
	var answer struct {
		User record `json:"user"`
	}
	if err := d.client.Get(ctx, "/users/"+string(id), url.Values{"include": {"groups,memberships"}}, &answer); err != nil {
		if desk.KindOf(err) == desk.NotFound {
			return nil, desk.Errorf(desk.NotFound, "Redmine has no user %s", id)
		}
		return nil, err
	}
	if answer.User.id() != id {
		return nil, desk.Errorf(desk.Retryable, "Redmine answered a question about user %s with another record", id)
	}
	return &answer.User, answer.User.complete()
}

// byExternalID returns the user whose custom field holds our external id; nil when none does.
func (d *redmine) byExternalID(ctx context.Context, externalID string) (*record, error) {
	if _, err := d.externalIDField(ctx); err != nil {
		return nil, err
	}
	ids, err := d.externalIDs.carriers(ctx, externalID)
	if err != nil {
		return nil, err
	}
	var carriers []*record
	for _, id := range ids {
		r, err := d.read(ctx, provision.DeskUserID(strconv.FormatInt(id, 10)))
		switch {
		case err == nil && r.externalID(d.settings.externalIDField) == externalID:
			carriers = append(carriers, r)
		case err == nil || desk.KindOf(err) == desk.NotFound:
			d.externalIDs.drop(externalID, id)
		default:
			return nil, err
		}
	}
	return only(carriers, "carry the same value in "+d.settings.externalIDField)
}

// byEmail returns the user with an e-mail address; nil when there is none.
func (d *redmine) byEmail(ctx context.Context, email string) (*record, error) {
	if !strings.Contains(email, "@") {
		return nil, nil // it would be in everybody's
	}
	hits, err := d.search(ctx, email, statuses[:]...)
	if err != nil {
		return nil, err
	}
	var owners []*record
	for _, r := range hits {
		if sameText(r.Mail, email) {
			owners = append(owners, &r)
		}
	}
	r, err := only(owners, "have the same e-mail address")
	if r == nil || err != nil {
		return nil, err
	}
	whole, err := d.read(ctx, r.id())
	if err != nil && desk.KindOf(err) != desk.NotFound {
		return nil, err
	}
	if err != nil || !sameText(whole.Mail, email) {
		return nil, nil // deleted or renamed while we read
	}
	return whole, nil
}

// search returns the users in one of some states who have a text somewhere in
// login, names or e-mail addresses, those included that Redmine does not show.
// They come from a list, without state, groups and projects.
func (d *redmine) search(ctx context.Context, text string, states ...int) ([]record, error) {
	var hits []record
	for _, status := range states {
		found, err := list[record](ctx, d.client, "/users", "users", url.Values{"name": {text}, "status": {strconv.Itoa(status)}})
		if err != nil {
			return nil, err
		}
		hits = append(hits, found...)
	}
	return hits, nil
}

// only returns the one record; nil when there is none. Two are one too many to
// choose from.
func only(records []*record, both string) (*record, error) {
	switch len(records) {
	case 0:
		return nil, nil
	case 1:
		return records[0], nil
	}
	var ids []string
	for _, r := range records {
		ids = append(ids, string(r.id()))
	}
	slices.Sort(ids)
	return nil, vendor.Several(ids, both, "Administration > Users")
}

func sameText(a, b string) bool { return provision.Fold(a) == provision.Fold(b) }
