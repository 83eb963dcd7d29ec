package status

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/command"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
)

// What a terminal is told: to begin at its upper left corner, to forget the
// rest of a line, and what is below.
const (
	toTop     = "\x1b[H"
	clearLine = "\x1b[K"
	clearRest = "\x1b[J"
)

// watch shows again and again, until ctx ends, which is no error. On a terminal
// it draws over what it has drawn. What fails, such as a database that is away,
// is shown, too.
func watch(ctx context.Context, w io.Writer, every time.Duration, show func(io.Writer) error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	terminal, drawing := output.Terminal(w)
	for {
		var page bytes.Buffer
		visible := output.Visible(&page)
		if err := show(visible); err != nil && ctx.Err() == nil {
			fmt.Fprintf(visible, "deskbridge: %s\n", command.Explain(err))
		}
		if ctx.Err() != nil {
			return nil
		}
		text, to := page.String()+"\n", w
		if drawing {
			text, to = toTop+strings.ReplaceAll(text, "\n", clearLine+"\n")+clearRest, terminal
		}
		if _, err := io.WriteString(to, text); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
