package builtin

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"
)

const maxBodyBytes = 1 << 20

// form reads a JSON object field by field, and notes everything that is wrong
// with it. Fields that nobody reads are ignored, as Help Scout does.
type form struct {
	path     string // of the object in the body, with a dot at the end
	values   map[string]json.RawMessage
	problems *[]problem
}

// form reads the request's body: 415 unless it is said to be JSON, 413 when it
// is too large, 400 unless it is one object.
func (c *call) form() (*form, error) {
	if !isJSON(c.r.Header.Get("Content-Type")) {
		return nil, refuse(http.StatusUnsupportedMediaType, "The body must be application/json")
	}
	body, err := io.ReadAll(c.r.Body)
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, refuse(http.StatusRequestEntityTooLarge, "The body is larger than 1 MiB")
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "The body could not be read")
	}
	f := &form{problems: new([]problem)}
	if err := json.Unmarshal(body, &f.values); err != nil || f.values == nil {
		f.refuse("", codeJSON, "the body must be one JSON object")
		return nil, f.err()
	}
	return f, nil
}

func isJSON(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasPrefix(media, "application/") && strings.HasSuffix(media, "+json"))
}

// err returns the refusal, nil when nothing is wrong.
func (f *form) err() error {
	if len(*f.problems) == 0 {
		return nil
	}
	return &refusal{status: http.StatusBadRequest, message: "Bad request", problems: *f.problems}
}

func (f *form) refuse(name, code, message string) {
	*f.problems = append(*f.problems, problem{
		Path: f.path + name, Message: message, RejectedValue: f.values[name], Source: "JSON", code: code})
}

// refuseItem is refuse for an element of a list of numbers.
func (f *form) refuseItem(path string, item int64, code, message string) {
	*f.problems = append(*f.problems, problem{
		Path: f.path + path, Message: message, RejectedValue: json.RawMessage(formatID(item)), Source: "JSON", code: code})
}

// has reports whether a field is there and not null.
func (f *form) has(name string) bool {
	raw, ok := f.values[name]
	return ok && string(raw) != "null"
}

// read decodes a field into v, and reports whether there was one of that type.
func (f *form) read(name, kind string, v any) bool {
	if !f.has(name) {
		return false
	}
	if json.Unmarshal(f.values[name], v) != nil {
		f.refuse(name, codeType, "must be "+kind)
		return false
	}
	return true
}

// text reads a string of at most limit characters (0: any number), without
// the space around it. "" when it is not there.
func (f *form) text(name string, limit int) string {
	var text string
	if !f.read(name, "a string", &text) {
		return ""
	}
	text = strings.TrimSpace(text)
	if limit > 0 && utf8.RuneCountInString(text) > limit {
		f.refuse(name, codeSize, fmt.Sprintf("must be at most %d characters long", limit))
		return ""
	}
	if clean(text) != text {
		f.refuse(name, codeText, "must not hold control characters")
		return ""
	}
	return text
}

// need reads a text that must be there, and not be blank.
func (f *form) need(name string, limit int) string {
	before := len(*f.problems)
	text := f.text(name, limit)
	if text == "" && len(*f.problems) == before {
		f.refuse(name, codeNotBlank, "must not be blank")
	}
	return text
}

// email reads an e-mail address that must be there.
func (f *form) email(name string) string {
	text := f.need(name, 0)
	if text != "" && !validEmail(text) {
		f.refuse(name, codeEmail, "must be an e-mail address")
	}
	return text
}

// choice reads one of the allowed words; byDefault when it is not there.
func (f *form) choice(name, byDefault string, allowed ...string) string {
	before := len(*f.problems)
	text := f.text(name, 0)
	if len(*f.problems) > before {
		return ""
	}
	if text == "" {
		text = byDefault
	}
	if text == "" {
		f.refuse(name, codeNotBlank, "must not be blank")
	} else if !slices.Contains(allowed, text) {
		f.refuse(name, codeEnum, "must be one of these: '"+strings.Join(allowed, "', '")+"'")
	}
	return text
}

// flag reads a boolean.
func (f *form) flag(name string, byDefault bool) bool {
	f.read(name, "a boolean", &byDefault)
	return byDefault
}

// id reads a number that must be there.
func (f *form) id(name string) int64 {
	var id int64
	if !f.has(name) {
		f.refuse(name, codeNotBlank, "must not be blank")
	}
	f.read(name, "an integer", &id)
	return id
}

// ids reads a list of numbers that must be there, be it empty.
func (f *form) ids(name string) []int64 {
	var ids []int64
	if !f.has(name) {
		f.refuse(name, codeNotBlank, "must be there; use [] for none")
	}
	f.read(name, "a list of integers", &ids)
	return ids
}

// object reads an object, nil when it is not there.
func (f *form) object(name string) *form {
	sub := &form{path: f.path + name + ".", problems: f.problems}
	if !f.read(name, "an object", &sub.values) {
		return nil
	}
	return sub
}

// objects reads a list of objects.
func (f *form) objects(name string) []*form {
	var list []json.RawMessage
	f.read(name, "a list", &list)
	var out []*form
	for i, raw := range list {
		sub := &form{path: fmt.Sprintf("%s%s[%d].", f.path, name, i), problems: f.problems}
		if json.Unmarshal(raw, &sub.values) != nil || sub.values == nil {
			*f.problems = append(*f.problems, problem{Path: strings.TrimSuffix(sub.path, "."), Message: "must be an object",
				RejectedValue: raw, Source: "JSON", code: codeType})
			continue
		}
		out = append(out, sub)
	}
	return out
}
