package alarm

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/alarm"
)

// mostDeliveries is how many `alarm deliveries` shows.
const mostDeliveries = 100

// Target is who is told, as the commands show it.
type Target struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Kind      string    `json:"kind"`
	Address   string    `json:"address"`          // of a webhook without its path
	Secret    string    `json:"secret,omitempty"` // once, of a webhook
	CreatedBy string    `json:"created_by"`
	CreatedAt time.Time `json:"created_at"`
}

func targetOf(t alarm.Target) Target {
	return Target{ID: string(t.ID), Name: t.Name, Kind: string(t.Kind), Address: t.Shown(), CreatedBy: t.CreatedBy, CreatedAt: t.CreatedAt}
}

// Delivery is what was sent, as the commands show it.
type Delivery struct {
	ID      string        `json:"id"`
	Target  string        `json:"target"`
	Event   string        `json:"event"`
	Code    string        `json:"code,omitempty"`
	Text    string        `json:"text"`
	At      output.Moment `json:"at"`
	State   string        `json:"state"`
	Tries   int           `json:"tries"`
	NextAt  output.Moment `json:"next_at"`
	Answer  string        `json:"answer,omitempty"`
	EndedAt output.Moment `json:"ended_at"`
}

// Command makes the commands of alarms.
func Command(a *command.App) *cobra.Command {
	return command.Group("alarm", "Have somebody told by mail or webhook of what needs somebody",
		addCommand(a), listCommand(a), removeCommand(a), testCommand(a), deliveriesCommand(a), sendAgainCommand(a))
}

func addCommand(a *command.App) *cobra.Command {
	var t alarm.Target
	var to, webhook string
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Tell somebody of what needs somebody",
		Long: `Tell somebody of what needs somebody, as status shows it, and when it is over. Mail
goes through the server of DESKBRIDGE_SMTP_URL. A webhook gets signed JSON in the form of
Standard Webhooks (standardwebhooks.com); what it is signed with is shown once.`,
		Example: "  deskbridge alarm add ops --mail ops@example.com\n" +
			"  deskbridge alarm add pager --webhook https://hooks.example.com/deskbridge",
		Args: cobra.ExactArgs(1),
	}
	cmd.Flags().StringVar(&to, "mail", "", "address of mail")
	cmd.Flags().StringVar(&webhook, "webhook", "", "URL that messages are posted to")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		t.Name = args[0]
		switch {
		case to != "" && webhook == "":
			t.Kind, t.Address = alarm.Mail, to
		case webhook != "" && to == "":
			t.Kind, t.Address = alarm.Webhook, webhook
		default:
			return command.Result{}, command.Misuse("give --mail ADDRESS or --webhook URL")
		}
		added, err := sys.Core.Alarms.Add(ctx, sys.Cause, t)
		if err != nil {
			return command.Result{}, err
		}
		line := targetOf(added)
		line.Secret = added.Secret
		if added.Secret != "" {
			return command.Say(line, "%s", added.Secret), nil
		}
		return command.Say(line, "%s is told by mail to %s; `deskbridge alarm test %s` tries it.", added.Name, line.Address, added.Name), nil
	})
}

func listCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List who is told", Example: "  deskbridge alarm list", Args: cobra.NoArgs}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		targets, err := sys.Core.Alarms.Targets(ctx)
		if err != nil {
			return command.Result{}, err
		}
		lines, rows := make([]Target, len(targets)), make([][]string, len(targets))
		for i, t := range targets {
			lines[i] = targetOf(t)
			rows[i] = []string{t.Name, string(t.Kind), lines[i].Address, output.Moment{At: &t.CreatedAt}.String(), provision.Plain(t.CreatedBy)}
		}
		return command.Tabled(lines, "NAME | KIND | ADDRESS | ADDED | BY", rows), nil
	})
}

func removeCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "remove NAME", Short: "Tell somebody no more", Example: "  deskbridge alarm remove ops", Args: cobra.ExactArgs(1)}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		t, err := sys.Core.Alarms.Remove(ctx, sys.Cause, args[0])
		if err != nil {
			return command.Result{}, err
		}
		return command.Say(targetOf(t), "%s is told no more.", t.Name), nil
	})
}

func testCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "test NAME", Short: "Send a test; a running server does it", Example: "  deskbridge alarm test ops", Args: cobra.ExactArgs(1)}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		d, err := sys.Core.Alarms.Try(ctx, args[0])
		if err != nil {
			return command.Result{}, err
		}
		return command.Say(deliveryOf(d, args[0]), "A running server sends it within seconds; `deskbridge alarm deliveries --target %s` shows what was answered.", args[0]), nil
	})
}

func deliveriesCommand(a *command.App) *cobra.Command {
	var target string
	cmd := &cobra.Command{Use: "deliveries", Short: "List what was sent, and what was answered; the newest first", Example: "  deskbridge alarm deliveries --target pager", Args: cobra.NoArgs,
		Long: "List the last 100 messages, and what was answered. They are kept for 30 days."}
	cmd.Flags().StringVar(&target, "target", "", "those to this one")
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		found, err := sys.Core.Alarms.Deliveries(ctx, target, mostDeliveries)
		if err != nil {
			return command.Result{}, err
		}
		targets, err := sys.Core.Alarms.Targets(ctx)
		if err != nil {
			return command.Result{}, err
		}
		names := make(map[alarm.TargetID]string)
		for _, t := range targets {
			names[t.ID] = t.Name
		}
		lines, rows := make([]Delivery, len(found)), make([][]string, len(found))
		for i, d := range found {
			lines[i] = deliveryOf(d, names[d.Target])
			rows[i] = []string{string(d.ID)[len(d.ID)-8:], lines[i].At.String(), lines[i].Target, string(d.Event), string(d.State), output.Plain(d.Text), output.Plain(d.Answer)}
		}
		return command.Tabled(lines, "ID | AT | TARGET | EVENT | STATE | TEXT | ANSWER", rows), nil
	})
}

func sendAgainCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "send-again ID", Short: "Send a message once more, under its id", Example: "  deskbridge alarm send-again 5c1f9b02", Args: cobra.ExactArgs(1),
		Long: "Send a message once more. Of ID the beginning or end, as alarm deliveries shows it, is enough."}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, args []string) (command.Result, error) {
		found, err := sys.Core.Alarms.Deliveries(ctx, "", mostDeliveries)
		if err != nil {
			return command.Result{}, err
		}
		d, err := command.ByIDIn("delivery", "alarm deliveries", args[0], found, func(d alarm.Delivery) string { return string(d.ID) })
		if err != nil {
			return command.Result{}, err
		}
		again, err := sys.Core.Alarms.SendAgain(ctx, sys.Cause, d.ID)
		if err != nil {
			return command.Result{}, err
		}
		return command.Say(deliveryOf(again, ""), "A running server sends it within seconds."), nil
	})
}

func deliveryOf(d alarm.Delivery, target string) Delivery {
	return Delivery{ID: string(d.ID), Target: target, Event: string(d.Event), Code: string(d.Code), Text: d.Text, At: output.Moment{At: &d.At}, State: string(d.State), Tries: d.Tries,
		NextAt: output.Moment{At: d.NextAt}, Answer: d.Answer, EndedAt: output.Moment{At: d.EndedAt}}
}
