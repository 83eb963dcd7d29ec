package builtin

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
)

// teamBody and mailboxBody are teams and mailboxes as the API shows them.
type teamBody struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	Timezone  string `json:"timezone"`
	CreatedAt string `json:"createdAt"`
	UpdatedAt string `json:"updatedAt"`
	Mention   string `json:"mention"`
	Initials  string `json:"initials"`
	Links     links  `json:"_links"`
}

type mailboxBody struct {
	ID        int64  `json:"id"`
	Name      string `json:"name"`
	Slug      string `json:"slug"`
	Email     string `json:"email"`
	CreatedAt string `json:"createdAt"`
	UpdatedAt string `json:"updatedAt"`
	Links     links  `json:"_links"`
}

// unitsPage returns a page of the units that satisfy where, by id, and how
// many do in all.
func (v view) unitsPage(ctx context.Context, k unitKind, p paging, f filter) ([]unit, int, error) {
	total, err := one[int](ctx, v, `SELECT COUNT(*) FROM `+k.table+` p WHERE p.desk = $1 AND `+f.where(), append([]any{v.desk}, f.args...)...)
	if err != nil {
		return nil, 0, err
	}
	page, err := v.list(ctx, k, f.where()+` ORDER BY p.id`+limitClause(p), f.args...)
	return page, total, err
}

func listTeams(ctx context.Context, c *call) error {
	p, err := c.paging(pageSize)
	if err != nil {
		return err
	}
	page, total, err := c.unitsPage(ctx, teamKind, p, filter{clauses: []string{`TRUE`}})
	if err != nil {
		return err
	}
	_, timezone, err := c.company(ctx)
	if err != nil {
		return err
	}
	bodies := make([]teamBody, len(page))
	for i, t := range page {
		members := c.link("/teams/", t.ID)
		members.Href += "/members"
		bodies[i] = teamBody{ID: t.ID, Name: t.Name, Timezone: timezone, CreatedAt: timestamp(t.CreatedAt), UpdatedAt: timestamp(t.UpdatedAt),
			Mention: strings.ToLower(strings.ReplaceAll(t.Name, " ", "")), Initials: initial(t.Name), Links: links{"members": members}}
	}
	return c.writePage("teams", bodies, p, total)
}

// pathTeam returns the id in the path, of a team that is there.
func (c *call) pathTeam(ctx context.Context) (int64, error) {
	id, err := c.pathID()
	if err != nil {
		return 0, err
	}
	return one[int64](ctx, c.view, `SELECT id FROM builtin_teams WHERE desk = $1 AND id = $2`, c.desk, id)
}

func listMembers(ctx context.Context, c *call) error {
	team, err := c.pathTeam(ctx)
	if err != nil {
		return err
	}
	return c.writeUsers(ctx, `u.id IN (SELECT user_id FROM builtin_team_members WHERE desk = $1 AND team = $2)`, team)
}

// changeMembers serves PUT /teams/{id}/members: a difference, so that who is
// named in neither list stays.
func changeMembers(ctx context.Context, c *call) error {
	if err := c.mustManage(); err != nil {
		return err
	}
	team, err := c.pathTeam(ctx)
	if err != nil {
		return err
	}
	f, err := c.form()
	if err != nil {
		return err
	}
	added, deleted := f.ids("addedUserIds"), f.ids("deletedUserIds")
	if err := f.err(); err != nil {
		return err
	}
	err = c.write(ctx, func(t *tx) error {
		if err := t.removeMembers(ctx, f, team, deleted); err != nil {
			return err
		}
		if err := t.addMembers(ctx, f, team, added); err != nil {
			return err
		}
		return f.err() // all of it, or none
	})
	if err != nil {
		return err
	}
	return c.noContent()
}

func (t *tx) removeMembers(ctx context.Context, f *form, team int64, ids []int64) error {
	for i, id := range ids {
		u, err := t.member(ctx, f, fmt.Sprintf("deletedUserIds[%d]", i), id)
		if err != nil {
			return err
		}
		if u != nil {
			if err := t.leave(ctx, teamKind, team, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tx) addMembers(ctx context.Context, f *form, team int64, ids []int64) error {
	for i, id := range ids {
		path := fmt.Sprintf("addedUserIds[%d]", i)
		u, err := t.member(ctx, f, path, id)
		switch {
		case err != nil:
			return err
		case u == nil:
		case !u.Role.works():
			f.refuseItem(path, id, codeRefused, "users with the role "+string(u.Role)+" cannot be in a team")
		default:
			if err := t.enter(ctx, teamKind, team, u); err != nil {
				return err
			}
		}
	}
	return nil
}

// member returns a user; nil, and a note in f, when there is none.
func (t *tx) member(ctx context.Context, f *form, path string, id int64) (*user, error) {
	u, err := t.user(ctx, id)
	if err != nil && desk.KindOf(err) == desk.NotFound {
		f.refuseItem(path, id, codeExists, fmt.Sprintf("there is no user %d", id))
		return nil, nil
	}
	return u, err
}

// seenBy keeps to the mailboxes that a user may look into. column is the
// mailbox's id.
func (f *filter) seenBy(u *user, column string) {
	if !u.Role.manages() {
		f.add(column+` IN (SELECT mailbox FROM builtin_mailbox_users WHERE desk = $1 AND user_id = %s)`, u.ID)
	}
}

func listMailboxes(ctx context.Context, c *call) error {
	p, err := c.paging(pageSize)
	if err != nil {
		return err
	}
	f := filter{clauses: []string{`TRUE`}}
	f.seenBy(c.caller, `p.id`)
	page, total, err := c.unitsPage(ctx, mailboxKind, p, f)
	if err != nil {
		return err
	}
	bodies := make([]mailboxBody, len(page))
	for i, m := range page {
		bodies[i] = c.mailboxBody(m)
	}
	return c.writePage("mailboxes", bodies, p, total)
}

func getMailbox(ctx context.Context, c *call) error {
	id, err := c.pathID()
	if err != nil {
		return err
	}
	f := filter{}
	f.add(`p.id = %s`, id)
	f.seenBy(c.caller, `p.id`)
	found, err := c.list(ctx, mailboxKind, f.where(), f.args...)
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return refuse(http.StatusNotFound, "Not found")
	}
	return c.write200(c.mailboxBody(found[0]))
}

func (c *call) mailboxBody(m unit) mailboxBody {
	return mailboxBody{ID: m.ID, Name: m.Name, Slug: formatID(m.ID), Email: m.Email,
		CreatedAt: timestamp(m.CreatedAt), UpdatedAt: timestamp(m.UpdatedAt), Links: links{"self": c.link("/mailboxes/", m.ID)}}
}
