package manual_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/desktest"
	"github.com/deskbridge/deskbridge/desk/manual"
	"github.com/deskbridge/deskbridge/provision"
)

// book is one word, whatever is asked for.
type book struct {
	word  provision.Word
	asked []provision.AccountID
}

func (b *book) Word(_ context.Context, _ provision.DeskID, account provision.AccountID, email string) (provision.Word, error) {
	if account != b.word.Account && (b.word.Shown == nil || !strings.EqualFold(email, b.word.Shown.Email)) {
		return provision.Word{}, nil
	}
	return b.word, nil
}

func (b *book) Ask(_ context.Context, _ provision.DeskID, account provision.AccountID) error {
	b.asked = append(b.asked, account)
	return nil
}

func (b *book) Now() time.Time { return b.word.At.Add(24 * time.Hour) }

// TestEverythingIsAsked: nothing is done, all is asked for, with where to click, and
// it is noted that it was asked for.
func TestEverythingIsAsked(t *testing.T) {
	b := &book{}
	d, err := manual.New(b)(provision.Desk{ID: "d", URL: "https://phone.example.test/users", Settings: map[string]string{"where": "Users > Edit", "joiner": "tell the front desk", "mover": "tell nobody", "leaver": "tell all"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, who := t.Context(), provision.DeskUser{ExternalID: "a1", Email: "ada@example.test", Role: provision.RoleAgent, Teams: []string{"Hotline"}, Mailboxes: []string{"Help"}}
	_, made := d.Create(ctx, who)
	for _, tt := range []struct {
		err  error
		want string
	}{
		{made, `make a user with this person's name and address: role agent, teams "Hotline", mailboxes "Help" (https://phone.example.test/users, Users > Edit); tell the front desk`},
		{d.SetProfile(ctx, "a1", who), "name and address to this person's (https://phone.example.test/users, Users > Edit); tell nobody"},
		{d.SetRole(ctx, "a1", provision.RoleAdmin), "the role admin"},
		{d.ChangeTeams(ctx, "a1", []string{"A"}, []string{"B"}), `give the user the team "A" and take away the team "B"`},
		{d.ChangeMailboxes(ctx, "a1", []string{"M"}, nil), `give the user the mailbox "M"`},
		{d.SetActive(ctx, "a1", true), "reactivate the user"},
		{d.SetActive(ctx, "a1", false), "deactivate the user, end the sessions, and give what is open to somebody else"},
	} {
		if desk.KindOf(tt.err) != desk.CannotDo || !strings.Contains(tt.err.Error(), tt.want) {
			t.Errorf("%v, want %q", tt.err, tt.want)
		}
		if tt.err != nil && strings.Contains(tt.err.Error(), who.Email) {
			t.Errorf("%v names somebody", tt.err)
		}
	}
	if len(b.asked) != 7 {
		t.Errorf("asked for %q", b.asked)
	}
	if err := d.ChangeTeams(ctx, "a1", nil, nil); err != nil {
		t.Errorf("nothing at all: %v", err)
	}
	if err := d.SetRole(ctx, "a1", provision.RoleLimited); desk.KindOf(err) != desk.Permanent {
		t.Errorf("a role without a name: %v", err)
	}
}

// TestWords: the desk shows what was said, and a word is doubted when it is old, or
// when something was asked for since.
func TestWords(t *testing.T) {
	said := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	ada := &provision.DeskUser{ID: "a1", ExternalID: "a1", Email: "ada@example.test", GivenName: " Ada ", Active: true, Role: provision.RoleAgent, Teams: []string{"Hotline"}}
	gone := *ada
	gone.Active = false
	for _, tt := range []struct {
		name, again string
		word        provision.Word
		found       bool
		want        string
	}{
		{name: "nothing was said"},
		{name: "said yesterday", word: provision.Word{Account: "a1", By: "grace", At: said, Shown: ada}, found: true},
		{name: "said too long ago", again: "1", word: provision.Word{Account: "a1", By: "grace", At: said, Shown: ada}, found: true, want: `said on 2026-11-01, and mend what it has not: an active user for this person, role agent, teams "Hotline"`},
		{name: "never asked again", again: "0", word: provision.Word{Account: "a1", By: "grace", At: said, Shown: ada}, found: true},
		{name: "asked for since", word: provision.Word{Account: "a1", By: "grace", At: said, Shown: ada, AskedAt: &said}, found: true, want: "see to it that the desk has an active user"},
		{name: "asked for, and never answered", word: provision.Word{Account: "a1", AskedAt: &said}, want: "see to it that the desk has no active user"},
		{name: "said to have left, long ago", again: "1", word: provision.Word{Account: "a1", By: "grace", At: said, EndedAt: &said, Shown: &gone}, found: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			settings := map[string]string{}
			if tt.again != "" {
				settings["ask_again"] = tt.again
			}
			d, err := manual.New(&book{word: tt.word})(provision.Desk{ID: "d", Settings: settings})
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range []desk.Key{{ID: "a1"}, {ExternalID: "a1"}, {Email: "ADA@example.test"}} {
				u, err := d.Find(t.Context(), key)
				if err != nil || (u != nil) != tt.found || u != nil && u.GivenName != "Ada" {
					t.Errorf("Find(%+v) = %+v, %v", key, u, err)
				}
			}
			if u, err := d.Find(t.Context(), desk.Key{ID: "b2", Email: "bob@example.test"}); u != nil || err != nil {
				t.Errorf("Find of somebody else = %+v, %v", u, err)
			}
			err = d.(desk.Doubter).Doubt(t.Context(), desk.Key{ID: "a1", ExternalID: "a1"})
			if (err == nil) != (tt.want == "") || err != nil && (desk.KindOf(err) != desk.CannotDo || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("Doubt: %v, want %q", err, tt.want)
			}
		})
	}
}

func TestSettings(t *testing.T) {
	desktest.RunSettings(t, manual.New(&book{}), []desktest.Settings{
		{Name: "none"},
		{Name: "all", URL: "https://phone.example.com/users?tab=1#x", Settings: map[string]string{"where": "x", "joiner": "x", "mover": "x", "leaver": "x", "admin_role": "Boss", "agent_role": "Clerk", "limited_role": "Guest", "ask_again": "0"}},
		{Name: "nonsense", URL: "ftp://x", Secret: desktest.Password, Settings: map[string]string{"ask_again": "-1", "admin_role": "", "colour": "red"}, Mistakes: []string{"settings.admin_role", "settings.ask_again", "settings.colour", "url", "secret"}},
	})
}
