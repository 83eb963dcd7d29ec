package builtin

import (
	"context"
	"fmt"
	"net/http"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// createUser serves POST /users, in the form of Help Scout's Create User.
func createUser(ctx context.Context, c *call) error {
	if err := c.mustManage(); err != nil {
		return err
	}
	f, err := c.form()
	if err != nil {
		return err
	}
	u := readUser(f)
	granted, err := c.readMailboxes(ctx, f)
	if err != nil {
		return err
	}
	if err := f.err(); err != nil {
		return err
	}
	var id int64
	err = c.write(ctx, func(t *tx) error {
		if id, err = t.insertUser(ctx, u); err != nil {
			return err
		}
		u.ID = id
		for _, mailbox := range granted {
			if err := t.enter(ctx, mailboxKind, mailbox, &u); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && desk.KindOf(err) == desk.Conflict {
		f.refuse("email", codeUnique, "another user has this e-mail address")
		return &refusal{status: http.StatusConflict, message: "Conflict", problems: *f.problems}
	}
	if err != nil {
		return err
	}
	return c.created("/users/", id)
}

// readUser reads the fields of a user and their defaults. The time zone stays
// empty when it is not given: that of the company, whatever it will be.
func readUser(f *form) user {
	u := user{
		FirstName: f.need("firstName", maxFirstName),
		LastName:  f.need("lastName", maxLastName),
		Email:     f.email("email"),
		Role:      role(f.choice("role", "", string(roleAdmin), string(roleUser), string(roleLimited))),
		Timezone:  f.text("timezone", 0),
		JobTitle:  f.text("jobTitle", maxJobTitle),
		Phone:     f.text("phone", 0),
		Invited:   f.flag("sendInvite", true),
		Active:    true,
	}
	if u.Timezone != "" && !kit.IsTimeZone(u.Timezone) {
		f.refuse("timezone", codeTimezone, "must be the name of a time zone, such as Europe/Prague")
	}
	return u
}

// readMailboxes returns the mailboxes that the new user gets access to. The
// caller, being admin or owner, has access to all there are.
func (c *call) readMailboxes(ctx context.Context, f *form) ([]int64, error) {
	entries := f.objects("mailboxes")
	if len(entries) == 0 {
		return nil, nil
	}
	all, err := c.list(ctx, mailboxKind, `TRUE`)
	if err != nil {
		return nil, err
	}
	known := make(map[int64]bool, len(all))
	for _, m := range all {
		known[m.ID] = true
	}
	var granted []int64
	for _, entry := range entries {
		before := len(*f.problems)
		id, access := entry.id("id"), entry.flag("emailAccess", true)
		if len(*f.problems) > before {
			continue
		}
		if !known[id] {
			entry.refuse("id", codeExists, fmt.Sprintf("there is no mailbox %d", id))
		} else if access {
			granted = append(granted, id)
		}
	}
	return granted, nil
}
