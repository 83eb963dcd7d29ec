package builtin

import (
	"context"
	"errors"
	"net/http"

	"github.com/deskbridge/deskbridge/desk"
)

// conversationBody is a conversation as the API shows it.
type conversationBody struct {
	ID            int64       `json:"id"`
	Number        int64       `json:"number"`
	Type          string      `json:"type"`
	Status        string      `json:"status"`
	State         string      `json:"state"`
	Subject       string      `json:"subject"`
	Preview       string      `json:"preview"`
	MailboxID     int64       `json:"mailboxId"`
	Assignee      *personBody `json:"assignee,omitempty"`
	CreatedAt     string      `json:"createdAt"`
	ClosedAt      string      `json:"closedAt,omitempty"`
	UserUpdatedAt string      `json:"userUpdatedAt"`
	Customer      personBody  `json:"primaryCustomer"`
	Links         links       `json:"_links"`
}

type personBody struct {
	ID    int64  `json:"id,omitempty"` // of users and teams
	Type  string `json:"type"`         // user, team or customer
	First string `json:"first"`
	Last  string `json:"last"`
	Email string `json:"email"`
}

func newPerson(id int64, kind string, c Customer) personBody {
	return personBody{ID: id, Type: kind, First: c.FirstName, Last: c.LastName, Email: c.Email}
}

func (c *call) conversationBody(row *conversation) conversationBody {
	body := conversationBody{
		ID: row.ID, Number: row.ID, Type: "email", Status: row.Status, State: "published", Subject: row.Subject, Preview: row.Preview,
		MailboxID: row.Mailbox, CreatedAt: timestamp(row.CreatedAt), UserUpdatedAt: timestamp(row.UpdatedAt),
		Customer: newPerson(0, "customer", row.Customer),
		Links:    links{"self": c.link("/conversations/", row.ID), "mailbox": c.link("/mailboxes/", row.Mailbox)},
	}
	if row.ClosedAt.Valid {
		body.ClosedAt = timestamp(row.ClosedAt.Int64)
	}
	var owner personBody
	switch {
	case row.Assignee.Valid:
		owner = newPerson(row.Assignee.Int64, "user", row.Owner)
		body.Links["assignee"] = c.link("/users/", owner.ID)
	case row.Team.Valid:
		owner = newPerson(row.Team.Int64, "team", row.Owner)
	default:
		return body
	}
	body.Assignee = &owner
	return body
}

// statusFilters says which states the words in a query stand for.
var statusFilters = map[string]string{
	"":            `c.status = 'active'`,
	statusActive:  `c.status = 'active'`,
	statusPending: `c.status = 'pending'`,
	statusClosed:  `c.status = 'closed'`,
	"open":        `c.status <> 'closed'`,
	"all":         `TRUE`,
}

// listConversations serves GET /conversations, newest first, of the mailboxes
// that the caller may look into.
func listConversations(ctx context.Context, c *call) error {
	p, err := c.paging(conversationPageSize)
	if err != nil {
		return err
	}
	status := c.r.URL.Query().Get("status")
	clause, ok := statusFilters[status]
	if !ok {
		return badQuery("status", status, codeEnum, "must be one of these: 'active', 'all', 'closed', 'open', 'pending'")
	}
	f := filter{clauses: []string{clause}}
	f.seenBy(c.caller, `c.mailbox`)
	for _, by := range []struct{ name, clause string }{
		{"assigned_to", `(c.assignee = %[1]s OR c.team = %[1]s)`},
		{"mailbox", `c.mailbox = %s`},
	} {
		n, err := c.queryNumber(by.name, 1, maxNumber)
		if err != nil {
			return err
		}
		if n != 0 {
			f.add(by.clause, n)
		}
	}
	total, err := one[int](ctx, c.view, `SELECT COUNT(*) FROM builtin_conversations c WHERE c.desk = $1 AND `+f.where(), append([]any{c.desk}, f.args...)...)
	if err != nil {
		return err
	}
	page, err := c.conversations(ctx, f.where()+` ORDER BY c.id DESC`+limitClause(p), f.args...)
	if err != nil {
		return err
	}
	bodies := make([]conversationBody, len(page))
	for i := range page {
		bodies[i] = c.conversationBody(&page[i])
	}
	return c.writePage("conversations", bodies, p, total)
}

// visible returns the conversation in the path, if the caller may see it.
func (c *call) visible(ctx context.Context) (*conversation, error) {
	id, err := c.pathID()
	if err != nil {
		return nil, err
	}
	f := filter{}
	f.add(`c.id = %s`, id)
	f.seenBy(c.caller, `c.mailbox`)
	found, err := c.conversations(ctx, f.where(), f.args...)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, refuse(http.StatusNotFound, "Not found")
	}
	return &found[0], nil
}

func getConversation(ctx context.Context, c *call) error {
	row, err := c.visible(ctx)
	if err != nil {
		return err
	}
	return c.write200(c.conversationBody(row))
}

// assignee returns the user and the team that an id stands for: one of them
// at most is not 0.
func (t *tx) assignee(ctx context.Context, id int64) (user, team int64, _ error) {
	teams, err := t.list(ctx, teamKind, `p.id = $2`, id)
	if err != nil || len(teams) > 0 {
		return 0, id, err
	}
	if id <= 0 {
		return 0, 0, errPermanent("assignTo", "there is no user or team with this id")
	}
	return id, 0, nil
}

// assignByID gives a conversation to the user or team with an id. A refusal is
// noted as a problem with field.
func (t *tx) assignByID(ctx context.Context, f *form, field string, conversation, id int64) error {
	user, team, err := t.assignee(ctx, id)
	if err == nil {
		err = t.assign(ctx, conversation, user, team)
	}
	if e, ok := errors.AsType[*desk.Error](err); ok && e.Kind == desk.Permanent {
		f.refuse(field, codeRefused, e.Detail)
		return f.err()
	}
	return err
}
