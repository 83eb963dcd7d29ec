package command

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/deskbridge/deskbridge/cmd/deskbridge/output"
	"github.com/deskbridge/deskbridge/cmd/deskbridge/server"
	"github.com/deskbridge/deskbridge/config"
	"github.com/deskbridge/deskbridge/provision"
)

// Hosted is what a command works with that a server runs for somebody elsewhere:
// neither the files nor the environment of the server, only what they have sent.
type Hosted struct {
	System *server.System
	Cause  provision.Cause
	Files  map[string][]byte // by the names that the command line has for them; - is standard input
	// Check is asked before the command begins, whichever the command line has come
	// to mean.
	Check func(cmd *cobra.Command) error
}

func (h *Hosted) file(path string) ([]byte, error) {
	text, ok := h.Files[path]
	if !ok {
		return nil, fmt.Errorf("the file %s was not sent along; a server reads none of its own", output.Plain(path))
	}
	return text, nil
}

// ReadRegular is [config.ReadRegular] of what a draft refers to.
func (a *App) ReadRegular(path string) ([]byte, error) {
	if a.Hosted != nil {
		return a.Hosted.file(path)
	}
	return config.ReadRegular(path)
}

// CreateFile makes a file that its owner alone may read, or empties the one that is
// there. A server makes none for others.
func (a *App) CreateFile(path string) (io.WriteCloser, error) {
	if a.Hosted != nil {
		return nil, Misuse("a server writes no file of yours: give - in place of %s, and send standard output to the file", output.Plain(path))
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}

// verb is the annotation of what [App.Verb] has made.
const verb = "deskbridge-verb"

func mark(cmd *cobra.Command) {
	if cmd.Annotations == nil {
		cmd.Annotations = map[string]string{}
	}
	cmd.Annotations[verb] = "yes"
}

// IsVerb reports whether a command is one of [App.Verb]: it can run on a server.
func IsVerb(cmd *cobra.Command) bool { return cmd.Annotations[verb] != "" }
