package desk

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
	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/desk/builtin"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/handover"
	"github.com/deskbridge/deskbridge/provision/keeping"
	"github.com/deskbridge/deskbridge/provision/seating"
)

// Line is a desk as the commands show it.
type Line struct {
	ID          string            `json:"id"`
	Name        string            `json:"name"`
	Kind        string            `json:"kind"`
	URL         string            `json:"url,omitempty"`
	Settings    map[string]string `json:"settings,omitempty"`
	OnLeave     string            `json:"on_leave"`
	Approve     string            `json:"approve,omitempty"`
	HandOver    string            `json:"hand_over"`
	Seats       int               `json:"seats,omitempty"`
	Price       string            `json:"seat_price,omitempty"`
	Idle        string            `json:"idle,omitempty"`
	Adoption    string            `json:"adoption"`
	AdoptIgnore []string          `json:"adopt_ignore,omitempty"` // desk users that are nobody
	Profile     map[string]string `json:"profile,omitempty"`      // who keeps which field; the rest is kept in step
	Drift       string            `json:"drift"`
	Rate        float64           `json:"rate,omitempty"` // 0: what the kind of desk takes

	// Of a built-in desk, when it is made: the credentials for its API.
	APIURL    string `json:"api_url,omitempty"`
	AppID     string `json:"app_id,omitempty"`
	AppSecret string `json:"app_secret,omitempty"`

	SignIn *server.DeskSignInURLs `json:"sign_in,omitempty"`
}

func lineOf(d provision.Desk) Line {
	line := Line{ID: string(d.ID), Name: d.Name, Kind: string(d.Kind), URL: d.URL, Settings: d.Settings, Seats: d.Seats,
		OnLeave: string(d.OnLeave), Approve: string(d.Approve.Of), HandOver: d.HandOver.String(), Adoption: string(d.Adoption), AdoptIgnore: d.AdoptIgnore, Profile: d.Profile.Words(),
		Drift: string(cmp.Or(d.Drift, provision.DriftRepair)), Rate: d.Rate}
	line.Price = d.Price.String()
	if d.Idle.Set() {
		line.Idle = fmt.Sprintf("%s after %s", cmp.Or(d.Idle.Do, seating.Propose), config.FormatDuration(d.Idle.After))
		if len(d.Idle.Except) > 0 {
			line.Idle += ", except " + strings.Join(d.Idle.Except, ", ")
		}
	}
	if line.OnLeave == "" {
		line.OnLeave = string(provision.LeaveDeactivate)
	}
	if line.Adoption == "" {
		line.Adoption = string(provision.AdoptPropose)
	}
	return line
}

// Command makes the commands of desks.
func Command(a *command.App) *cobra.Command {
	return command.Group("desk", "Add, list, show, check, sweep, pause and remove help desks",
		addCommand(a), listCommand(a), showCommand(a), checkCommand(a), sweepCommand(a), pauseCommand(a), resumeCommand(a), appCommand(a), removeCommand(a))
}

// flags are the settings of a desk on the command line.
type flags struct {
	kind, url, onLeave, handOver, adoption, drift string
	secret, secretFile, secretEnv                 string
	adoptIgnore, handOverOf                       []string
	handOverCap                                   int
	settings, profile                             map[string]string
	seats                                         int
	rate                                          float64
	approve                                       provision.Approve
}

func (f *flags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.kind, "kind", string(builtin.Kind), "what it is: builtin, chatwoot, freescout, freshdesk, helpscout, helpy, libredesk, manual, redmine, requesttracker, scim, zammad, zendesk")
	flags.StringVar(&f.url, "url", "", "where it is")
	flags.StringVar(&f.secretFile, "secret-file", "", "file with the credential for its API; - reads standard input")
	flags.StringVar(&f.secretEnv, "secret-env", "", "environment variable with the credential")
	flags.StringVar(&f.secret, "secret", "", "the credential itself; others on this machine may see it")
	flags.StringToStringVar(&f.settings, "setting", nil, "KEY=VALUE; docs/desks/ lists them for each kind; may be repeated")
	flags.StringVar(&f.onLeave, "on-leave", "", "deactivate (default), downgrade, delete or anonymize; or steps: \"deactivate, delete after 30d\"")
	flags.StringVar((*string)(&f.approve.Of), "approve", "", "deletes: deletions and anonymizations wait for an admin, and access is cut meanwhile")
	flags.Var((*config.Duration)(&f.approve.Timeout), "approve-timeout", "how long they wait; 0 means 7d")
	flags.StringVar((*string)(&f.approve.Then), "approve-then", "", "what happens then: ask (default), keep or carry-out")
	flags.BoolVar(&f.approve.Second, "approve-second", false, "who had access end may not approve it, too")
	flags.StringVar(&f.handOver, "hand-over", "", "assignee of a leaver's open conversations: manager, team, round_robin, unassign (default), an agent's e-mail, or \"team NAME\"")
	flags.StringArrayVar(&f.handOverOf, "hand-over-of", nil, "MAILBOX=WHO: of the conversations in that mailbox, another assignee, written as for --hand-over; may be repeated")
	flags.IntVar(&f.handOverCap, "hand-over-cap", 0, "how many open conversations one person may have by it; what is beyond goes to the queue; 0 means no limit")
	flags.IntVar(&f.seats, "seats", 0, "how many people may have access at once; 0 means no limit")
	flags.StringArrayVar(&f.adoptIgnore, "adopt-ignore", nil, "users there that are nobody: an address in which * stands for any text, or id: and an id; may be repeated")
	flags.StringVar(&f.adoption, "adoption", "", "accounts that were there before: propose (default), automatic, off")
	flags.StringToStringVar(&f.profile, "profile", nil, "FIELD=KEEP: who keeps name, title, phone or timezone there: keep-in-step (default), set-once, leave-to-person; may be repeated")
	flags.StringVar(&f.drift, "drift", "", "what people change on the desk by hand: repair (default), report, off")
	flags.Float64Var(&f.rate, "rate", 0, "requests a second that a process makes; 0 means what the kind of desk takes")
}

func (f *flags) desk(a *command.App, name string) (provision.Desk, error) {
	d := provision.Desk{Name: name, Kind: provision.DeskKind(f.kind), URL: strings.TrimRight(f.url, "/"), Settings: f.settings, Seats: f.seats,
		OnLeave: provision.OnLeave(f.onLeave).Canonical(), Approve: f.approve, Adoption: provision.Adoption(f.adoption), AdoptIgnore: f.adoptIgnore, Profile: keeping.Read(f.profile), Drift: provision.DriftPolicy(f.drift), Rate: f.rate, Secret: f.secret}
	general := handover.ReadRule(f.handOver)
	d.HandOver = provision.HandOver{Agent: general.Agent, Team: general.Team, To: general.To, Cap: f.handOverCap}
	for _, said := range f.handOverOf {
		at := strings.LastIndex(said, "=")
		if at < 0 {
			return d, command.Misuse("--hand-over-of %q: write MAILBOX=WHO", said)
		}
		if d.HandOver.Mailboxes == nil {
			d.HandOver.Mailboxes = make(map[string]provision.HandOverRule)
		}
		d.HandOver.Mailboxes[strings.TrimSpace(said[:at])] = handover.ReadRule(strings.TrimSpace(said[at+1:]))
	}
	switch {
	case f.secretFile != "":
		secret, err := a.ReadSecret(f.secretFile)
		if err != nil {
			return d, err
		}
		d.Secret = secret
	case f.secretEnv != "":
		value, ok := a.LookupEnv(f.secretEnv)
		if !ok {
			return d, command.Misuse("the environment variable %s is not set", f.secretEnv)
		}
		d.Secret = value
	}
	return d, nil
}

func addCommand(a *command.App) *cobra.Command {
	var flags flags
	var signIn signInFlags
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a help desk that Deskbridge writes to",
		Example: "  deskbridge desk add support --kind requesttracker --url https://rt.example.com --secret-file rt.token --hand-over team\n" +
			"  deskbridge desk add demo --kind builtin --setting teams=\"Tier 1\" --setting mailboxes=Help\n" +
			"  deskbridge desk add help --kind helpscout --secret-file app.secret --setting app_id=0a1b --saml-entity-id urn:… --saml-acs-url https://…",
		Args: cobra.ExactArgs(1),
	}
	flags.add(cmd)
	signIn.add(cmd)
	return a.Verb(command.Begins(cmd), func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		d, err := flags.desk(a, args[0])
		if err != nil {
			return command.Result{}, err
		}
		var made bool
		if d.SignIn, made, err = signIn.signIn(a, d.Name); err != nil {
			return command.Result{}, err
		}
		warnings, err := sys.Core.Settings.CheckDesk(d)
		if err != nil {
			return command.Result{}, err
		}
		more, err := sys.Core.Settings.CheckHandOver(ctx, d)
		if err != nil {
			return command.Result{}, err
		}
		for _, w := range append(warnings, more...) {
			a.Warn(w)
		}
		if d, err = sys.Core.Settings.AddDesk(ctx, sys.Cause, d); err != nil {
			return command.Result{}, err
		}
		line := lineOf(d)
		if err := openBuiltin(ctx, sys, d, &line); err != nil {
			return command.Result{}, err
		}
		secret := ""
		if made {
			secret = d.SignIn.OIDC.ClientSecret
		}
		if line.SignIn, err = server.DeskSignInURLsOf(ctx, sys, d, secret); err != nil {
			return command.Result{}, err
		}
		return command.Result{Data: line, Text: func(w io.Writer) error {
			fmt.Fprintf(w, "Desk %s is added. `deskbridge desk check %s` tries it.\n", d.Name, d.Name)
			line.printApp(w)
			printSignIn(w, line.SignIn)
			return nil
		}}, nil
	})
}

// printApp shows the credentials of a built-in desk's API, if there are any.
func (l Line) printApp(w io.Writer) {
	if l.AppSecret != "" {
		fmt.Fprintf(w, "\nIts own API, in the forms of the Help Scout Inbox API:\n  URL         %s\n  App ID      %s\n  App secret  %s   (shown only now)\n", l.APIURL, l.AppID, l.AppSecret)
	}
}

// openBuiltin makes a built-in desk and the credentials for its API.
func openBuiltin(ctx context.Context, s *server.System, d provision.Desk, line *Line) error {
	if d.Kind != builtin.Kind {
		return nil
	}
	if err := s.Builtin.Open(ctx, d); err != nil {
		return err
	}
	app, err := s.CreateApp(ctx, d)
	if err != nil {
		return err
	}
	line.APIURL, line.AppID, line.AppSecret = s.Settings.PublicURL+apiPath, app.ID, app.Secret
	return nil
}

func listCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List desks", Example: "  deskbridge desk list", Args: cobra.NoArgs}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		desks, err := sys.Core.Settings.Desks(ctx)
		if err != nil {
			return command.Result{}, err
		}
		lines := make([]Line, len(desks))
		rows := make([][]string, len(desks))
		for i, d := range desks {
			lines[i] = lineOf(d)
			rows[i] = []string{d.Name, string(d.Kind), d.URL, lines[i].OnLeave, lines[i].HandOver, lines[i].Adoption, lines[i].Drift}
		}
		return command.Tabled(lines, "NAME | KIND | URL | ON LEAVE | HAND-OVER | ADOPTION | DRIFT", rows), nil
	})
}

func checkCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check NAME",
		Short: "Try a desk: credentials, rights, and whether rules name what it has",
		Long: `Try a desk: credentials, rights, and whether rules name what it has.

A team or mailbox that the desk renames is known by its id, and rules go on to
mean it. Where it was deleted and another one made of the same name, nobody is
put into that: --accept says that it is meant.`,
		Example: "  deskbridge desk check support\n  deskbridge desk check support --accept",
		Args:    cobra.ExactArgs(1),
	}
	accept := cmd.Flags().Bool("accept", false, "have rules mean the teams and mailboxes that took the name of deleted ones")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		d, err := command.Desk(ctx, sys, args[0])
		if err != nil {
			return command.Result{}, err
		}
		var accepted []string
		if *accept {
			units, err := sys.Core.DeskHealth.AcceptUnits(ctx, sys.Cause, d.ID)
			if err != nil {
				return command.Result{}, err
			}
			for _, u := range units {
				accepted = append(accepted, fmt.Sprintf("%s %q", u.Kind, u.Name))
			}
			if len(units) == 0 {
				a.Warn("there is nothing to accept: no team or mailbox that rules name was replaced by another")
			}
		}
		report, err := server.CheckDesk(ctx, sys, d)
		if err != nil {
			return command.Result{}, err
		}
		report.Accepted = accepted
		if !report.OK {
			err = fmt.Errorf("desk %s has %s", d.Name, output.Count(len(report.Problems), "problem", "problems"))
		}
		return command.Result{Data: report, Text: func(w io.Writer) error { return printReport(w, report) }}, err
	})
}

func printReport(w io.Writer, r server.DeskReport) error {
	fmt.Fprintf(w, "Desk %s answers", r.Desk)
	if r.Version != "" {
		fmt.Fprintf(w, ": %s", output.Plain(r.Version))
	}
	fmt.Fprintf(w, "\n  our own account  %s (never touched)\n  roles            %s\n  teams            %s\n  mailboxes        %s\n  cannot           %s\n",
		output.Plain(r.Self), output.List(output.PlainAll(r.Roles)), output.List(output.PlainAll(r.Teams)), output.List(output.PlainAll(r.Mailboxes)), output.List(r.Cannot))
	if len(r.DeskRoles) > 0 {
		fmt.Fprintf(w, "  roles of its own %s\n", output.List(output.PlainAll(r.DeskRoles)))
	}
	if s := r.Seats; s != nil {
		of := ""
		if s.Limit > 0 {
			of = fmt.Sprintf(" of %d", s.Limit)
		}
		fmt.Fprintf(w, "  seats            %d%s taken, by the desk's own count\n", s.Used, of)
	}
	for _, u := range r.Accepted {
		fmt.Fprintf(w, "  accepted         %s: rules mean the new one from now on, and the server puts people into it\n", output.Plain(u))
	}
	for _, p := range r.Problems {
		fmt.Fprintf(w, "  problem          %s\n", output.Plain(p))
	}
	for _, p := range r.Warnings {
		fmt.Fprintf(w, "  warning          %s\n", output.Plain(p))
	}
	return nil
}
