package offboarding

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/handover"
)

// textOf returns a particular of an entry as text; "" when it has none.
func textOf(e provision.Entry, key string) string {
	if v, ok := e.Detail[key]; ok && v != nil {
		return provision.Plain(fmt.Sprint(v))
	}
	return ""
}

// numberOf returns a particular that is a count.
func numberOf(e provision.Entry, key string) int {
	switch v := e.Detail[key].(type) {
	case float64:
		return int(v)
	case int:
		return v
	case json.Number:
		n, _ := v.Int64()
		return int(n)
	}
	return 0
}

// mailboxesOf returns how far a hand-over was by mailbox, of which the entry tells.
func mailboxesOf(e provision.Entry) handover.Counts {
	of := make(handover.Counts)
	all, _ := e.Detail["mailboxes"].(map[string]any)
	for mailbox, detail := range all {
		in, _ := detail.(map[string]any)
		part := provision.Entry{Detail: in}
		of[provision.Plain(mailbox)] = handover.Count{Before: numberOf(part, "before"), Moved: numberOf(part, "moved"), ToQueue: numberOf(part, "to_queue"), Left: numberOf(part, "left")}
	}
	return of
}

// namesOf returns a particular that is a list.
func namesOf(e provision.Entry, key string) (names []string) {
	switch list := e.Detail[key].(type) {
	case []any:
		for _, name := range list {
			names = append(names, provision.Plain(fmt.Sprint(name)))
		}
	case []string:
		for _, name := range list {
			names = append(names, provision.Plain(name))
		}
	}
	return names
}

// utc returns a time as a record has it.
func utc(t time.Time) *time.Time { return new(t.UTC().Truncate(time.Microsecond)) }

// apart returns the milliseconds from one time to another, never less than none.
func apart(from, to time.Time) *int64 { return new(max(to.Sub(from).Milliseconds(), 0)) }

func plain(names []string) (out []string) {
	for _, name := range names {
		out = append(out, provision.Plain(name))
	}
	return out
}
