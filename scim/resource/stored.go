package resource

import (
	"bufio"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/deskbridge/deskbridge/provision"
)

// storedUser is a person whose representation is made while it is sent: the
// attributes of their document are copied as they are stored, and what the core
// knows better goes between. That costs a tenth of decoding the document, which a
// test compares it with.
type storedUser struct {
	as     Representation
	id     provision.Identity
	groups []provision.Membership
	Selection
}

// own are the attributes that the core knows better than the document, by name.
var own = []string{"active", "externalId", "groups", "id", "meta", "schemas", "userName"}

// write writes the person as [writeJSON] does.
func (u storedUser) write(w *bufio.Writer) error {
	b, err := u.appendTo(w.AvailableBuffer())
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

// appendTo appends the person. Documents are stored in order of names, so that
// what is ours goes in between them; only schemas, which the end of the
// document decides, is put in afterwards.
func (u storedUser) appendTo(b []byte) (_ []byte, err error) {
	b = append(b, '{')
	start, at, left := len(b), 0, own
	schemas := append(make([]string, 0, 4), User.Core.ID)
	ours := func(before string) {
		for err == nil && len(left) > 0 && (before == "" || left[0] < before) {
			if left[0] == "schemas" {
				at = len(b)
			} else {
				b, err = u.appendOwn(b, start, left[0])
			}
			left = left[1:]
		}
	}
	gjson.ParseBytes(u.id.Document).ForEach(func(key, value gjson.Result) bool {
		name := key.String()
		if slices.Contains(own, name) {
			return true
		}
		if isExtension(name, value.IsObject()) {
			schemas = append(schemas, name)
		}
		if ours(name); err == nil {
			b, err = u.appendAttribute(b, start, name, value.Raw)
		}
		return err == nil
	})
	if ours(""); err != nil {
		return b, err
	}
	slices.Sort(schemas[1:])
	list := []byte(`,"schemas":`) // id is before it
	for i, schema := range schemas {
		list = appendText(append(list, "[,"[min(i, 1)]), schema)
	}
	return append(slices.Insert(b, at, append(list, ']')...), '}'), nil
}

// appendOwn appends what is selected of an attribute that the core knows better
// than the document.
func (u storedUser) appendOwn(b []byte, start int, name string) ([]byte, error) {
	switch {
	case name == "externalId" && u.id.ExternalID == "", name == "groups" && len(u.groups) == 0:
		return b, nil
	case u.whole(name):
		return u.appendValue(appendName(b, start, name), name), nil
	}
	return u.appendAttribute(b, start, name, string(u.appendValue(nil, name)))
}

// appendAttribute appends what is selected of an attribute that has the JSON
// value raw.
func (u storedUser) appendAttribute(b []byte, start int, name, raw string) ([]byte, error) {
	if !u.whole(name) {
		if u.only != nil && !names(u.only, name) {
			return b, nil
		}
		doc, err := decodeDocument(json.RawMessage(`{"value":` + raw + `}`))
		if err != nil {
			return b, err
		}
		kept, ok := u.Apply(Object{name: doc["value"]})[name]
		if !ok {
			return b, nil
		}
		text, err := Encode(kept)
		if err != nil {
			return b, err
		}
		raw = string(text)
	}
	return append(appendName(b, start, name), raw...), nil
}

// appendName appends a name and, unless it is the first one of the object that
// begins at start, the comma before it.
func appendName(b []byte, start int, name string) []byte {
	if len(b) > start {
		b = append(b, ',')
	}
	return append(appendText(b, name), ':')
}

// whole reports whether it is plain that all of an attribute is selected.
func (u storedUser) whole(name string) bool {
	switch {
	case name == "id" || name == "schemas":
		return true
	case u.only != nil:
		return false
	}
	return !names(u.except, name)
}

// names reports whether a selection may mean an attribute, or a part of it.
func names(list []selector, name string) bool {
	if len(list) == 0 {
		return false
	}
	folded := strings.ToLower(name)
	return slices.ContainsFunc(list, func(s selector) bool {
		return s.urn == "" && s.name == folded || s.urn == folded || s.isExtension(folded)
	})
}

// isExtension reports whether a top-level name is the URN of an extension.
func isExtension(name string, isObject bool) bool { return isObject && IsURN(name) }

// appendValue appends the value of an attribute that the core knows better than
// the document.
func (u storedUser) appendValue(b []byte, name string) []byte {
	switch name {
	case "active":
		return strconv.AppendBool(b, u.id.Active())
	case "externalId":
		return appendText(b, u.id.ExternalID)
	case "groups":
		return u.as.appendGroups(b, u.groups)
	case "id":
		return appendText(b, string(u.id.ID))
	case "meta":
		return u.as.appendMeta(b, u.id)
	}
	return appendText(b, u.id.UserName)
}

// appendMeta appends what [Representation.meta] gives.
func (r Representation) appendMeta(b []byte, id provision.Identity) []byte {
	b = append(b, `{"created":"`...)
	b = id.CreatedAt.UTC().AppendFormat(b, timeForm)
	b = append(b, `","lastModified":"`...)
	b = id.UpdatedAt.UTC().AppendFormat(b, timeForm)
	b = append(b, `","location":`...)
	b = appendText(b, r.Location(User, string(id.ID)))
	b = append(b, `,"resourceType":"User","version":`...)
	return append(appendText(b, ETag(id.Version)), '}')
}

// appendGroups appends the groups that a person is in.
func (r Representation) appendGroups(b []byte, groups []provision.Membership) []byte {
	for i, m := range groups {
		b = append(append(b, "[,"[min(i, 1)]), `{"$ref":`...)
		b = appendText(b, r.Location(Group, string(m.Group)))
		b = appendText(append(b, `,"display":`...), m.Name)
		kind := `,"type":"indirect","value":`
		if m.Direct() {
			kind = `,"type":"direct","value":`
		}
		b = append(appendText(append(b, kind...), string(m.Group)), '}')
	}
	return append(b, ']')
}

// appendText appends s as a JSON string, as [Encode] writes it.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			raw, err := Encode(s)
			if err != nil { // strings always encode
				return append(b, `""`...)
			}
			return append(b, raw...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
