package builtin

import (
	"context"
	"net/http"
)

// statusBody tells whether a user is at work. The built-in desk has no chat.
type statusBody struct {
	UserID int64       `json:"userId"`
	Email  emailStatus `json:"email"`
	Chat   chatStatus  `json:"chat"`
	Links  links       `json:"_links"`
}

type emailStatus struct {
	Status      string `json:"status"`
	UpdatedAt   string `json:"updatedAt"`
	PerformedBy int64  `json:"performedBy"`
	Source      string `json:"source"`
}

type chatStatus struct {
	Status          string            `json:"status"`
	MailboxStatuses map[string]string `json:"mailboxStatuses"`
}

// The states of a user's e-mail.
const (
	present = "active"
	away    = "away"
)

func (c *call) statusBody(u *user) statusBody {
	email := emailStatus{Status: present, UpdatedAt: timestamp(u.CreatedAt), PerformedBy: u.ID, Source: "api"}
	if u.Away {
		email.Status = away
	}
	if u.AwayAt.Valid {
		email.UpdatedAt = timestamp(u.AwayAt.Int64)
	}
	if u.AwayBy.Valid {
		email.PerformedBy = u.AwayBy.Int64
	}
	self := c.link("/users/", u.ID)
	self.Href += "/status"
	return statusBody{UserID: u.ID, Email: email, Chat: chatStatus{"unavailable", map[string]string{}}, Links: links{"self": self}}
}

func listStatuses(ctx context.Context, c *call) error {
	p, err := c.paging(pageSize)
	if err != nil {
		return err
	}
	page, total, err := c.usersPage(ctx, p, `TRUE`)
	if err != nil {
		return err
	}
	bodies := make([]statusBody, len(page))
	for i := range page {
		bodies[i] = c.statusBody(&page[i])
	}
	return c.writePage("userStatuses", bodies, p, total)
}

func getStatus(ctx context.Context, c *call) error {
	id, err := c.pathID()
	if err != nil {
		return err
	}
	u, err := c.user(ctx, id)
	if err != nil {
		return err
	}
	return c.write200(c.statusBody(u))
}

// setStatus serves PUT /users/{id}/status: everybody their own, admins and
// the owner anybody's.
func setStatus(ctx context.Context, c *call) error {
	id, err := c.pathID()
	if err != nil {
		return err
	}
	if id != c.caller.ID && !c.caller.Role.manages() {
		return refuse(http.StatusForbidden, "Only administrators and the account owner may change the status of others")
	}
	f, err := c.form()
	if err != nil {
		return err
	}
	status := f.choice("status", "", present, away)
	if f.has("customStatus") {
		f.refuse("customStatus", codeRefused, "the built-in desk keeps no custom status")
	}
	if err := f.err(); err != nil {
		return err
	}
	err = c.write(ctx, func(t *tx) error {
		if _, err := t.user(ctx, id); err != nil {
			return err
		}
		_, err := exec(ctx, t, `UPDATE builtin_users SET away = $3, away_by = $4, away_at = $5 WHERE desk = $1 AND id = $2`,
			t.desk, id, status == away, c.caller.ID, t.now)
		return err
	})
	if err != nil {
		return err
	}
	return c.noContent()
}
