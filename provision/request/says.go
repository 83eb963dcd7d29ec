package request

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/deskbridge/deskbridge/internal/requestlog"
	"github.com/deskbridge/deskbridge/provision"
)

// Says tells what was asked for, in words, without whom it was about.
func (r *Record) Says() string {
	one, many := "something", "people and groups"
	switch {
	case strings.Contains(r.Route, "/Users"):
		one, many = "a person", "people"
	case strings.Contains(r.Route, "/Groups"):
		one, many = "a group", "groups"
	}
	with := func(text, between string) string {
		if r.Detail == "" {
			return text
		}
		return text + between + r.Detail
	}
	switch r.Verb {
	case requestlog.Create:
		return with("create "+one, ": ")
	case requestlog.Change:
		return with("change "+one, ": ")
	case requestlog.Remove:
		return "remove " + one
	case requestlog.Read:
		return "look up " + one
	case requestlog.List:
		return "list " + many
	case requestlog.Find:
		return with("look for "+many, " ")
	case requestlog.Bulk:
		return with("many in one", ": ")
	case requestlog.Discover:
		return "ask what this server can do"
	case requestlog.TakeToken:
		return "ask for an access token"
	case requestlog.SignIn:
		return with("sign in", ", ")
	case requestlog.BreakGlass:
		return "break-glass sign-in"
	}
	return r.Method + " " + r.Route
}

// Caused tells what followed, in words; "" when nothing did.
func (r *Record) Caused() string {
	if r.Entries == 0 && r.Accounts == 0 {
		return ""
	}
	out := count(r.Entries, "audit entry", "audit entries")
	if r.Accounts > 0 {
		out += ", " + count(r.Accounts, "account", "accounts")
	}
	return out
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// PlaceOf returns where r stands in the log.
func PlaceOf(r *Record) Place { return Place{r.At, r.ID} }

// String returns the place as callers hand it back to [ParsePlace]; "" for the
// zero Place.
func (p Place) String() string {
	if p.ID == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %s", p.At.UnixMicro(), p.ID))
}

// ParsePlace reads what [Place.String] wrote.
func ParsePlace(text string) (Place, error) {
	if text == "" {
		return Place{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	at, id, ok := strings.Cut(string(raw), " ")
	micros, failed := strconv.ParseInt(at, 10, 64)
	if err != nil || failed != nil || !ok || id == "" {
		return Place{}, provision.Errorf(provision.Invalid, "after", "this is no place in the request log; give what the page before says")
	}
	return Place{time.UnixMicro(micros).UTC(), id}, nil
}
