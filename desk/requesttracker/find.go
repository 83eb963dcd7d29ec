package requesttracker

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

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
// does. RT looks without regard to letter case.
func (d *rt) byExternalID(ctx context.Context, externalID string) (*record, error) {
	field := d.settings.externalIDField
	value := func(r *record) string { return r.field(field) }
	hits, err := d.lookUp(ctx, "CustomField.{"+field+"}", externalID, value)
	if errors.Is(err, errIgnored) {
		return nil, desk.Errorf(desk.Permanent, "RT ignores the custom field %q: make it at Admin > Custom Fields > Create (applies to \"Users\"), and give the service account the right SeeCustomField", field)
	}
	if err != nil {
		return nil, err
	}
	return d.users.Only(ctx, hits, "carry the same value in "+field, func(r *record) bool { return value(r) == externalID })
}

// byEmail returns the user with an e-mail address; nil when there is none. A
// user without an address counts if the login name is the address. One whose
// name is the address of somebody else, whatever the reason, does not.
func (d *rt) byEmail(ctx context.Context, email string) (*record, error) {
	hits, err := d.lookUp(ctx, "EmailAddress", email, (*record).email)
	if err != nil {
		return nil, err
	}
	found, err := d.users.Only(ctx, hits, "have the same e-mail address", func(r *record) bool { return strings.EqualFold(r.EmailAddress, email) })
	if found != nil || err != nil {
		return found, err
	}
	if hits, err = d.lookUp(ctx, "Name", email, (*record).name); err != nil {
		return nil, err
	}
	return d.users.Only(ctx, hits, "have the same name", func(r *record) bool { return strings.EqualFold(r.Name, email) && r.EmailAddress == "" })
}

// maxHits bounds a look-up: more hits for one value mean that RT ignored it.
const maxHits = 10

// errIgnored is the cause of an error for a field that RT does not know, or hides from us: it
// answers with everybody.
var errIgnored = errors.New("a look-up by it finds others")

// lookUp returns up to maxHits users of whom a field has a value, disabled ones included. They come
// from a list, where RT leaves Disabled and Privileged empty.
func (d *rt) lookUp(ctx context.Context, field, value string, shown func(*record) string) ([]record, error) {
	query := url.Values{"fields": {"id,Name,EmailAddress,CustomFields"}, "find_disabled_rows": {"1"}}
	hits, err := list[record](d.client, "/users", query, maxHits, limit{field, value}).First(ctx, maxHits)
	if err == nil && slices.ContainsFunc(hits, func(r record) bool { return !strings.EqualFold(shown(&r), value) }) {
		e := missingRight("AdminUsers", "to look users up by "+field)
		e.Err = errIgnored
		return nil, e
	}
	return hits, err
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
		_, enabled := slices.BinarySearch(known.enabled, id)
		_, privileged := slices.BinarySearch(known.privileged, id)
		disabled := kit.Scalar(flag(!enabled))
		r.Disabled, r.Privileged = &disabled, kit.Scalar(flag(privileged))
		return d.userIn(ctx, r, known.in.Names(roster.Teams, id))
	})
	return users, next, err
}

// unlisted is what lists of users leave empty: the numbers of those who are enabled, and of those
// who are privileged, in order, and who is in which group.
type unlisted struct {
	enabled, privileged []int64
	in                  *roster.Membership
}

func (d *rt) readUnlisted(ctx context.Context) (u *unlisted, _ error) {
	enabled, err := list[record](d.client, "/users", url.Values{"fields": {"id"}}, pageSize).All(ctx)
	if err != nil {
		return nil, err
	}
	own, err := d.client.groupsIn(ctx, "SystemInternal")
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(own, func(g kit.Entry) bool { return g.Name == "Privileged" }) // whose box is ticked
	if at < 0 {
		return nil, desk.Unsupported("list users", "RT does not show who is privileged, but for one user at a time")
	}
	u = new(unlisted)
	if u.privileged, err = d.groups.members(ctx, own[at].ID, true); err != nil {
		return nil, err
	}
	if len(u.privileged) == 0 { // we are privileged ourselves
		return nil, missingRight("SeeGroup", "to read who is privileged")
	}
	for _, r := range enabled {
		u.enabled = append(u.enabled, r.ID.Number())
	}
	slices.Sort(u.enabled)
	u.in, err = d.memberships.Anew(ctx)
	return u, err
}
