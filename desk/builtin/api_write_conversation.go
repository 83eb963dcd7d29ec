package builtin

import (
	"context"
	"strings"
)

// maxSubject is the longest subject of a conversation, in characters.
const maxSubject = 250

// createConversation serves POST /conversations. Of what is said in a
// conversation the desk keeps the beginning of the first thread.
func createConversation(ctx context.Context, c *call) error {
	f, err := c.form()
	if err != nil {
		return err
	}
	row, err := c.readConversation(ctx, f)
	if err != nil {
		return err
	}
	var assignTo int64
	if f.has("assignTo") {
		assignTo = f.id("assignTo")
	}
	if err := f.err(); err != nil {
		return err
	}
	var id int64
	err = c.write(ctx, func(t *tx) error {
		if id, err = t.insertConversation(ctx, row); err != nil || !f.has("assignTo") {
			return err
		}
		return t.assignByID(ctx, f, "assignTo", id, assignTo)
	})
	if err != nil {
		return err
	}
	return c.created("/conversations/", id)
}

func (c *call) readConversation(ctx context.Context, f *form) (conversation, error) {
	row := conversation{
		Subject: f.need("subject", maxSubject),
		Mailbox: f.id("mailboxId"),
		Status:  f.choice("status", statusActive, statuses...),
	}
	f.choice("type", "email", "email")
	if customer := f.object("customer"); customer != nil {
		row.Customer = Customer{Email: customer.email("email"), FirstName: customer.text("firstName", maxFirstName), LastName: customer.text("lastName", maxLastName)}
	} else if !f.has("customer") {
		f.refuse("customer", codeNotBlank, "must not be blank")
	}
	threads := f.objects("threads")
	if len(threads) > 1 {
		f.refuse("threads", codeSize, "the built-in desk keeps one thread")
	}
	for _, thread := range threads {
		var text string
		thread.read("text", "a string", &text)
		row.Preview = preview(strings.Join(strings.Fields(text), " "))
	}

	mailboxes := filter{}
	mailboxes.add(`p.id = %s`, row.Mailbox)
	mailboxes.seenBy(c.caller, `p.id`)
	found, err := c.list(ctx, mailboxKind, mailboxes.where(), mailboxes.args...)
	if err == nil && len(found) == 0 && row.Mailbox != 0 {
		f.refuse("mailboxId", codeExists, "there is no such mailbox, or you have no access to it")
	}
	return row, err
}

// patchConversation serves PATCH /conversations/{id}: one operation, an object
// and no list.
func patchConversation(ctx context.Context, c *call) error {
	row, err := c.visible(ctx)
	if err != nil {
		return err
	}
	f, err := c.form()
	if err != nil {
		return err
	}
	change := readPatch(f)
	if err := f.err(); err != nil {
		return err
	}
	if err := c.write(ctx, func(t *tx) error { return change(ctx, t, row.ID) }); err != nil {
		return err
	}
	return c.noContent()
}

// readPatch returns what an operation does; nil when something is wrong.
func readPatch(f *form) func(ctx context.Context, t *tx, id int64) error {
	path := f.choice("path", "", "/assignTo", "/status", "/subject")
	if path == "/assignTo" && f.choice("op", "", "replace", "remove") == "remove" {
		return func(ctx context.Context, t *tx, id int64) error { return t.assign(ctx, id, 0, 0) }
	}
	if path != "/assignTo" {
		f.choice("op", "", "replace")
	}
	switch path {
	case "/assignTo":
		to := f.id("value")
		return func(ctx context.Context, t *tx, id int64) error { return t.assignByID(ctx, f, "value", id, to) }
	case "/status":
		status := f.choice("value", "", statuses...)
		return func(ctx context.Context, t *tx, id int64) error { return t.setStatus(ctx, id, status) }
	case "/subject":
		subject := f.need("value", maxSubject)
		return func(ctx context.Context, t *tx, id int64) error { return t.setSubject(ctx, id, subject) }
	}
	return nil
}
