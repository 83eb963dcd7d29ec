package command

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/provision/administration"
)

// ReachFlags are the flags that say what a mailbox manager may map.
type ReachFlags struct {
	desk             string
	teams, mailboxes []string
}

// Flags adds the flags.
func (f *ReachFlags) Flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.desk, "desk", "", "of a mailbox manager: the desk whose teams and mailboxes they may map")
	cmd.Flags().StringArrayVar(&f.teams, "team", nil, "a team that they may map; may be repeated")
	cmd.Flags().StringArrayVar(&f.mailboxes, "mailbox", nil, "a mailbox that they may map; may be repeated")
}

// Reach returns what the flags say; nil when none is given.
func (f *ReachFlags) Reach(ctx context.Context, sys *server.System) ([]administration.Reach, error) {
	if f.desk == "" {
		if len(f.teams)+len(f.mailboxes) > 0 {
			return nil, Misuse("--team and --mailbox go with --desk")
		}
		return nil, nil
	}
	desk, err := Desk(ctx, sys, f.desk)
	if err != nil {
		return nil, err
	}
	return []administration.Reach{{Desk: desk.ID, Teams: f.teams, Mailboxes: f.mailboxes}}, nil
}

// Reach is what of a desk a mailbox manager may map, as commands show it.
type Reach struct {
	Desk      string   `json:"desk"`
	Teams     []string `json:"teams,omitempty"`
	Mailboxes []string `json:"mailboxes,omitempty"`
}

// ReachOf returns a reach with the names of desks.
func ReachOf(names *server.Names, reach []administration.Reach) (out []Reach) {
	for _, r := range reach {
		out = append(out, Reach{names.DeskName(r.Desk), r.Teams, r.Mailboxes})
	}
	return out
}

// String is for people: "support: team Tier 1, mailbox Help".
func (r Reach) String() string {
	var parts []string
	for _, t := range r.Teams {
		parts = append(parts, "team "+output.Plain(t))
	}
	for _, m := range r.Mailboxes {
		parts = append(parts, "mailbox "+output.Plain(m))
	}
	return r.Desk + ": " + strings.Join(parts, ", ")
}
