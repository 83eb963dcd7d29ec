package requesttracker

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

func noNumber(what, id string) *desk.Error {
	return desk.Errorf(desk.NotFound, "RT has no %s %q: its ids are numbers", what, id)
}

// Find looks a user up by number, then by our external id, then by e-mail.
func (d *rt) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	return people.Find(ctx, key, d.read, d.byExternalID, d.byEmail, func(ctx context.Context, r *record) (*provision.DeskUser, error) {
		groups, err := d.groups.List(ctx)
		if err != nil {
			return nil, err
		}
		return d.user(r, groups)
	})
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
	return collect[record](ctx, d.client, "/users", query, maxHits, limit{field, value})
}

// roster is what lists of users leave empty: who is enabled, who is privileged,
// and who is in which group. All by number.
type roster struct {
	enabled    map[string]bool
	privileged map[string]bool
	groups     []group
	of         map[string][]ref // the groups of a user
}

// privilegedGroup is RT's own group of the users whose box "Privileged" is
// ticked.
const privilegedGroup = "Privileged"

// List implements [desk.Lister]. A cursor is the number of a page. In lists RT
// leaves Disabled, Privileged and Memberships empty (5.0, seen 2026-11-21);
// they are put together from the list of those who are not disabled, and from
// the members of groups, with the first page.
//
// Since the mend of CVE-2026-108353 (Debian's 5.0.3+dfsg-3~deb12u7, seen
// 2026-11-29) REST 2.0 shows no group of RT's own, so that nobody can tell in
// bulk who is privileged: then List is CannotDo.
func (d *rt) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	n, err := kit.PageAt(cursor, maxPages)
	if err != nil {
		return nil, "", err
	}
	known, err := d.listed.Get(ctx, n == 1, d.readRoster)
	if err != nil {
		return nil, "", err
	}
	query := url.Values{"fields": {"id,Name,EmailAddress,RealName,WorkPhone,Timezone,CustomFields"}, "find_disabled_rows": {"1"},
		"orderby": {"id"}, "per_page": {strconv.Itoa(pageSize)}, "page": {strconv.Itoa(n)}}
	var p page[record]
	if err := d.client.Get(ctx, "/users", query, &p); err != nil {
		return nil, "", err
	}
	users := make([]provision.DeskUser, len(p.Items))
	for i, r := range p.Items {
		known.complete(&r)
		u, err := d.user(&r, known.groups)
		if err != nil {
			return nil, "", err
		}
		users[i] = *u
	}
	if total := p.total(); total >= 0 && n*pageSize >= total || total < 0 && len(p.Items) == 0 || n == maxPages {
		return users, "", nil
	}
	return users, kit.PageAfter(n), nil
}

// complete fills in what a list leaves empty.
func (k *roster) complete(r *record) {
	id := string(r.ID)
	disabled := kit.Scalar(strconv.Itoa(flag(!k.enabled[id])))
	r.Disabled, r.Privileged, r.Memberships = &disabled, kit.Scalar(strconv.Itoa(flag(k.privileged[id]))), k.of[id]
}

func (d *rt) readRoster(ctx context.Context) (*roster, error) {
	enabled, err := list[record](ctx, d.client, "/users", url.Values{"fields": {"id"}})
	if err != nil {
		return nil, err
	}
	k := &roster{enabled: make(map[string]bool), privileged: make(map[string]bool), of: make(map[string][]ref)}
	for _, r := range enabled {
		k.enabled[string(r.ID)] = true
	}
	own, err := collect[group](ctx, d.client, "/groups", url.Values{"fields": {"Name,Domain"}}, pageSize, limit{"Domain", "SystemInternal"})
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(own, func(g group) bool { return g.Domain == "SystemInternal" && g.Name == privilegedGroup })
	if at < 0 {
		return nil, desk.Unsupported("list users", "RT does not show who is privileged, but for one user at a time")
	}
	privileged, err := d.groups.members(ctx, own[at], true)
	if err != nil {
		return nil, err
	}
	for _, id := range privileged {
		k.privileged[id] = true
	}
	if len(k.privileged) == 0 { // we are privileged ourselves
		return nil, missingRight("SeeGroup", "to read who is privileged")
	}
	if k.groups, err = d.groups.Reread(ctx); err != nil {
		return nil, err
	}
	for _, g := range k.groups {
		members, err := d.groups.members(ctx, g, true)
		if err != nil && desk.KindOf(err) != desk.NotFound { // disabled a moment ago
			return nil, err
		}
		for _, id := range members {
			k.of[id] = append(k.of[id], ref{Type: "group", ID: g.ID})
		}
	}
	return k, nil
}
