package builtin

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// The states of a conversation. What is not closed is open.
const (
	statusActive  = "active"
	statusPending = "pending"
	statusClosed  = "closed"
)

var statuses = []string{statusActive, statusPending, statusClosed}

// conversation is a row of builtin_conversations.
type conversation struct {
	ID       int64
	Mailbox  int64
	Subject  string
	Preview  string // the beginning of what the customer wrote
	Customer Customer
	Status   string
	Assignee sql.NullInt64
	Team     sql.NullInt64

	CreatedAt int64
	UpdatedAt int64
	ClosedAt  sql.NullInt64

	Owner Customer // who the assignee is: a team has a first name only
}

// Customer is who wrote to a mailbox.
type Customer struct{ Email, FirstName, LastName string }

const conversationColumns = `c.id, c.mailbox, c.subject, c.preview, c.customer_email, c.customer_first, c.customer_last, c.status,
	c.assignee, c.team, c.created_at, c.updated_at, c.closed_at,
	COALESCE(a.first_name, p.name, ''), COALESCE(a.last_name, ''), COALESCE(a.email, '')`

func scanConversation(rows *sql.Rows, c *conversation) error {
	return rows.Scan(&c.ID, &c.Mailbox, &c.Subject, &c.Preview, &c.Customer.Email, &c.Customer.FirstName, &c.Customer.LastName, &c.Status,
		&c.Assignee, &c.Team, &c.CreatedAt, &c.UpdatedAt, &c.ClosedAt, &c.Owner.FirstName, &c.Owner.LastName, &c.Owner.Email)
}

// conversations returns the conversations that satisfy where. $1 is the desk.
func (v view) conversations(ctx context.Context, where string, args ...any) ([]conversation, error) {
	return collect(ctx, v, scanConversation,
		`SELECT `+conversationColumns+`
		FROM builtin_conversations c
		LEFT JOIN builtin_users a ON a.desk = c.desk AND a.id = c.assignee
		LEFT JOIN builtin_teams p ON p.desk = c.desk AND p.id = c.team
		WHERE c.desk = $1 AND `+where,
		append([]any{v.desk}, args...)...)
}

func (v view) conversation(ctx context.Context, id int64) (*conversation, error) {
	found, err := v.conversations(ctx, `c.id = $2`, id)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, desk.Errorf(desk.NotFound, "the built-in desk has no conversation with this id")
	}
	return &found[0], nil
}

// insertConversation makes a conversation, unassigned.
func (t *tx) insertConversation(ctx context.Context, c conversation) (int64, error) {
	id, err := t.newID(ctx)
	if err != nil {
		return 0, err
	}
	_, err = exec(ctx, t, `
		INSERT INTO builtin_conversations (desk, id, mailbox, subject, preview, customer_email, customer_first, customer_last, status,
			created_at, updated_at, closed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11)`,
		t.desk, id, c.Mailbox, c.Subject, c.Preview, c.Customer.Email, c.Customer.FirstName, c.Customer.LastName, c.Status,
		t.now, t.closing(c.Status))
	return id, err
}

func (t *tx) closing(status string) sql.NullInt64 {
	return sql.NullInt64{Int64: t.now, Valid: status == statusClosed}
}

// assign gives a conversation to a user or a team, or with zeroes to nobody.
// Whoever may not own it is refused, and nothing changes.
func (t *tx) assign(ctx context.Context, id, toUser, toTeam int64) error {
	c, err := t.conversation(ctx, id)
	if err != nil {
		return err
	}
	if toUser != 0 {
		if err := t.mayOwn(ctx, toUser, c.Mailbox); err != nil {
			return err
		}
	}
	_, err = exec(ctx, t, `UPDATE builtin_conversations SET assignee = $3, team = $4, updated_at = $5 WHERE desk = $1 AND id = $2`,
		t.desk, id, optional(toUser), optional(toTeam), t.now)
	return err
}

func optional(id int64) sql.NullInt64 { return sql.NullInt64{Int64: id, Valid: id != 0} }

// mayOwn returns a Permanent error unless the user may own conversations in a
// mailbox: active, no light user, with access to the mailbox.
func (v view) mayOwn(ctx context.Context, id, mailbox int64) error {
	u, err := v.user(ctx, id)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return errPermanent("assignTo", "the built-in desk has no user or team with this id")
	case err != nil:
		return err
	case !u.Active:
		return errPermanent("assignTo", "a deactivated user cannot own conversations")
	case !u.Role.works():
		return errPermanent("assignTo", "a user with the role %q cannot own conversations", u.Role)
	case u.Role.manages():
		return nil
	}
	open, err := one[int](ctx, v, `SELECT COUNT(*) FROM builtin_mailbox_users WHERE desk = $1 AND mailbox = $2 AND user_id = $3`,
		v.desk, mailbox, id)
	if err == nil && open == 0 {
		err = errPermanent("assignTo", "the user has no access to the mailbox of the conversation")
	}
	return err
}

// setStatus changes where a conversation stands.
func (t *tx) setStatus(ctx context.Context, id int64, status string) error {
	_, err := exec(ctx, t, `UPDATE builtin_conversations SET status = $3, updated_at = $4, closed_at = $5 WHERE desk = $1 AND id = $2`,
		t.desk, id, status, t.now, t.closing(status))
	return err
}

// setSubject changes what a conversation is about.
func (t *tx) setSubject(ctx context.Context, id int64, subject string) error {
	_, err := exec(ctx, t, `UPDATE builtin_conversations SET subject = $3, updated_at = $4 WHERE desk = $1 AND id = $2`,
		t.desk, id, subject, t.now)
	return err
}

// NewConversation is a conversation to be opened.
type NewConversation struct {
	Mailbox  string // name
	Subject  string
	Text     string // what the customer wrote; the desk keeps the beginning
	Customer Customer
	Status   string        // active, pending or closed; default active
	Assignee desk.Assignee // zero: nobody
}

// AddConversation opens a conversation and returns its id.
func (d *Desks) AddConversation(ctx context.Context, on provision.DeskID, n NewConversation) (string, error) {
	if n.Status == "" {
		n.Status = statusActive
	}
	if !slices.Contains(statuses, n.Status) {
		return "", desk.Errorf(desk.Permanent, "unknown status %q; use %s", n.Status, strings.Join(statuses, ", "))
	}
	var id int64
	err := d.write(ctx, on, func(t *tx) error {
		mailbox, err := t.existing(ctx, mailboxKind, n.Mailbox)
		if err != nil {
			return err
		}
		id, err = t.insertConversation(ctx, conversation{
			Mailbox: mailbox.ID, Subject: n.Subject, Preview: preview(n.Text), Customer: n.Customer, Status: n.Status})
		if err != nil || n.Assignee == (desk.Assignee{}) {
			return err
		}
		return t.assignTo(ctx, id, n.Assignee)
	})
	if err != nil {
		return "", fmt.Errorf("add conversation: %w", err)
	}
	return formatID(id), nil
}

// assignTo is assign by the words of the desk contract.
func (t *tx) assignTo(ctx context.Context, id int64, to desk.Assignee) error {
	switch {
	case to.User != "" && to.Team != "":
		return errPermanent("assignTo", "a conversation has one assignee: a user or a team")
	case to.Team != "":
		team, err := t.existing(ctx, teamKind, to.Team)
		if err != nil {
			return err
		}
		return t.assign(ctx, id, 0, team.ID)
	case to.User != "":
		user := parseID(string(to.User))
		if user == 0 {
			return errPermanent("assignTo", "the built-in desk has no user with this id")
		}
		return t.assign(ctx, id, user, 0)
	}
	return t.assign(ctx, id, 0, 0)
}

// previewRunes is how much of the first message a conversation keeps.
const previewRunes = 185

func preview(text string) string { return kit.CutRunes(clean(text), previewRunes) }
