package resource

import (
	"bufio"
	"bytes"
	"encoding/json"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// ReadMembers returns the ids that the value of members names, each once: a list
// of objects with value, or of ids. Null and an empty list name nobody. Everything
// else names somebody and is refused without an id: a client that has lost one
// must not empty a group. More than most are refused.
func ReadMembers(value any, most int) ([]provision.MemberID, error) {
	list, err := memberElements(value)
	if err != nil {
		return nil, err
	}
	if len(list) > most {
		return nil, TooManyMembers(most)
	}
	out := make([]provision.MemberID, 0, len(list))
	seen := make(map[string]bool, len(list))
	for _, element := range list {
		id, err := memberID(element)
		if err != nil {
			return nil, err
		}
		if IsBlank(id) {
			return nil, scimerr.InvalidValue("members.value", "is required")
		}
		if !seen[id] {
			seen[id] = true
			out = append(out, provision.MemberID(id))
		}
	}
	return out, nil
}

// memberElements returns the elements of a value of members.
func memberElements(value any) ([]any, error) {
	switch value := value.(type) {
	case nil:
		return nil, nil
	case []any:
		return value, nil
	case string:
		if !isJSONText(value) {
			break
		}
		got, err := decodeText("members", value)
		if list, ok := got.([]any); ok || err != nil {
			return list, err
		}
		return []any{got}, nil
	}
	return []any{value}, nil
}

// memberID returns the id in an element, "" where there is none.
func memberID(element any) (string, error) {
	if s, ok := element.(string); ok {
		if !isJSONText(s) {
			return s, nil
		}
		var err error
		if element, err = decodeText("members", s); err != nil {
			return "", err
		}
	}
	switch element := element.(type) {
	case nil:
		return "", nil
	case Object:
		value := element[Key(element, "value")]
		if list, ok := value.([]any); ok && len(list) == 1 {
			value = list[0]
		}
		id, ok := value.(string)
		if !ok && value != nil {
			return "", scimerr.InvalidValue("members.value", "takes a string")
		}
		return id, nil
	}
	return "", scimerr.InvalidValue("members", "takes objects with a value")
}

// TooManyMembers is the answer to a request that names more members than most.
func TooManyMembers(most int) error {
	return scimerr.TooLarge("members: one request can name at most %d members.", most)
}

// memberList is the value of members in a representation. A group can have a
// hundred thousand: they become JSON one by one, while they are sent.
type memberList struct {
	as      Representation
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
	t := User
	if m.Kind == provision.MemberGroup {
		t = Group
	}
	out := memberJSON{Ref: l.as.Location(t, string(m.ID)), Display: m.Display, Type: t.Name, Value: string(m.ID)}
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

// Member returns one member, for the filters of a PATCH.
func (r Representation) Member(m provision.Member) Object {
	sent := memberList{as: r}.json(m)
	out := Object{"value": sent.Value, "$ref": sent.Ref, "type": sent.Type}
	SetText(out, "display", sent.Display)
	return out
}
