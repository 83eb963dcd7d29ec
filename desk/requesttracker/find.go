package requesttracker

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

func noNumber(what, id string) *desk.Error {
	return desk.Errorf(desk.NotFound, "RT has no %s %q: its ids are numbers", what, id)
}

// Find looks a user up by number, then by our external id, then by e-mail.
func (d *rt) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	return people.Find(ctx, key, d.read, d.byExternalID, d.byEmail, d.user)
}

// read returns the user with a number, whole. An unknown number is NotFound.
func (d *rt) read(ctx context.Context, id provision.DeskUserID) (*record, error) {
	r, err := kit.One[record]{
		Client: d.client.Client, What: "user", Path: "/user/",
		Is: func(r *record, number string) bool { return r.complete() != nil || string(r.ID) == number }, // a summary shows no number
	}.Read(ctx, string(id))
	if err != nil {
		return nil, err
	}
	return r, r.complete()
}

// byExternalID returns the user whose custom field holds our external id; nil when none
// does.
func (d *rt) byExternalID(ctx context.Context, externalID string) (*record, error) {
	field := d.settings.externalIDField
	hits, err := d.lookUp(ctx, "CustomField.{"+field+"}", externalID)
	if err != nil {
		return nil, err
	}
	for _, r := range hits {
		value, present := r.field(field)
		if !present || !strings.EqualFold(value, externalID) {
			// RT ignores a field that it does not know and answers with everybody.
			return nil, desk.Errorf(desk.Permanent, "RT ignores the custom field %q: make it at Admin > Custom Fields > Create (applies to \"Users\"), and give the service account the right SeeCustomField", field)
		}
	}
	return d.users.Only(ctx, hits, "carry the same value in "+field, func(r *record) bool {
		value, _ := r.field(field)
		return value == externalID // RT looks without regard to letter case
	})
}

// byEmail returns the user with an e-mail address; nil when there is none. A
// user without an address counts if the login name is the address. One whose
// name is the address of somebody else, whatever the reason, does not.
func (d *rt) byEmail(ctx context.Context, email string) (*record, error) {
	hits, err := d.lookUp(ctx, "EmailAddress", email)
	if err != nil {
		return nil, err
	}
	for _, r := range hits {
		if !strings.EqualFold(r.EmailAddress, email) {
			return nil, missingRight("AdminUsers", "to look users up by e-mail")
		}
	}
	found, err := d.users.Only(ctx, hits, "have the same e-mail address", func(r *record) bool { return strings.EqualFold(r.EmailAddress, email) })
	if found != nil || err != nil {
		return found, err
	}
	if hits, err = d.lookUp(ctx, "Name", email); err != nil {
		return nil, err
	}
	return d.users.Only(ctx, hits, "have the same name", func(r *record) bool { return strings.EqualFold(r.Name, email) && r.EmailAddress == "" })
}

// maxHits bounds a look-up: more hits for one value mean that RT ignored it.
const maxHits = 10

// lookUp returns up to maxHits users, disabled ones included. They come from a
// list, where RT leaves Disabled and Privileged empty.
func (d *rt) lookUp(ctx context.Context, field, value string) ([]record, error) {
	query := url.Values{"fields": {"id,Name,EmailAddress,CustomFields"}, "find_disabled_rows": {"1"}}
	return list[record](d.client, "/users", query, maxHits, limit{field, value}).First(ctx, maxHits)
}

// List implements [desk.Lister]. A cursor is the number of a page. In lists RT
// leaves Disabled, Privileged and Memberships empty (5.0, seen 2026-11-21);
// they are put together from the list of those who are not disabled, and from
// the members of groups, with the first page.
//
// Since the mend of CVE-2026-108353 (Debian's 5.0.3+dfsg-3~deb12u7, seen
// 2026-11-29) REST 2.0 shows no group of RT's own, so that nobody can tell in
// bulk who is privileged: then List is CannotDo.
func (d *rt) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	query := url.Values{"fields": {"id,Name,EmailAddress,RealName,WorkPhone,Timezone,CustomFields"}, "find_disabled_rows": {"1"}}
	found, next, err := list[record](d.client, "/users", query, pageSize).At(ctx, cursor)
	if err != nil {
		return nil, "", err
	}
	known, err := d.listed.Get(ctx, cursor == "", d.readUnlisted)
	if err != nil {
		return nil, "", err
	}
	users, err := d.users.Users(ctx, found, func(ctx context.Context, r *record) (*provision.DeskUser, error) {
		id := r.ID.Number()
		disabled := kit.Scalar(flag(!known.enabled[id]))
		r.Disabled, r.Privileged = &disabled, kit.Scalar(flag(known.privileged[id]))
		return d.userIn(ctx, r, known.in.Names(roster.Teams, id))
	})
	return users, next, err
}

// unlisted is what lists of users leave empty: who is enabled, who is privileged, both by number,
// and who is in which group.
type unlisted struct {
	enabled, privileged map[int64]bool
	in                  *roster.Membership
}

// privilegedGroup is RT's own group of the users whose box "Privileged" is
// ticked.
const privilegedGroup = "Privileged"

func (d *rt) readUnlisted(ctx context.Context) (*unlisted, error) {
	enabled, err := list[record](d.client, "/users", url.Values{"fields": {"id"}}, pageSize).All(ctx)
	if err != nil {
		return nil, err
	}
	own, err := d.client.groupsIn(ctx, "SystemInternal")
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(own, func(g kit.Entry) bool { return g.Name == privilegedGroup })
	if at < 0 {
		return nil, desk.Unsupported("list users", "RT does not show who is privileged, but for one user at a time")
	}
	privileged, err := d.groups.members(ctx, own[at].ID, true)
	if err != nil {
		return nil, err
	}
	if len(privileged) == 0 { // we are privileged ourselves
		return nil, missingRight("SeeGroup", "to read who is privileged")
	}
	u := &unlisted{enabled: make(map[int64]bool), privileged: make(map[int64]bool)}
	for _, r := range enabled {
		u.enabled[r.ID.Number()] = true
	}
	for _, id := range privileged {
		u.privileged[id] = true
	}
	u.in, err = d.memberships.Membership(ctx)
	return u, err
}
