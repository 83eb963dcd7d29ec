package fetch

import "fmt"

// Reason says which rule of a client an address or its answer has broken.
type Reason string

// The reasons of an [Error].
const (
	BadURL        Reason = "bad_url"         // no absolute URL with a host, or one with a password in it
	NotHTTPS      Reason = "not_https"       // http is for hosts that are allowed by name
	PrivateHost   Reason = "private_host"    // the name leads to an address that is not public
	Redirected    Reason = "redirected"      // the answer was a redirect
	TooLarge      Reason = "too_large"       // the answer was longer than allowed
	Compressed    Reason = "compressed"      // the answer was compressed, which was not asked for
	BadStatus     Reason = "bad_status"      // the answer was no 200
	BadAnswer     Reason = "bad_answer"      // the answer was not what is expected there
	Unreachable   Reason = "unreachable"     // no answer in time, or none at all
	AskedTooOften Reason = "asked_too_often" // it failed, or lacked something, and will not be asked again for some seconds
)

// Error is why something could not be fetched. Its text is for an admin: it
// names the host, says what to do, and repeats nothing of the answer.
type Error struct {
	Reason Reason
	Host   string // host, with the port if the URL has one
	Detail string // what is wrong and what to do about it
	Err    error  // the cause, for the log; may be nil
}

// Error implements error.
func (e *Error) Error() string {
	text := e.Detail
	if e.Host != "" {
		text = e.Host + ": " + text
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return "fetch " + text
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

func errorf(reason Reason, host, format string, args ...any) *Error {
	return &Error{Reason: reason, Host: host, Detail: fmt.Sprintf(format, args...)}
}
