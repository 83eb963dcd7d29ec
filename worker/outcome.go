package worker

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// outcome is what a run that did not fail has reached: without tasks, all is
// as desired.
type outcome struct {
	shown *provision.DeskUser // the account's user as the desk shows it; nil: nobody, as desired
	tasks tasks
	// residual says that the tasks begin with a leaver who still has access.
	residual bool
}

// tasks is what an admin has to do because the desk's API cannot.
type tasks []string

// String returns the tasks in one line, for an admin.
func (t tasks) String() string { return strings.Join(t, "; ") }

// add adds what a desk cannot do or refuses to.
func (t *tasks) add(err error) {
	what := err.Error()
	if e, ok := errors.AsType[*desk.Error](err); ok {
		what = e.Detail
	}
	if e, ok := errors.AsType[*refusedWrite](err); ok {
		what = e.write.Named() + " was refused: " + what
	}
	if !slices.Contains(*t, what) {
		*t = append(*t, what)
	}
}

// noAnswer says in plain words what became of a call that err, which is not of
// the desk's making, ended: "refuses the connection"; "" for what only the log
// can tell.
func noAnswer(err error) string {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "refuses the connection; is it running, and is its URL right?"
	case errors.As(err, new(*net.DNSError)):
		return "has an address that no DNS server knows, or none answers"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "answers too slowly, or not at all"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "cannot be reached from here"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "broke off the connection before it had answered"
	case errors.As(err, new(*tls.CertificateVerificationError)):
		return "shows a certificate that is not valid for its address"
	}
	return ""
}

// after returns tasks with first before all others; "" is none.
func (t tasks) after(first string) tasks {
	if first == "" {
		return t
	}
	return append(tasks{first}, t...)
}
