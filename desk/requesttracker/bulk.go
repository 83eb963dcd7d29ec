package requesttracker

import (
	"context"
	"net/url"
	"slices"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// roster is what lists of users leave empty: who is enabled, who is privileged,
// and who is in which group. All by number.
type roster struct {
	enabled    map[string]bool
	privileged map[string]bool
	groups     groupList
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
	total, err := strconv.Atoi(string(p.Total))
	if err == nil && n*pageSize >= total || err != nil && len(p.Items) == 0 || n == maxPages {
		return users, "", nil
	}
	return users, kit.PageAfter(n), nil
}

// complete fills in what a list leaves empty.
func (k *roster) complete(r *record) {
	id := string(r.ID)
	disabled := text(strconv.Itoa(flag(!k.enabled[id])))
	r.Disabled, r.Privileged, r.Memberships = &disabled, text(strconv.Itoa(flag(k.privileged[id]))), k.of[id]
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
	own, err := search[group](ctx, d.client, "/groups", url.Values{"fields": {"Name,Domain"}}, pageSize, limit{"Domain", "SystemInternal"})
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(own, func(g group) bool { return g.Domain == "SystemInternal" && g.Name == privilegedGroup })
	if at < 0 {
		return nil, desk.Unsupported("list users", "RT does not show who is privileged, but for one user at a time")
	}
	privileged, err := d.groups.everybody(ctx, string(own[at].ID))
	if err != nil {
		return nil, err
	}
	for _, id := range privileged {
		k.privileged[id] = true
	}
	if len(k.privileged) == 0 { // we are privileged ourselves
		return nil, missingRight("SeeGroup", "to read who is privileged")
	}
	if k.groups, err = d.groups.reread(ctx); err != nil {
		return nil, err
	}
	for _, g := range k.groups {
		members, err := d.groups.everybody(ctx, string(g.ID))
		if err != nil && desk.KindOf(err) != desk.NotFound { // disabled a moment ago
			return nil, err
		}
		for _, id := range members {
			k.of[id] = append(k.of[id], ref{Type: "group", ID: g.ID})
		}
	}
	return k, nil
}

// everybody is members with the disabled users.
func (d *directory) everybody(ctx context.Context, group string) ([]string, error) {
	return d.membersWhere(ctx, group, url.Values{"recursively": {"1"}, "groups": {"0"}, "find_disabled_rows": {"1"}})
}
