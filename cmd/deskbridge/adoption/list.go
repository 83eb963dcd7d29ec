package adoption

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/adoption"
	"github.com/deskbridge/deskbridge/provision/plan"
	"github.com/deskbridge/deskbridge/provision/report"
	"github.com/deskbridge/deskbridge/worker"
	"github.com/deskbridge/deskbridge/worker/giveback"
)

// Command makes the commands of adoption.
func Command(a *command.App) *cobra.Command {
	return command.Group("adoption", "Find desk users whom no account stands behind, adopt them in waves, undo a wave",
		listCommand(a), orphansCommand(a), acceptCommand(a), wavesCommand(a), undoCommand(a))
}

// Line is a desk user in `adoption list --json` and `adoption orphans --json`.
type Line struct {
	User          string        `json:"user"`
	Address       string        `json:"address"`
	Name          string        `json:"name,omitempty"`
	Role          string        `json:"role"`
	Teams         []string      `json:"teams"`
	Mailboxes     []string      `json:"mailboxes"`
	Seat          bool          `json:"seat"` // takes one of the desk's, being active
	LastActive    output.Moment `json:"last_active"`
	Conversations *int          `json:"open_conversations,omitempty"` // with --conversations
	LeftAlone     string        `json:"left_alone,omitempty"`         // why
	Confidence    string        `json:"confidence,omitempty"`         // exact, strong, weak or conflict; empty: nobody of ours
	Conflict      string        `json:"conflict,omitempty"`
	Matches       []Match       `json:"matches"`
}

// Match is a person who may be behind a desk user.
type Match struct {
	Person     string `json:"person"` // id
	Address    string `json:"address,omitempty"`
	UserName   string `json:"user_name"`
	Connection string `json:"connection"`
	Confidence string `json:"confidence"`
	Why        string `json:"why"`

	label string
}

func matchOf(m *adoption.Match) Match {
	who := plan.PersonOf(m.Person)
	return Match{Person: string(m.Person.ID), Address: who.Address, UserName: m.Person.UserName, Connection: m.Connection, Confidence: string(m.Confidence), Why: m.Why, label: who.String()}
}

// conflict is the confidence where nobody can say whose user one is.
const conflict = "conflict"

func lineOf(c *adoption.Candidate) Line {
	u := &c.User
	l := Line{User: string(u.ID), Address: u.Email, Name: u.DisplayName, Role: string(u.Role), Teams: append([]string{}, u.Teams...), Mailboxes: append([]string{}, u.Mailboxes...), Seat: u.Active,
		LeftAlone: c.Aside, Confidence: string(c.Confidence()), Conflict: c.Conflict, Matches: []Match{}}
	if seen := u.LastActive; !seen.IsZero() || !u.LastLogin.IsZero() {
		if seen.Before(u.LastLogin) {
			seen = u.LastLogin
		}
		l.LastActive = output.Moment{At: &seen}
	}
	if c.Conflict != "" {
		l.Confidence = conflict
	}
	for i := range c.Matches {
		l.Matches = append(l.Matches, matchOf(&c.Matches[i]))
	}
	return l
}

// found says in words who a user may be.
func (l *Line) found() string {
	if len(l.Matches) == 0 {
		return "-"
	}
	return l.Matches[0].label + " (" + l.Matches[0].Connection + ")"
}

// why says in words why that may be so, or not.
func (l *Line) why() string {
	switch {
	case l.Conflict != "":
		return l.Conflict
	case len(l.Matches) > 0:
		return l.Matches[0].Why
	}
	return "-"
}

func orphansCommand(a *command.App) *cobra.Command {
	var all, conversations bool
	cmd := &cobra.Command{
		Use:   "orphans --desk NAME",
		Short: "List desk users with a role whom no account stands behind",
		Long: `List desk users with a role whom no account stands behind, as the desk was last listed
to its end: a sweep does that, and ` + "`deskbridge desk sweep`" + ` does it now. Left alone, and shown
with --all, are: the desk's owner, Deskbridge's own user, whoever the desk says is no person, who is
deactivated, addresses of roles such as support@ (RFC 2142), and what the desk's adopt_ignore names.`,
		Example: "  deskbridge adoption orphans --desk support\n  deskbridge adoption orphans --desk support --all --csv > users.csv",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&all, "all", false, "those that are left alone, too, and why")
	cmd.Flags().BoolVar(&conversations, "conversations", false, "ask the desk how many open conversations each has: a request a user or more")
	return listing(a, cmd, func(l *Line) []string {
		open := "-"
		if l.Conversations != nil {
			open = fmt.Sprint(*l.Conversations)
			if *l.Conversations >= mostCounted {
				open += "+"
			}
		}
		return []string{l.User, l.Address, cmp.Or(l.Name, "-"), l.Role, output.List(l.Teams), map[bool]string{true: "yes", false: "no"}[l.Seat], l.LastActive.String(), open,
			cmp.Or(l.Confidence, "-"), l.found(), cmp.Or(l.LeftAlone, "-")}
	}, command.Listing[adoption.Candidate]{Name: "users", Header: "USER | ADDRESS | NAME | ROLE | TEAMS | SEAT | LAST ACTIVE | OPEN | MATCH | PERSON | LEFT ALONE", Empty: "Somebody stands behind every user."},
		func() (adoption.Which, bool, error) { return adoption.Which{All: all}, conversations, nil })
}

func listCommand(a *command.App) *cobra.Command {
	var confidence string
	cmd := &cobra.Command{
		Use:   "list --desk NAME",
		Short: "List desk users who may be somebody, and how sure that is",
		Long: `List desk users whom no account holds and who may be somebody whom an identity provider
has pushed: exact (the same external id, or Deskbridge's own mark), strong (the same primary
address, at a domain that the connection has proven), weak (a name, another or a former address), or
conflict (two people for one user, two users for one person, an address of another connection).`,
		Example: "  deskbridge adoption list --desk support\n  deskbridge adoption list --desk support --confidence conflict --json",
		Args:    cobra.NoArgs,
	}
	cmd.Flags().StringVar(&confidence, "confidence", "", "only exact, strong or weak ones, or those with a conflict")
	return listing(a, cmd, func(l *Line) []string {
		return []string{l.User, l.Address, l.Role, l.Confidence, l.found(), l.Matches[0].Person, l.why()}
	}, command.Listing[adoption.Candidate]{Name: "users", Header: "USER | ADDRESS | ROLE | MATCH | PERSON | PERSON ID | WHY", Empty: "Nobody of whom an identity provider tells may be behind a user that no account holds."},
		func() (adoption.Which, bool, error) {
			switch confidence {
			case "", string(adoption.Exact), string(adoption.Strong), string(adoption.Weak):
				return adoption.Which{Matched: true, Confidence: adoption.Confidence(confidence)}, false, nil
			case conflict:
				return adoption.Which{Matched: true, Conflicts: true}, false, nil
			}
			return adoption.Which{}, false, command.Misuse("--confidence is exact, strong, weak or conflict, not %q", confidence)
		})
}

// mostCounted is how many open conversations of a user are counted.
const mostCounted = 100

// listing makes a command that lists candidates.
func listing(a *command.App, cmd *cobra.Command, row func(*Line) []string, show command.Listing[adoption.Candidate], which func() (adoption.Which, bool, error)) *cobra.Command {
	var on string
	var list command.List
	cmd.Flags().StringVar(&on, "desk", "", "the desk")
	list.Flags(cmd.Flags())
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		want, conversations, err := which()
		if err != nil {
			return command.Result{}, err
		}
		d, err := needDesk(ctx, sys, on)
		if err != nil {
			return command.Result{}, err
		}
		roster, err := sys.Core.Adoption.Roster(ctx, d)
		if err != nil {
			return command.Result{}, err
		}
		a.Warn(age(sys, d, roster))
		count := func(context.Context, *Line) error { return nil }
		if conversations {
			if count, err = counting(sys, d); err != nil {
				return command.Result{}, err
			}
		}
		var failed error
		line := func(c adoption.Candidate) *Line {
			l := lineOf(&c)
			if err := count(ctx, &l); err != nil && failed == nil {
				failed = err
			}
			return &l
		}
		show.Page = func(p report.Page) ([]adoption.Candidate, string, error) {
			found, next, err := sys.Core.Adoption.Candidates(ctx, d, roster, want, provision.DeskUserID(p.After), p.Limit)
			return found, string(next), err
		}
		show.Lines = func(c adoption.Candidate) (any, []string) { l := line(c); return l, row(l) }
		said, err := command.Print(a, &list, show)
		if data, ok := said.Data.(map[string]any); ok {
			data["listed_at"] = output.Moment{At: &roster.ListedAt}
			data["listed"] = roster.Users
		}
		return said, cmp.Or(err, failed)
	})
}

// age says how old a list is, where somebody might take it for new.
func age(sys *server.System, d provision.Desk, r adoption.Roster) string {
	return fmt.Sprintf("this is the list of desk %s of %s, with %s who have a role; `deskbridge desk sweep %s` reads it anew", d.Name, output.Moment{At: &r.ListedAt}, output.Count(r.Users, "user", "users"), d.Name)
}

func needDesk(ctx context.Context, sys *server.System, name string) (provision.Desk, error) {
	if name == "" {
		return provision.Desk{}, command.Misuse("say which desk: --desk NAME")
	}
	return command.Desk(ctx, sys, name)
}

// reach opens a desk for looking at users and giving them back.
func reach(sys *server.System, d provision.Desk) (giveback.Desk, error) {
	session, err := worker.New(server.WorkerCore(sys.Core), sys.Connector, sys.Log).Session(d)
	return giveback.Desk{Session: session}, err
}

// counting asks a desk for the open conversations of users.
func counting(sys *server.System, d provision.Desk) (func(context.Context, *Line) error, error) {
	on, err := reach(sys, d)
	return func(ctx context.Context, l *Line) error {
		open, err := on.Session.OpenConversations(ctx, provision.DeskUserID(l.User), mostCounted)
		if err != nil {
			return server.DeskError(d, err)
		}
		n := len(open)
		l.Conversations = &n
		return nil
	}, err
}

// printed writes lines of text.
func printed(lines []string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
		return err
	}
}
