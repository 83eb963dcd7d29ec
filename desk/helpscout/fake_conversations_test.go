package helpscout

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// conversationsPage is how many conversations the API shows at a time.
const conversationsPage = 25

// fakeConversation is a conversation in the account.
type fakeConversation struct {
	mailbox  int64
	status   string
	assignee int64 // a user or a team; 0: nobody
	merged   bool
	refuse   int // status of every change: 412 has too many threads, 413 is too large; 0: none
}

// converse opens n conversations in the mailbox Support. Every third is
// pending.
func (f *fake) converse(t *testing.T, assignee provision.DeskUserID, n int) []string {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	owner, ok := parseID(assignee)
	if mailbox := f.mailboxes[f.mailbox("Support")]; !ok || f.users[owner] == nil || !f.users[owner].sees(mailbox) {
		t.Fatalf("user %s may not own conversations in Support", assignee)
	}
	var ids []string
	for i := range n {
		f.last++
		c := &fakeConversation{mailbox: f.mailbox("Support"), status: "active", assignee: owner}
		if i%3 == 2 {
			c.status = "pending"
		}
		f.conversations[f.last] = c
		ids = append(ids, formatID(f.last))
	}
	return ids
}

func (f *fake) mailbox(name string) int64 {
	for id, p := range f.mailboxes {
		if p.name == name {
			return id
		}
	}
	return 0
}

// assignee reads past the connector who owns a conversation.
func (f *fake) assignee(t *testing.T, conversation string) desk.Assignee {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	id, _ := parseID(conversation)
	c := f.conversations[id]
	switch {
	case c == nil:
		t.Fatalf("there is no conversation %s", conversation)
	case f.teams[c.assignee] != nil:
		return desk.Assignee{Team: f.teams[c.assignee].name}
	case c.assignee != 0:
		return desk.Assignee{User: provision.DeskUserID(formatID(c.assignee))}
	}
	return desk.Assignee{}
}

// listConversations lists the newest first.
func (f *fake) listConversations(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	status := query.Get("status")
	if status == "" {
		status = "active"
	}
	if !slices.Contains([]string{"active", "all", "closed", "open", "pending", "spam"}, status) {
		return refuseField("status", "EnumValue")
	}
	ids := slices.Sorted(maps.Keys(f.conversations))
	slices.Reverse(ids)
	var items []any
	for _, id := range ids {
		c := f.conversations[id]
		if c.merged || c.status != status || query.Has("assigned_to") && c.assignee != number64(query.Get("assigned_to")) {
			continue
		}
		item := map[string]any{"id": id, "number": id, "status": c.status, "mailboxId": c.mailbox, "subject": "Where is my parcel?"}
		if c.assignee != 0 {
			item["assignee"] = map[string]any{"id": c.assignee, "first": "Ada", "email": "ada@example.test"}
		}
		items = append(items, item)
	}
	return f.writePage(w, r, "conversations", conversationsPage, items, "assigned_to", "status")
}

// readPatch decodes one operation, in the form that the account takes.
func (f *fake) readPatch(r *http.Request, body any) error {
	if !f.listPatch {
		return f.read(r, body)
	}
	var list []json.RawMessage
	if err := f.readAs(r, jsonPatch, &list); err != nil {
		return err
	}
	if len(list) != 1 {
		return refuseField("", "JSON")
	}
	return json.Unmarshal(list[0], body)
}

// assign takes one operation.
func (f *fake) assign(w http.ResponseWriter, r *http.Request, id int64) error {
	c := f.conversations[id]
	if c == nil || c.merged {
		return refuse(http.StatusNotFound)
	}
	var body struct {
		Op, Path string
		Value    *int64
	}
	if err := f.readPatch(r, &body); err != nil {
		return err
	}
	switch {
	case c.refuse != 0:
		return refuse(c.refuse)
	case body.Path != "/assignTo":
		return refuseField("path", "EnumValue")
	case body.Op == "remove" && body.Value == nil:
		c.assignee = 0
	case body.Op == "replace" && body.Value != nil && f.mayOwn(*body.Value, c.mailbox):
		c.assignee = *body.Value
	default:
		return refuseField("value", "Refused")
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (f *fake) mayOwn(id, mailbox int64) bool {
	u := f.users[id]
	return f.teams[id] != nil || u != nil && u.Role != "light user" && u.sees(f.mailboxes[mailbox])
}
