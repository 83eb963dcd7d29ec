package kit

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/deskbridge/deskbridge/desk"
)

// One is a question about one thing that has a number, such as a user or a ticket.
type One[R any] struct {
	Client *Client
	What   string     // the desk's word for it, such as "user"
	Path   string     // with the number after it, such as "/users/"
	Query  url.Values // nil: none
	Key    string     // under which the answer has it; "": it is all of the answer

	// Is reports whether what was shown is what was asked for, and all of it: a desk that
	// does not know a path, or a proxy, may answer with something else.
	Is func(r *R, number string) bool
}

// Read returns the thing with a number. One that is not there is NotFound, and so is what is
// no number: it gets into no path. An answer that is not about it is Retryable.
func (q One[R]) Read(ctx context.Context, number string) (*R, error) {
	v := q.Client.config.Vendor
	if !IsNumber(number) {
		return nil, v.NoNumber(q.What, number)
	}
	a, err := q.Client.Do(ctx, Call{Method: http.MethodGet, Path: q.Path + number, Query: q.Query}, nil)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil, desk.Errorf(desk.NotFound, "%s has no %s %s", v.Name, q.What, number)
	case err != nil:
		return nil, err
	}
	raw := json.RawMessage(a.Body)
	if q.Key != "" {
		var answer map[string]json.RawMessage
		if err := v.Decode(a.Body, &answer); err != nil {
			return nil, err
		}
		raw = answer[q.Key]
	}
	r := new(R)
	if raw != nil {
		if err := v.Decode(raw, r); err != nil {
			return nil, err
		}
	}
	if raw == nil || !q.Is(r, number) {
		return nil, desk.Errorf(desk.Retryable, "%s answered a question about %s %s with something else; is a proxy in the way?", v.Name, q.What, number)
	}
	return r, nil
}

// Lacking returns the first of some fields that a JSON object does not show; "" when it has
// them all. To take what is missing for false, or for none, would be a lie.
func Lacking(object []byte, fields ...string) string {
	var shown map[string]json.RawMessage
	_ = json.Unmarshal(object, &shown) // what is no object has none of them
	for _, f := range fields {
		if shown[f] == nil {
			return f
		}
	}
	return ""
}
