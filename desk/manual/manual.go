package manual

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Book is where it stands what admins have said.
type Book interface {
	// Word returns what was said of an account on a desk, or with "" of the user
	// there who has an address; the zero Word where nothing was said or asked for.
	Word(ctx context.Context, d provision.DeskID, account provision.AccountID, email string) (provision.Word, error)
	// Ask notes that something was asked for of an account.
	Ask(ctx context.Context, d provision.DeskID, account provision.AccountID) error
	// Now returns what time it is by the clock that words are dated by.
	Now() time.Time
}

var _ desk.Doubter = (*manual)(nil)

// manual is a [desk.Desk] on a desk without an API. The id of a user is that of the
// account.
type manual struct {
	desk  provision.Desk
	book  Book
	where string // to click; "": not said
	texts map[string]string
	roles map[provision.Role]string
	again time.Duration // after which a person is asked to look again; 0: never
}

// defaultAgain is how many days a word counts where the settings say nothing.
const defaultAgain = "90"

// New returns a [desk.Factory] of connectors that go by a book. URL is the page on
// which the desk's users are administered; there is no Secret.
//
// Settings, all optional:
//
//	where         where to click, where there is no page or it is not enough
//	joiner        what else to do for somebody who joins
//	mover         what else to do for somebody who changes
//	leaver        what else to do for somebody who leaves
//	admin_role    what the desk calls admins; default "admin"
//	agent_role    what the desk calls agents; default "agent"
//	limited_role  what the desk calls limited users; without it nobody is limited
//	ask_again     after how many days a person is asked to look again; default 90; 0: never
func New(book Book) desk.Factory {
	return func(d provision.Desk) (desk.Desk, error) {
		var wrong desk.Mistakes
		m := &manual{desk: d, book: book, texts: map[string]string{}}
		where, joiner, mover, leaver, again := "", "", "", "", defaultAgain
		admin, agent, limited := "admin", "agent", ""
		const name = "give what the desk calls this role, or leave the setting out"
		kit.ReadSettings(d.Settings, []kit.Setting{
			{Key: "where", Text: &where}, {Key: "joiner", Text: &joiner}, {Key: "mover", Text: &mover}, {Key: "leaver", Text: &leaver},
			{Key: "admin_role", Text: &admin, Check: kit.NotEmpty, Hint: name},
			{Key: "agent_role", Text: &agent, Check: kit.NotEmpty, Hint: name},
			{Key: "limited_role", Text: &limited, Check: kit.NotEmpty, Hint: name},
			{Key: "ask_again", Text: &again, Check: func(text string) bool {
				n, err := strconv.Atoi(text)
				return err == nil && n >= 0 && n <= 3650
			}, Hint: "give a number of days up to 3650, or 0 for never"},
		}, &wrong)
		if d.URL != "" {
			u, err := url.Parse(d.URL)
			if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
				wrong.Add("url", "give the page on which the desk's users are administered, or leave it out")
			}
		}
		if d.Secret != "" {
			wrong.Add("secret", "a desk without an API takes no secret; leave it out")
		}
		if err := wrong.Err(); err != nil {
			return nil, err
		}
		days, _ := strconv.Atoi(again)
		m.again = time.Duration(days) * 24 * time.Hour
		m.where = strings.Join(filled(kit.OneLine(d.URL), kit.OneLine(where)), ", ")
		m.texts = map[string]string{"joiner": kit.OneLine(joiner), "mover": kit.OneLine(mover), "leaver": kit.OneLine(leaver)}
		m.roles = map[provision.Role]string{provision.RoleAdmin: admin, provision.RoleAgent: agent}
		if limited != "" {
			m.roles[provision.RoleLimited] = limited
		}
		if d.OnLeave.DowngradesTo("") {
			m.roles[provision.RoleNone] = "no role"
		}
		return m, nil
	}
}

func filled(texts ...string) (all []string) {
	for _, text := range texts {
		if text != "" {
			all = append(all, text)
		}
	}
	return all
}

// Capabilities says that nothing can be done but by hand.
func (m *manual) Capabilities() desk.Capabilities {
	return desk.Capabilities{RoleNames: m.roles, ExternalID: true, Rate: desk.NoRate}
}

// Check finds nothing: there is nothing to ask.
func (m *manual) Check(context.Context) (desk.Profile, error) { return desk.Profile{}, nil }

// Find returns the user whom the desk has by the last word.
func (m *manual) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	if account := cmp.Or(provision.AccountID(key.ID), provision.AccountID(key.ExternalID)); account != "" {
		w, err := m.book.Word(ctx, m.desk.ID, account, "")
		if err != nil || w.Shown != nil {
			return m.shown(w), err
		}
	}
	if key.Email == "" {
		return nil, nil
	}
	w, err := m.book.Word(ctx, m.desk.ID, "", key.Email)
	return m.shown(w), err
}

func (m *manual) shown(w provision.Word) *provision.DeskUser {
	if w.Shown == nil {
		return nil
	}
	return new(m.Fit(*w.Shown))
}

// Doubt implements [desk.Doubter]: a word becomes old, and what was asked for and
// never answered may have been done.
func (m *manual) Doubt(ctx context.Context, key desk.Key) error {
	w, err := m.book.Word(ctx, m.desk.ID, provision.AccountID(key.ExternalID), "")
	switch {
	case err != nil || w.Account == "":
		return err
	case w.AskedAt != nil:
		return m.words("look", "", "what was asked for on "+day(*w.AskedAt)+" is not asked for any more, and nobody said whether it was done; see to it that the desk has "+m.has(w.Shown))
	case w.EndedAt == nil && m.again > 0 && m.book.Now().Sub(w.At) >= m.again:
		return m.words("look", "", "look whether the desk still has what was said on "+day(w.At)+", and mend what it has not: "+m.has(w.Shown))
	}
	return nil
}

func day(at time.Time) string { return at.UTC().Format(time.DateOnly) }

// has says what a desk is to have.
func (m *manual) has(u *provision.DeskUser) string {
	if u == nil || !u.Active {
		return "no active user for this person"
	}
	return "an active user for this person, role " + m.role(u.Role) + placed(u.Teams, u.Mailboxes)
}

// Fit returns want in one line each.
func (m *manual) Fit(want provision.DeskUser) provision.DeskUser {
	for _, text := range []*string{&want.GivenName, &want.FamilyName, &want.DisplayName, &want.Title, &want.Phone, &want.Timezone} {
		*text = kit.OneLine(*text)
	}
	want.DisplayName = cmp.Or(want.DisplayName, strings.TrimSpace(want.GivenName+" "+want.FamilyName), want.Email)
	return want
}

// task asks for what a person has to do with a user. kind is the setting that says
// what else.
func (m *manual) task(ctx context.Context, id provision.DeskUserID, field, kind, what string) error {
	if err := m.book.Ask(ctx, m.desk.ID, provision.AccountID(id)); err != nil {
		return err
	}
	return m.words(field, kind, what)
}

func (m *manual) words(field, kind, what string) error {
	if m.where != "" {
		what += " (" + m.where + ")"
	}
	return desk.Unsupported(field, strings.Join(filled(what, m.texts[kind]), "; "))
}

func (m *manual) role(r provision.Role) string { return cmp.Or(m.roles[r], string(r), "no role") }

func placed(teams, mailboxes []string) (text string) {
	if len(teams) > 0 {
		text += ", teams " + quoted(teams)
	}
	if len(mailboxes) > 0 {
		text += ", mailboxes " + quoted(mailboxes)
	}
	return text
}

func quoted(names []string) string { return `"` + strings.Join(names, `", "`) + `"` }

// Create asks for a user.
func (m *manual) Create(ctx context.Context, want provision.DeskUser) (*provision.DeskUser, error) {
	if _, known := m.roles[want.Role]; !known {
		return nil, desk.Errorf(desk.Permanent, "no role of the desk stands for %s here: set %s_role on the desk, or let the rule grant agent or admin", want.Role, want.Role)
	}
	return nil, m.task(ctx, provision.DeskUserID(want.ExternalID), "create", "joiner", "make a user with this person's name and address: role "+m.role(want.Role)+placed(want.Teams, want.Mailboxes))
}

// SetProfile asks for a change.
func (m *manual) SetProfile(ctx context.Context, id provision.DeskUserID, _ provision.DeskUser) error {
	return m.task(ctx, id, "change profile", "mover", "bring the user's name and address to this person's")
}

// SetRole asks for a change.
func (m *manual) SetRole(ctx context.Context, id provision.DeskUserID, role provision.Role) error {
	if _, known := m.roles[role]; !known {
		return desk.Errorf(desk.Permanent, "no role of the desk stands for %s here: set %s_role on the desk, or let the rule grant agent or admin", role, role)
	}
	return m.task(ctx, id, "change role", "mover", "give the user the role "+m.role(role)+", and hand over before what they can then no longer own")
}

// ChangeTeams asks for a change.
func (m *manual) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return m.place(ctx, id, "team", add, remove)
}

// ChangeMailboxes asks for a change.
func (m *manual) ChangeMailboxes(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return m.place(ctx, id, "mailbox", add, remove)
}

func (m *manual) place(ctx context.Context, id provision.DeskUserID, what string, add, remove []string) error {
	var todo []string
	if len(add) > 0 {
		todo = append(todo, "give the user the "+what+" "+quoted(add))
	}
	if len(remove) > 0 {
		todo = append(todo, "take away the "+what+" "+quoted(remove))
	}
	if len(todo) == 0 {
		return nil
	}
	return m.task(ctx, id, "change "+what, "mover", strings.Join(todo, " and "))
}

// SetActive asks for the end of access, or for the return of it.
func (m *manual) SetActive(ctx context.Context, id provision.DeskUserID, active bool) error {
	if active {
		return m.task(ctx, id, "reactivate", "joiner", "reactivate the user")
	}
	return m.task(ctx, id, "deactivate", "leaver", "deactivate the user, end the sessions, and give what is open to somebody else")
}

// Delete is unsupported: what is left of somebody is a matter of who deactivates them.
func (m *manual) Delete(context.Context, provision.DeskUserID) error {
	return m.words("delete", "leaver", "delete the user")
}

// Anonymize is unsupported.
func (m *manual) Anonymize(context.Context, provision.DeskUserID) error {
	return m.words("anonymize", "leaver", "anonymize the user")
}

// EndSessions is part of what is asked for with the end of access.
func (m *manual) EndSessions(context.Context, provision.DeskUserID) error {
	return m.words("end sessions", "leaver", "end the user's sessions")
}

// OpenConversations tells none: to give them to others is part of what is asked for
// with the end of access.
func (m *manual) OpenConversations(context.Context, provision.DeskUserID, int) ([]desk.Conversation, error) {
	return nil, nil
}

// Assign is unsupported.
func (m *manual) Assign(context.Context, string, desk.Assignee) error {
	return m.words("assign", "", "assign the conversation")
}

// Admins cannot tell how many there are: there is always another one, as far as is
// known here. Whoever takes the role away by hand sees whether there is.
func (m *manual) Admins(context.Context) (int, error) { return 2, nil }

// TeamMembers cannot tell who is in a team.
func (m *manual) TeamMembers(context.Context, string) ([]provision.DeskUserID, error) {
	return nil, desk.Unsupported("team members", "nobody here knows who is in a team of this desk")
}
