package redmine

import (
	"context"
	"net/url"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

// Find looks a user up by number, then by our external id, then by e-mail.
func (d *redmine) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	return people.Find(ctx, key, d.read, d.byExternalID, d.byEmail, d.user)
}

// read returns the user with a number, whole. An unknown number is NotFound.
func (d *redmine) read(ctx context.Context, id provision.DeskUserID) (*record, error) {
	r, err := kit.One[record]{Client: d.client, What: "user", Path: "/users/", Query: url.Values{"include": {"groups,memberships"}}, Key: "user",
		Is: func(r *record, id string) bool { return number(r.ID) == id }}.Read(ctx, string(id))
	if err != nil {
		return nil, err
	}
	return r, r.complete()
}

// user translates a record that was read whole.
func (d *redmine) user(ctx context.Context, r *record) (*provision.DeskUser, error) {
	active, err := d.directory.List(ctx, roster.Mailboxes)
	if err != nil {
		return nil, err
	}
	var projects []string
	for _, p := range active {
		if r.worksIn(p) {
			projects = append(projects, p.Name)
		}
	}
	return d.shown(r, r.groupNames(), projects), nil
}

// byExternalID returns the user whose custom field holds our external id; nil when none does.
func (d *redmine) byExternalID(ctx context.Context, externalID string) (*record, error) {
	if _, err := d.externalIDField(ctx); err != nil {
		return nil, err
	}
	return d.marks.Find(ctx, externalID)
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
	return d.users.Only(ctx, hits, "have the same e-mail address", func(r *record) bool { return people.SameText(r.Mail, email) })
}

// search returns the users in one of some states who have a text somewhere in
// login, names or e-mail addresses, those included that Redmine does not show.
func (d *redmine) search(ctx context.Context, text string, states ...int) ([]record, error) {
	return d.inStates(url.Values{"name": {text}}, states...).All(ctx)
}
