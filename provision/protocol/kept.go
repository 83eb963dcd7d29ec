package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
)

// errUnreadable says that options are there which nobody may act on: a part
// that is not understood may be what makes them safe.
var errUnreadable = errors.New("the settings cannot be read; set them anew")

// readKept reads options as they are kept. An older or newer release may have
// written them: when they do not fit, the text itself is returned, and nothing
// of it is used.
func readKept[T any](text []byte) (options T, unread json.RawMessage) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&options); err != nil {
		return *new(T), bytes.Clone(text)
	}
	return options, nil
}

// sameText reports whether a and b are kept as the same text.
func sameText(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return err1 == nil && err2 == nil && bytes.Equal(x, y)
}
