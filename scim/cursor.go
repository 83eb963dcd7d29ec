package scim

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	scimerrors "github.com/elimity-com/scim/errors"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/scim/scimerr"
)

// The keywords that RFC 9865 §2.1 adds to those of RFC 7644.
const (
	scimTypeInvalidCursor scimerrors.ScimType = "invalidCursor"
	scimTypeExpiredCursor scimerrors.ScimType = "expiredCursor"
	scimTypeInvalidCount  scimerrors.ScimType = "invalidCount"
)

// cursor says where a page begins (RFC 9865 §2). It holds the position itself and
// not a row number, so that resources may come and go before it, and nothing
// that a server would have to remember: any replica can read it. It is no
// secret and needs no signature, because it cannot say more than a filter can:
// it is only ever looked up behind the conditions of the connection and query
// that come with it. The digest is there to tell mistakes.
type cursor struct {
	Query []byte `json:"q"` // digest of what it belongs to
	At    int64  `json:"t"` // when it was given, in milliseconds since 1970
	ID    string `json:"i"`
	Key   any    `json:"k,omitempty"`
}

// maxCursor is how long a cursor may be, in bytes. The longest that is given
// holds a sort key of [resource.MaxKey] bytes, each escaped.
const maxCursor = 16 << 10

// bind sets the digest of what a cursor belongs to: the connection, what is
// listed and in which order. Page size and selection may change on the way.
func (l *listing) bind(conn provision.ConnectionID, params url.Values) {
	hash := sha256.New()
	write := func(s string) {
		hash.Write([]byte(s))
		hash.Write([]byte{0}) // occurs in none of them: connections are storable, filters are checked
	}
	write(string(conn))
	for _, k := range l.kinds {
		write(k.t.Name)
		for _, step := range k.SortBy {
			write(step)
		}
	}
	write(params.Get("filter"))
	if l.descending {
		write("descending")
	}
	l.digest = hash.Sum(nil)[:12]
}

// writeCursor returns the cursor of a position, as given now.
func writeCursor(at provision.Position, digest []byte, now time.Time) (string, error) {
	raw, err := json.Marshal(cursor{Query: digest, At: now.UnixMilli(), ID: at.ID, Key: at.Key})
	return base64.RawURLEncoding.EncodeToString(raw), err
}

// readCursor returns the position that a cursor of this query names; nil is the
// start.
func (h *handler) readCursor(text string, digest []byte) (*provision.Position, error) {
	if text == "" {
		return nil, nil
	}
	c, err := decodeCursor(text)
	switch {
	case err != nil:
		return nil, scimerr.BadRequest(scimTypeInvalidCursor, "cursor: is not one that this server gave.")
	case !bytes.Equal(c.Query, digest):
		return nil, scimerr.BadRequest(scimTypeInvalidCursor, "cursor: belongs to another query; filter, sortBy and sortOrder must stay the same from page to page.")
	}
	if age := h.now().Sub(time.UnixMilli(c.At)); age > h.limits.CursorTimeout {
		return nil, scimerr.BadRequest(scimTypeExpiredCursor, "cursor: is older than %s; begin again with an empty cursor.", h.limits.CursorTimeout)
	}
	return &provision.Position{ID: c.ID, Key: c.Key}, nil
}

func decodeCursor(text string) (cursor, error) {
	var c cursor
	if len(text) > maxCursor {
		return c, errors.New("too long")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return c, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&c); err != nil {
		return c, err
	}
	switch key := c.Key.(type) {
	case nil, string:
	case json.Number:
		c.Key, err = key.Int64()
	default:
		err = errors.New("no sort key")
	}
	if c.ID == "" || !storable(c.ID) {
		err = errors.New("no id")
	}
	return c, err
}
