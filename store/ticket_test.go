package store_test

import (
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// TestTickets opens tickets where they may be opened, and nowhere else.
func TestTickets(t *testing.T) {
	with := func(key string, old ...string) *store.Store {
		t.Helper()
		o := store.Options{DataDir: t.TempDir(), Key: []byte(key)}
		for _, k := range old {
			o.OldKeys = append(o.OldKeys, []byte(k))
		}
		s, err := store.Open(t.Context(), o)
		must(t, err)
		t.Cleanup(func() { s.Close() })
		return s
	}
	ours, other := string(storetest.Key), strings.Repeat("k", 32)
	s := with(ours)
	sealed := got(s.SealTicket("purpose", []byte("text")))(t)
	if again := got(s.SealTicket("purpose", []byte("text")))(t); again == sealed {
		t.Error("the same twice")
	}
	for name, at := range map[string]*store.Store{"itself": s, "a replica": with(ours), "one with a newer key": with(other, ours)} {
		if text, err := at.OpenTicket("purpose", sealed); err != nil || string(text) != "text" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
	id, box, _ := strings.Cut(sealed, ".")
	for name, open := range map[string]func() ([]byte, error){
		"another purpose": func() ([]byte, error) { return s.OpenTicket("purpos", sealed) },
		"another key":     func() ([]byte, error) { return with(other).OpenTicket("purpose", sealed) },
		"no key":          func() ([]byte, error) { return s.OpenTicket("purpose", "."+box) },
		"cut off":         func() ([]byte, error) { return s.OpenTicket("purpose", sealed[:len(sealed)-4]) },
		"only its key":    func() ([]byte, error) { return s.OpenTicket("purpose", id+".") },
		"changed":         func() ([]byte, error) { return s.OpenTicket("purpose", id+".AAAA"+box[4:]) },
		"other last bits": func() ([]byte, error) { return s.OpenTicket("purpose", sealed+"=") },
		"nothing":         func() ([]byte, error) { return s.OpenTicket("purpose", "") },
	} {
		if text, err := open(); !provision.IsNotFound(err) {
			t.Errorf("%s: %q, %v, want NotFound", name, text, err)
		}
	}
	keyless := got(store.Open(t.Context(), store.Options{DataDir: t.TempDir()}))(t)
	t.Cleanup(func() { keyless.Close() })
	if _, err := keyless.SealTicket("purpose", []byte("text")); err == nil {
		t.Error("sealed without a key")
	}
}
