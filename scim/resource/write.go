package resource

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"slices"
)

// writeJSON writes v as [Encode] does, without ever holding the JSON of a whole
// list.
func writeJSON(w *bufio.Writer, v any) error {
	switch v := v.(type) {
	case memberList:
		return v.write(w)
	case storedUser:
		return v.write(w)
	case Object:
		return writeEach(w, "{", slices.Sorted(maps.Keys(v)), "}", func(name string) error {
			raw, err := Encode(name)
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
	raw, err := Encode(v)
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

// large is from how many bytes on an answer is sent while it is made, without a
// Content-Length. A member counts as memberSize.
const (
	large      = 256 << 10
	memberSize = 256
)

// IsLarge reports whether an answer holds many members, or long documents.
func IsLarge(body any) bool { return sizeOf(body) > large }

func sizeOf(v any) int {
	n := 0
	switch v := v.(type) {
	case memberList:
		n = len(v.members) * memberSize
	case storedUser:
		n = len(v.id.Document)
	case Object:
		n = sizeOf(v["members"]) + sizeOf(v["Resources"])
	case []any:
		for _, element := range v {
			n += sizeOf(element)
		}
	}
	return n
}

// EncodeBody returns the whole answer.
func EncodeBody(body any) ([]byte, error) {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	if err := writeJSON(w, body); err != nil {
		return nil, err
	}
	err := w.Flush()
	return b.Bytes(), err
}

// SendBody writes the answer as it goes.
func SendBody(to io.Writer, body any) error {
	w := bufio.NewWriterSize(to, 32<<10)
	if err := writeJSON(w, body); err != nil {
		return err
	}
	return w.Flush()
}

// IDOf returns the id of a resource that is about to be sent.
func IDOf(body any) string {
	switch body := body.(type) {
	case storedUser:
		return string(body.id.ID)
	case Object:
		return Text(body, "id")
	}
	return ""
}
