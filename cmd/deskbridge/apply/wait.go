package apply

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision/plan"
)

// someNeedAttention is the exit status of `apply --wait` when accounts of the
// change need attention, as that of `status --exit-code`.
const someNeedAttention = 3

// lookEvery is how often waiting looks.
const lookEvery = 300 * time.Millisecond

// waiting are the flags of apply that wait for desks.
type waiting struct {
	on    bool
	limit time.Duration
}

func (f *waiting) add(cmd *cobra.Command) {
	f.limit = 10 * time.Minute
	cmd.Flags().BoolVar(&f.on, "wait", false, "wait until every account of the change is in sync or needs attention; exit status 3 when some do")
	cmd.Flags().Var((*config.Duration)(&f.limit), "timeout", "how long --wait waits at most")
}

// wait waits until the desks are done with a plan that was applied at since. On
// a terminal it shows how far they are.
func (f *waiting) wait(ctx context.Context, a *command.App, sys *server.System, p plan.Plan, since time.Time) (*plan.Progress, error) {
	if !f.on {
		return nil, nil
	}
	ends := time.NewTimer(f.limit)
	defer ends.Stop()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	terminal, drawing := output.Terminal(a.Stderr)
	for {
		now, err := sys.Core.Plan.Progress(ctx, p, since)
		if err != nil {
			return nil, err
		}
		if drawing {
			fmt.Fprintf(terminal, "\r\x1b[K%s", inWords(now)) // numbers: nothing that has to be made visible
		}
		if now.Done() {
			if drawing {
				fmt.Fprintln(terminal)
			}
			if now.Attention > 0 {
				return &now, command.Exit(someNeedAttention)
			}
			return &now, nil
		}
		select {
		case <-ctx.Done():
			return &now, fmt.Errorf("stopped waiting: %s; the change is applied, and goes on", inWords(now))
		case <-ends.C:
			return &now, fmt.Errorf("after %s: %s; the change is applied, and goes on while a server runs: `deskbridge status` says what is late", config.FormatDuration(f.limit), inWords(now))
		case <-tick.C:
		}
	}
}

func inWords(p plan.Progress) string {
	return fmt.Sprintf("in sync: %d, need attention: %d, waiting: %d", p.Synced, p.Attention, p.Waiting)
}
