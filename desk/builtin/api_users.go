package builtin

import (
	"context"
	"net/http"
	"strings"

	"github.com/deskbridge/deskbridge/provision"
)

// userBody is a user as the API shows it. Active is not in Help Scout's form:
// there nobody can be deactivated.
type userBody struct {
	ID              int64    `json:"id"`
	FirstName       string   `json:"firstName"`
	LastName        string   `json:"lastName"`
	Email           string   `json:"email"`
	Role            role     `json:"role"`
	Timezone        string   `json:"timezone"`
	CreatedAt       string   `json:"createdAt"`
	UpdatedAt       string   `json:"updatedAt"`
	Type            string   `json:"type"`
	Mention         string   `json:"mention"`
	Initials        string   `json:"initials"`
	JobTitle        string   `json:"jobTitle"`
	Phone           string   `json:"phone"`
	AlternateEmails []string `json:"alternateEmails"`
	Active          bool     `json:"active"`
	Links           links    `json:"_links"`
}

func (c *call) userBody(u *user, companyTimezone string) userBody {
	timezone := u.Timezone
	if timezone == "" {
		timezone = companyTimezone
	}
	return userBody{
		ID: u.ID, FirstName: u.FirstName, LastName: u.LastName, Email: u.Email, Role: u.Role, Timezone: timezone,
		CreatedAt: timestamp(u.CreatedAt), UpdatedAt: timestamp(u.UpdatedAt), Type: "user",
		Mention: strings.ToLower(u.FirstName), Initials: initial(u.FirstName) + initial(u.LastName),
		JobTitle: u.JobTitle, Phone: u.Phone, AlternateEmails: []string{}, Active: u.Active,
		Links: links{"self": c.link("/users/", u.ID)},
	}
}

func initial(name string) string {
	for _, r := range name {
		return strings.ToUpper(string(r))
	}
	return ""
}

// writeUsers answers with a page of the users that satisfy where.
func (c *call) writeUsers(ctx context.Context, where string, args ...any) error {
	p, err := c.paging(pageSize)
	if err != nil {
		return err
	}
	page, total, err := c.usersPage(ctx, p, where, args...)
	if err != nil {
		return err
	}
	_, timezone, err := c.company(ctx)
	if err != nil {
		return err
	}
	bodies := make([]userBody, len(page))
	for i := range page {
		bodies[i] = c.userBody(&page[i], timezone)
	}
	return c.writePage("users", bodies, p, total)
}

// usersPage returns a page of the users that satisfy where, by id, and how
// many do in all.
func (v view) usersPage(ctx context.Context, p paging, where string, args ...any) ([]user, int, error) {
	total, err := one[int](ctx, v, `SELECT COUNT(*) FROM builtin_users u WHERE u.desk = $1 AND u.anonymized_at IS NULL AND `+where,
		append([]any{v.desk}, args...)...)
	if err != nil {
		return nil, 0, err
	}
	page, err := v.users(ctx, where+` ORDER BY u.id`+limitClause(p), args...)
	return page, total, err
}

func limitClause(p paging) string {
	return ` LIMIT ` + formatID(int64(p.limit())) + ` OFFSET ` + formatID(int64(p.offset()))
}

// listUsers serves GET /users: by e-mail address, which must match exactly but
// for letter case, or by mailbox.
func listUsers(ctx context.Context, c *call) error {
	query := c.r.URL.Query()
	f := filter{clauses: []string{`TRUE`}}
	if query.Has("email") {
		f.add(`u.email_folded = %s`, provision.Fold(clean(query.Get("email"))))
	}
	mailbox, err := c.queryNumber("mailbox", 1, maxNumber)
	if err != nil {
		return err
	}
	if mailbox != 0 { // owner and admins are in every mailbox
		f.add(`(u.role IN ('owner', 'admin') OR u.id IN (SELECT user_id FROM builtin_mailbox_users WHERE desk = $1 AND mailbox = %s))`, mailbox)
	}
	return c.writeUsers(ctx, f.where(), f.args...)
}

func getUser(ctx context.Context, c *call) error {
	id, err := c.pathID()
	if err != nil {
		return err
	}
	return c.writeUser(ctx, id)
}

func getMe(ctx context.Context, c *call) error { return c.writeUser(ctx, c.caller.ID) }

func (c *call) writeUser(ctx context.Context, id int64) error {
	u, err := c.user(ctx, id)
	if err != nil {
		return err
	}
	_, timezone, err := c.company(ctx)
	if err != nil {
		return err
	}
	return c.write200(c.userBody(u, timezone))
}

// deleteUser serves DELETE /users/{id}: by admins and the owner, never of
// oneself, and never of the owner.
func deleteUser(ctx context.Context, c *call) error {
	if err := c.mustManage(); err != nil {
		return err
	}
	id, err := c.pathID()
	if err != nil {
		return err
	}
	if id == c.caller.ID {
		return refuse(http.StatusForbidden, "Nobody can delete themselves")
	}
	u, err := c.user(ctx, id)
	if err != nil {
		return err
	}
	if u.protected() {
		return refuse(http.StatusForbidden, "The account owner and the service account cannot be deleted")
	}
	if err := c.write(ctx, func(t *tx) error { return t.deleteUser(ctx, id) }); err != nil {
		return err
	}
	return c.noContent()
}
