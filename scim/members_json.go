package scim

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"slices"

	"github.com/deskbridge/deskbridge/provision"
)

// memberList is the value of members in a representation. A group can have a
// hundred thousand: they become JSON one by one, while they are sent.
type memberList struct {
	as      representation
	members []provision.Member
	keep    func(folded string) bool // which sub-attributes; nil: all
}

// memberJSON is a member as it is sent, with its names in order.
type memberJSON struct {
	Ref     string `json:"$ref,omitempty"`
	Display string `json:"display,omitempty"`
	Type    string `json:"type,omitempty"`
	Value   string `json:"value,omitempty"`
}

func (l memberList) json(m provision.Member) memberJSON {
	t := userType
	if m.Kind == provision.MemberGroup {
		t = groupType
	}
	out := memberJSON{Ref: l.as.location(t, string(m.ID)), Display: m.Display, Type: t.name, Value: string(m.ID)}
	if l.keep == nil {
		return out
	}
	for name, field := range map[string]*string{"$ref": &out.Ref, "display": &out.Display, "type": &out.Type, "value": &out.Value} {
		if !l.keep(name) {
			*field = ""
		}
	}
	return out
}

// writeJSON writes v as [encode] does, without ever holding the JSON of a whole
// list.
func writeJSON(w *bufio.Writer, v any) error {
	switch v := v.(type) {
	case memberList:
		return v.write(w)
	case storedUser:
		return v.write(w)
	case object:
		return writeEach(w, "{", slices.Sorted(maps.Keys(v)), "}", func(name string) error {
			raw, err := encode(name)
			if err != nil {
				return err
			}
			_, _ = w.Write(raw) // its errors come out of Flush
			_ = w.WriteByte(':')
			return writeJSON(w, v[name])
		})
	case []any:
		return writeEach(w, "[", v, "]", func(element any) error { return writeJSON(w, element) })
	}
	raw, err := encode(v)
	_, _ = w.Write(raw)
	return err
}

func writeEach[T any](w *bufio.Writer, open string, list []T, end string, one func(T) error) error {
	_, _ = w.WriteString(open)
	for i, element := range list {
		if i > 0 {
			_ = w.WriteByte(',')
		}
		if err := one(element); err != nil {
			return err
		}
	}
	_, err := w.WriteString(end)
	return err
}

// write writes the list with one buffer for all members.
func (l memberList) write(w *bufio.Writer) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	return writeEach(w, "[", l.members, "]", func(m provision.Member) error {
		b.Reset()
		err := e.Encode(l.json(m))
		_, _ = w.Write(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
		return err
	})
}

// manyMembers is from how many on an answer is sent while it is made, without
// a Content-Length.
const manyMembers = 1000

// isLarge reports whether an answer holds many members.
func isLarge(body any) bool { return countMembers(body) > manyMembers }

func countMembers(v any) int {
	n := 0
	switch v := v.(type) {
	case memberList:
		n = len(v.members)
	case object:
		n = countMembers(v["members"]) + countMembers(v["Resources"])
	case []any:
		for _, element := range v {
			n += countMembers(element)
		}
	}
	return n
}

// encodeBody returns the whole answer.
func encodeBody(body any) ([]byte, error) {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	if err := writeJSON(w, body); err != nil {
		return nil, err
	}
	err := w.Flush()
	return b.Bytes(), err
}

// sendBody writes the answer as it goes.
func sendBody(to io.Writer, body any) error {
	w := bufio.NewWriterSize(to, 32<<10)
	if err := writeJSON(w, body); err != nil {
		return err
	}
	return w.Flush()
}
