package people

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/listing"
	"github.com/deskbridge/deskbridge/provision"
)

// marked is a user with our external id.
type marked struct {
	ID   int64  `json:"id"`
	Mark string `json:"mark"`
}

// crowd is a desk with users of two states, of whom it shows ten on a page, the newest first.
type crowd struct {
	of    map[string][]marked
	pages int                 // that were read
	fails func(read int) bool // whether a page is not shown
	list  func(state string) listing.Chain[marked]
	now   map[provision.DeskUserID]string // marks that were changed by hand since
}

func newCrowd(t *testing.T, active, locked int) *crowd {
	t.Helper()
	c := &crowd{of: map[string][]marked{}, now: map[provision.DeskUserID]string{}}
	for n := range active {
		c.join("active", int64(n+1))
	}
	for n := range locked {
		c.join("locked", int64(active+n+1))
	}
	server := httptest.NewServer(http.HandlerFunc(c.answer))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	client := kit.New(kit.Config{Base: base, Parallel: 1, Timeout: time.Minute, Vendor: kit.Vendor{Name: "Desk"}})
	c.list = func(state string) listing.Chain[marked] {
		return listing.Chain[marked]{{Client: client, Vendor: kit.Vendor{Name: "Desk"}, Path: "/users", Key: "users", Query: url.Values{"state": {state}}, Size: 10, Most: 99}}
	}
	return c
}

func (c *crowd) join(state string, id int64) {
	c.of[state] = slices.Insert(c.of[state], 0, marked{id, "m" + strconv.FormatInt(id, 10)})
}

func (c *crowd) answer(w http.ResponseWriter, r *http.Request) {
	of := c.of[r.URL.Query().Get("state")]
	offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
	if c.pages++; c.fails != nil && c.fails(c.pages) {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	page := append([]marked{}, of[min(offset, len(of)):min(offset+10, len(of))]...)
	_ = json.NewEncoder(w).Encode(map[string]any{"users": page, "total_count": len(of)}) // to a client that waits
}

func (c *crowd) marks(age time.Duration) *Marks[marked] {
	book := &Book[marked]{Vendor: kit.Vendor{Name: "Desk"}, What: "user", At: "Users",
		ID: func(u *marked) provision.DeskUserID { return provision.DeskUserID(strconv.FormatInt(u.ID, 10)) },
		Read: func(_ context.Context, id provision.DeskUserID) (*marked, error) {
			for _, u := range slices.Concat(c.of["active"], c.of["locked"]) {
				if strconv.FormatInt(u.ID, 10) == string(id) {
					return &marked{u.ID, cmp.Or(c.now[id], u.Mark)}, nil
				}
			}
			return nil, desk.Errorf(desk.NotFound, "no user %s", id)
		}}
	return &Marks[marked]{Book: book, Users: slices.Concat(c.list("active"), c.list("locked")), Of: func(u *marked) string { return u.Mark }, Both: "have the same mark", Age: age}
}

func wantMarked(t *testing.T, m *Marks[marked], mark string, id int64) {
	t.Helper()
	got, err := m.Find(t.Context(), mark)
	if err != nil || (got == nil) != (id == 0) || got != nil && got.ID != id {
		t.Errorf("%s is on %+v, %v; want %d", mark, got, err, id)
	}
}

// TestMarks: all users are read once, then those who came since; what the index says is read again.
func TestMarks(t *testing.T) {
	c := newCrowd(t, 25, 5)
	m := c.marks(time.Hour)
	read := func(pages int) {
		t.Helper()
		if c.pages != pages {
			t.Errorf("%d pages were read, want %d", c.pages, pages)
		}
		c.pages = 0
	}
	wantMarked(t, m, "m1", 1)
	read(3 + 1 + 2) // all, and the newest of each state
	wantMarked(t, m, "m28", 28)
	read(0)
	wantMarked(t, m, "nobody's", 0)
	read(2)
	for id := range int64(12) {
		c.join("active", 31+id)
	}
	wantMarked(t, m, "m31", 31)
	read(3 + 1) // two pages of new ones, one with nobody new
	c.now["7"] = "other"
	wantMarked(t, m, "m7", 0) // whoever has it no more is not who is meant
	read(0)
	c.of["locked"] = c.of["locked"][:4]
	wantMarked(t, m, "m26", 0)
	c.pages = 0
	c.of["active"][len(c.of["active"])-3].Mark = "by hand" // on an older one
	wantMarked(t, m, "by hand", 0)
	read(2)
	m.Age = 0
	wantMarked(t, m, "by hand", 3)
	c.of["active"][0].Mark = "by hand"
	if _, err := c.marks(time.Hour).Find(t.Context(), "by hand"); err == nil || desk.DetailOf(err) != "the users 3, 42 of Desk have the same mark; change all but one at Users" {
		t.Errorf("two with one mark: %v", err)
	}
}

// TestMarksGoOn: a reading that was cut short goes on where it stopped, and nobody slips by who
// moves to a page that was read because others left.
func TestMarksGoOn(t *testing.T) {
	c := newCrowd(t, 35, 0)
	m := c.marks(time.Hour)
	c.fails = func(read int) bool { return read == 3 }
	if _, err := m.Find(t.Context(), "m1"); err == nil {
		t.Error("a page that is not shown is taken for an empty one")
	}
	c.of["active"] = c.of["active"][5:] // while nobody reads
	for _, id := range []int64{1, 5, 10, 11, 15, 16, 20, 30} {
		wantMarked(t, m, fmt.Sprintf("m%d", id), id)
	}
	if c.pages != 3+3+1+2 { // two and one that failed; one again, since others had moved up, the rest, the empty list, the newest of both
		t.Errorf("%d pages were read", c.pages)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.marks(time.Hour).Find(ctx, "m1"); err == nil {
		t.Error("whoever waits no more is answered")
	}
}
