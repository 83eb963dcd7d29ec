package report

import (
	"encoding/base64"
	"encoding/json"

	"github.com/deskbridge/deskbridge/provision"
)

// How many lines a page has.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
)

// Service answers who has what. It is safe for concurrent use.
type Service struct {
	store Store
}

// New returns a Service on store.
func New(store Store) *Service { return &Service{store: store} }

// Page says which part of a list is asked for.
type Page struct {
	After string // Next of the page before; "": from the start
	Limit int    // 0: [DefaultLimit]; at most [MaxLimit]
}

func (p Page) limit() int {
	if p.Limit <= 0 {
		return DefaultLimit
	}
	return min(p.Limit, MaxLimit)
}

// place is where a list goes on. Nothing that stood there need still be there.
type place struct {
	List       string `json:"l"` // people, groups, members, access
	Connection string `json:"c,omitempty"`
	Name       string `json:"n,omitempty"`
	ID         string `json:"i,omitempty"`
	Order      int64  `json:"o,omitempty"`
}

// text returns the place as callers hand it back.
func (p place) text() string {
	raw, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and a number
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// placeOf reads what [place.text] wrote for a list.
func placeOf(list, after string) (p place, _ error) {
	if after == "" {
		return p, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(after)
	if err == nil {
		err = json.Unmarshal(raw, &p)
	}
	if err != nil || p.List != list {
		return p, provision.Errorf(provision.Invalid, "after", "this is no place in the list of %s; give what the page before says", list)
	}
	return p, nil
}
