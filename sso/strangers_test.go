package sso_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/sso/oidc/oidctest"
	"github.com/deskbridge/deskbridge/sso/saml/samltest"
	"github.com/deskbridge/deskbridge/store"
	"github.com/deskbridge/deskbridge/store/storetest"
)

// rows counts the rows of every table.
func (h *harness) rows() map[string]int {
	h.Helper()
	list := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if h.store.Dialect() == string(store.Postgres) {
		list = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`
	}
	found, err := h.store.DB().QueryContext(h.Context(), list)
	h.must(err)
	defer found.Close()
	var names []string
	for found.Next() {
		var name string
		h.must(found.Scan(&name))
		names = append(names, name)
	}
	h.must(found.Err())
	counted := make(map[string]int)
	for _, name := range names {
		var n int
		h.must(h.store.DB().QueryRowContext(h.Context(), `SELECT count(*) FROM "`+name+`"`).Scan(&n))
		counted[name] = n
	}
	return counted
}

// commits returns what counts the commits of an embedded database: the frames of
// its write-ahead log that end one (SQLite file format §4.1). On PostgreSQL it
// counts nothing.
func (h *harness) commits() func() int {
	h.Helper()
	if h.store.Dialect() == string(store.Postgres) {
		return nil
	}
	var seq int
	var name, file string
	h.must(h.store.DB().QueryRowContext(h.Context(), `PRAGMA database_list`).Scan(&seq, &name, &file))
	return func() (n int) {
		h.Helper()
		log, err := os.ReadFile(file + "-wal")
		h.must(err)
		const head, frameHead = 32, 24
		frame := frameHead + int(binary.BigEndian.Uint32(log[8:]))
		salts := log[16:24]
		for at := head; at+frame <= len(log); at += frame {
			if bytes.Equal(log[at+8:at+16], salts) && binary.BigEndian.Uint32(log[at+4:]) != 0 {
				n++
			}
		}
		return n
	}
}

// TestOneCommitASignIn counts what a sign-in costs the disk.
func TestOneCommitASignIn(t *testing.T) {
	t.Parallel()
	provider := oidctest.New(t, "")
	h := newHarness(t, storetest.SQLite(t), provider.Host())
	idp := samltest.New(idpID)
	h.owns(mallory)
	h.trusts(idp, nil)
	h.trustsOIDC(provider, nil)
	commits := h.commits()
	for name, signIn := range map[string]func(b *browser) page{
		"saml": func(b *browser) page { return b.signInSAML(idp, "/") },
		"oidc": func(b *browser) page { return b.signInOIDC(provider, "/") },
	} {
		for _, who := range []string{"somebody new", "somebody known", "somebody who is signed in"} {
			b := h.browser()
			if who == "somebody who is signed in" {
				signIn(b)
			}
			before := commits()
			p := signIn(b)
			if n := commits() - before; p.status >= 500 || n != 1 {
				t.Errorf("%s, %s: %d commits, want 1", name, who, n)
			}
		}
	}
}

// TestStrangersLeaveNothing has strangers begin 800 sign-ins that they never
// end: nothing of them is written to the database.
func TestStrangersLeaveNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		provider := oidctest.New(t, "")
		h := newHarness(t, s, provider.Host())
		h.trusts(samltest.New(idpID), nil)
		h.trustsOIDC(provider, nil)
		begin := func() {
			for _, via := range []string{"saml", "oidc"} {
				if p := h.browser().get("/sso/acme/login?via=" + via + "&return_to=/" + strings.Repeat("x", 2000)); p.status >= 400 {
					t.Fatalf("%d %s", p.status, p.body)
				}
			}
		}
		begin() // our keys are made
		rows, commits, before := h.rows(), h.commits(), 0
		if commits != nil {
			before = commits()
		}
		for range 400 {
			begin()
		}
		if commits != nil && commits() != before {
			t.Errorf("%d commits, want none", commits()-before)
		}
		if diff := cmp.Diff(rows, h.rows()); diff != "" {
			t.Errorf("rows (-before +after):\n%s", diff)
		}
	})
}

// TestManyTabs begins more sign-ins in one browser than it keeps: the newest
// can be ended, the first one not, and the cookies stay small.
func TestManyTabs(t *testing.T) {
	t.Parallel()
	h := newHarness(t, storetest.SQLite(t))
	idp := samltest.New(idpID)
	h.trusts(idp, nil)
	for _, tt := range []struct {
		name string
		to   func(i int) string
		kept int // of 20, at least
	}{
		{"short ways back", func(i int) string { return fmt.Sprintf("/tickets/%d", i) }, 5},
		{"long ways back", func(i int) string { return "/" + incompressible(i, 2000) }, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			b := h.on(t).browser()
			at, err := url.Parse(b.url)
			b.must(err)
			var begun []attempt
			for i := range 20 {
				p := b.get("/sso/acme/login?via=saml&return_to=" + url.QueryEscape(tt.to(i)))
				if p.status == http.StatusOK { // it does not fit into a header
					_, onward, _ := strings.Cut(p.body, `0;url=`)
					onward, _, _ = strings.Cut(onward, `"`)
					p.location = strings.ReplaceAll(strings.ReplaceAll(onward, "&amp;", "&"), "&#43;", "+")
				}
				begun = append(begun, b.begun(p, "acme"))
				size := 0
				for name, values := range p.header {
					size += len(name) + len(strings.Join(values, "")) + 4*len(values)
				}
				if size > 4000 {
					t.Errorf("the answer's header has %d bytes", size)
				}
			}
			total := 0
			for _, c := range b.client.Jar.Cookies(at) {
				total += len(c.Name) + len(c.Value)
				if len(c.Name)+len(c.Value) > 3900 {
					t.Errorf("the cookie %s has %d bytes", c.Name, len(c.Value))
				}
			}
			if total > 6500 {
				t.Errorf("the browser keeps %d bytes", total)
			}
			b.refused(begun[0].answeredWith(begun[0].good(idp, idp.Person)), "pending")
			for i := range tt.kept {
				v, to := begun[len(begun)-1-i], tt.to(len(begun)-1-i)
				p := v.answeredWith(v.good(idp, idp.Person))
				b.signedIn(p, idp.Person)
				if p.at.RequestURI() != to {
					t.Errorf("landed at %s, want %s", p.at.RequestURI(), to)
				}
			}
		})
	}
}

// incompressible returns n characters in which nothing comes again.
func incompressible(seed, n int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	var out strings.Builder
	state := uint64(seed + 1)
	for range n {
		state = state*6364136223846793005 + 1442695040888963407
		out.WriteByte(letters[state>>58])
	}
	return out.String()
}
