package requesttracker

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

func noNumber(what, id string) *desk.Error {
	return desk.Errorf(desk.NotFound, "RT has no %s %q: its ids are numbers", what, id)
}

// Find looks a user up by number, then by our external id, then by e-mail.
func (d *rt) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	r, err := desk.FindBy(ctx, key, d.read, d.byExternalID, d.byEmail)
	if r == nil || err != nil {
		return nil, err
	}
	groups, err := d.groups.list(ctx)
	if err != nil {
		return nil, err
	}
	return d.user(r, groups)
}

// read returns the user with a number, whole. An unknown number is NotFound.
func (d *rt) read(ctx context.Context, id provision.DeskUserID) (*record, error) {
	if !kit.IsNumber(id) {
		return nil, noNumber("user", string(id))
	}
	var r record
	if err := d.client.Get(ctx, "/user/"+string(id), nil, &r); err != nil {
		if desk.KindOf(err) == desk.NotFound {
			return nil, desk.Errorf(desk.NotFound, "RT has no user %s", id)
		}
		return nil, err
	}
	if err := r.complete(); err != nil {
		return nil, err
	}
	if string(r.ID) != string(id) {
		return nil, desk.Errorf(desk.Retryable, "RT answered a question about user %s with another record", id)
	}
	return &r, nil
}

// byExternalID returns the user whose custom field holds our external id; nil when none
// does.
func (d *rt) byExternalID(ctx context.Context, externalID string) (*record, error) {
	field := d.settings.externalIDField
	hits, err := d.lookUp(ctx, "CustomField.{"+field+"}", externalID)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range hits {
		value, present := r.field(field)
		if !present || !strings.EqualFold(value, externalID) {
			// RT ignores a field that it does not know and answers with everybody.
			return nil, desk.Errorf(desk.Permanent, "RT ignores the custom field %q: make it at Admin > Custom Fields > Create (applies to \"Users\"), and give the service account the right SeeCustomField", field)
		}
		if value == externalID {
			ids = append(ids, string(r.ID))
		}
	}
	return d.only(ctx, ids, "carry the same value in "+field)
}

// byEmail returns the user with an e-mail address; nil when there is none. A
// user without an address counts if the login name is the address. One whose
// name is the address of somebody else, whatever the reason, does not.
func (d *rt) byEmail(ctx context.Context, email string) (*record, error) {
	hits, err := d.lookUp(ctx, "EmailAddress", email)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, r := range hits {
		if !strings.EqualFold(r.EmailAddress, email) {
			return nil, missingRight("AdminUsers", "to look users up by e-mail")
		}
		ids = append(ids, string(r.ID))
	}
	if len(ids) > 0 {
		return d.only(ctx, ids, "have the same e-mail address")
	}
	if hits, err = d.lookUp(ctx, "Name", email); err != nil {
		return nil, err
	}
	for _, r := range hits {
		if strings.EqualFold(r.Name, email) && r.EmailAddress == "" {
			ids = append(ids, string(r.ID))
		}
	}
	return d.only(ctx, ids, "have the same name")
}

// maxHits bounds a look-up: more hits for one value mean that RT ignored it.
const maxHits = 10

// lookUp returns up to maxHits users, disabled ones included. They come from a
// list, where RT leaves Disabled and Privileged empty.
func (d *rt) lookUp(ctx context.Context, field, value string) ([]record, error) {
	query := url.Values{"fields": {"id,Name,EmailAddress,CustomFields"}, "find_disabled_rows": {"1"}}
	return search[record](ctx, d.client, "/users", query, maxHits, limit{field, value})
}

// only reads the one user in ids, whole. Two are one too many to choose from.
func (d *rt) only(ctx context.Context, ids []string, both string) (*record, error) {
	slices.Sort(ids)
	switch ids = slices.Compact(ids); len(ids) {
	case 0:
		return nil, nil
	case 1:
		return d.read(ctx, provision.DeskUserID(ids[0]))
	}
	return nil, vendor.Several(ids, both, fmt.Sprintf("Admin > Users (…/Admin/Users/Modify.html?id=%s)", ids[len(ids)-1]))
}
