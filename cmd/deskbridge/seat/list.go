package seat

import (
	"cmp"
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision/seat"
)

// Line is a desk in `seat list --json`.
type Line struct {
	Desk      string        `json:"desk"`
	Used      int           `json:"used"`
	Limit     int           `json:"limit,omitempty"` // 0: none, or nobody tells
	Free      *int          `json:"free,omitempty"`
	CountedBy string        `json:"counted_by"` // desk, list or accounts
	CountedAt output.Moment `json:"counted_at"`
	Price     string        `json:"price,omitempty"` // for people
	Monthly   string        `json:"monthly,omitempty"`
	Currency  string        `json:"currency,omitempty"`
}

// Command makes the commands of seats.
func Command(a *command.App) *cobra.Command {
	return command.Group("seat", "Show what seats there are, who does not use one, and what was freed", listCommand(a), idleCommand(a), freeCommand(a), backCommand(a), ledgerCommand(a))
}

// LineOf is how many seats of a desk are taken.
func LineOf(u seat.Use) Line {
	price := u.Desk.Price.Monthly(false)
	return Line{Desk: u.Desk.Name, Used: u.Used, Limit: u.Limit, Free: u.Free, CountedBy: string(u.By), CountedAt: output.Moment{At: &u.At},
		Price: u.Desk.Price.String(), Monthly: price.String(), Currency: price.Currency}
}

// Counted says for people who has counted.
func (l Line) Counted() string {
	switch seat.CountedBy(l.CountedBy) {
	case seat.ByDesk:
		return "the desk, " + l.CountedAt.String()
	case seat.ByList:
		return "a sweep, " + l.CountedAt.String()
	case seat.ByAccounts:
	}
	return "Deskbridge's own alone"
}

func listCommand(a *command.App) *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "Show how many seats of each desk are taken and free, and what one costs", Args: cobra.NoArgs,
		Long: `Show how many seats of each desk are taken and free: as the desk counts them itself,
else as the last sweep has seen its users, those made by hand included; where
neither tells, the accounts that Deskbridge gave a seat. A price stands in
access.yaml (seat_price).`,
		Example: "  deskbridge seat list\n  deskbridge seat list --json"}
	return a.Verb(cmd, func(ctx context.Context, sys *server.System, _ []string) (command.Result, error) {
		uses, err := sys.Core.Seats.Uses(ctx)
		lines, rows := make([]Line, len(uses)), make([][]string, len(uses))
		for i, u := range uses {
			l := LineOf(u)
			free, limit := "-", "-"
			if l.Free != nil {
				free, limit = strconv.Itoa(*l.Free), strconv.Itoa(l.Limit)
			}
			lines[i], rows[i] = l, []string{l.Desk, strconv.Itoa(l.Used), limit, free, cmp.Or(l.Price, "-"), l.Counted()}
		}
		return command.Tabled(lines, "DESK | USED | LIMIT | FREE | A SEAT COSTS | COUNTED BY", rows), err
	})
}

// days writes how many days ago something was.
func days(n int) string { return fmt.Sprintf("%d days", n) }
