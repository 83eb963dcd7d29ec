package guard

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
)

// NoAnswer says in plain words what became of a call that err, which is not of
// the desk's making, ended: "refuses the connection"; "" for what only the log
// can tell.
func NoAnswer(err error) string {
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
