package roster_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
)

// account is a desk with teams and mailboxes, of which each list of members takes its time.
type account struct {
	mu      sync.Mutex
	places  [2]map[int64]kit.Entry
	members map[int64][]int64
	takes   time.Duration
	reads   int
	fails   error // of the next list of members
}

func newAccount(n int, takes time.Duration) *account {
	a := &account{takes: takes, members: map[int64][]int64{}, places: [2]map[int64]kit.Entry{{}, {}}}
	for i := range n {
		id := int64(i + 1)
		a.places[i%2][id] = kit.Entry{ID: id, Name: "Place " + string(rune('A'+i))}
		a.members[id] = []int64{7}
	}
	return a
}

func (a *account) source(k int, word string) roster.Source {
	return roster.Source{
		Word: word,
		List: func(context.Context) ([]kit.Entry, error) {
			a.mu.Lock()
			defer a.mu.Unlock()
			return slices.Collect(maps.Values(a.places[k])), nil
		},
		Members: func(ctx context.Context, id int64) ([]int64, error) {
			if err := kit.Wait(ctx, a.takes); err != nil {
				return nil, err
			}
			a.mu.Lock()
			defer a.mu.Unlock()
			a.reads++
			if err := a.fails; err != nil {
				a.fails = nil
				return nil, err
			}
			if _, there := a.members[id]; !there {
				return nil, desk.Errorf(desk.NotFound, "gone")
			}
			return slices.Clone(a.members[id]), nil
		},
	}
}

func (a *account) directory() *roster.Directory {
	return roster.New(roster.Config{Vendor: kit.Vendor{Name: "Desk"}, Fold: strings.ToLower, Age: time.Second, Parallel: 1, Longest: 20 * time.Second,
		Teams: a.source(0, "teams"), Mailboxes: a.source(1, "inboxes")})
}

func wantNames(t *testing.T, d *roster.Directory, teams, mailboxes []string) {
	t.Helper()
	m, err := d.Membership(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([2][]string{teams, mailboxes}, [2][]string{m.Names(roster.Teams, 7), m.Names(roster.Mailboxes, 7)}); diff != "" {
		t.Errorf("places of 7 (-want +got):\n%s", diff)
	}
}

// TestMembership: where reading is quick, whoever asks gets what is there now; a place that was
// removed is nobody's.
func TestMembership(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(4, time.Millisecond)
		d := a.directory()
		wantNames(t, d, []string{"Place A", "Place C"}, []string{"Place B", "Place D"})
		a.members[1] = []int64{8}
		delete(a.members, 4)
		wantNames(t, d, []string{"Place C"}, []string{"Place B"})
		if a.reads != 8 {
			t.Errorf("%d lists of members", a.reads)
		}
		if !d.Excludes(roster.Teams, 1, 7) || d.Excludes(roster.Teams, 3, 7) || d.Excludes(roster.Teams, 9, 7) {
			t.Error("Excludes says something else than was read")
		}
		if d.Changed(roster.Teams, 1); d.Excludes(roster.Teams, 1, 7) {
			t.Error("Excludes relies on what was read before a change")
		}
		var nobody *roster.Membership
		if names := nobody.Names(roster.Teams, 7); names != nil {
			t.Errorf("of no membership: %v", names)
		}
	})
}

// TestSlowDesk: where reading takes long, what was read serves for as long as it takes, but not
// over a change of ours; and a reading that failed goes on where it stopped.
func TestSlowDesk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(6, 5*time.Second)
		d := a.directory()
		a.fails = errors.New("broke off")
		if _, err := d.Membership(t.Context()); err == nil || err.Error() != "broke off" {
			t.Errorf("Membership = %v", err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 12*time.Second)
		if _, err := d.Membership(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Membership = %v", err)
		}
		cancel()
		all := [2][]string{{"Place A", "Place C", "Place E"}, {"Place B", "Place D", "Place F"}}
		wantNames(t, d, all[0], all[1])
		if a.reads != 7 { // one failed
			t.Errorf("%d lists of members for the first time", a.reads)
		}
		a.members[1], a.members[2] = nil, nil
		d.Changed(roster.Teams, 1)
		wantNames(t, d, []string{"Place C", "Place E"}, all[1])
		time.Sleep(roster.MaxAge)
		wantNames(t, d, []string{"Place C", "Place E"}, []string{"Place D", "Place F"})
	})
}

// TestWhoeverAsksAtOnceShares: one reads for the others, who wait so long and no longer.
func TestWhoeverAsksAtOnceShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(4, 2*time.Second)
		d := a.directory()
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := d.Membership(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if a.reads != 8 { // one reading for the first, and one for all others
			t.Errorf("%d lists of members", a.reads)
		}
		a.takes = time.Minute
		wg.Go(func() { _, _ = d.Membership(t.Context()) })
		time.Sleep(time.Second)
		began := time.Now()
		_, err := d.Membership(t.Context())
		e, ok := errors.AsType[*desk.Error](err)
		if !ok || !errors.Is(err, desk.ErrNotAsked) || e.RetryAfter != 20*time.Second || time.Since(began) != 20*time.Second {
			t.Errorf("Membership = %v after %v", err, time.Since(began))
		}
		wg.Wait()
	})
}

// TestAnew: what is read anew is no older than the call, however slow the desk, and whatever
// others have read meanwhile.
func TestAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(6, 5*time.Second)
		d := a.directory()
		wantNames(t, d, []string{"Place A", "Place C", "Place E"}, []string{"Place B", "Place D", "Place F"})
		a.places[0][9], a.members[9], a.members[1] = kit.Entry{ID: 9, Name: "New"}, []int64{7}, nil
		m, err := d.Anew(t.Context())
		if err != nil || !slices.Equal(m.Names(roster.Teams, 7), []string{"New", "Place C", "Place E"}) {
			t.Errorf("Anew = %v, %v", m.Names(roster.Teams, 7), err)
		}
		a.reads, a.takes = 0, time.Second
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := d.Anew(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if a.reads != 2*7 { // one reading for the first, and one for both others
			t.Errorf("%d lists of members", a.reads)
		}
	})
}

// TestWithoutMailboxes: a desk may have one kind of places alone, and says nothing of the other.
func TestWithoutMailboxes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAccount(3, time.Minute)
		d := roster.New(roster.Config{Vendor: kit.Vendor{Name: "Desk"}, Fold: strings.ToLower, Age: time.Second, Parallel: 1, Longest: time.Second, Teams: a.source(0, "groups")})
		var wg sync.WaitGroup
		wg.Go(func() { wantNames(t, d, []string{"Place A", "Place C"}, nil) })
		time.Sleep(time.Millisecond)
		if _, err := d.Membership(t.Context()); err == nil || !strings.HasPrefix(desk.DetailOf(err), "who is in which of the groups is being read") {
			t.Errorf("while another reads: %v", err)
		}
		wg.Wait()
		if _, mailboxes, err := d.Units(t.Context()); err != nil || mailboxes != nil {
			t.Errorf("Units = %v, %v", mailboxes, err)
		}
	})
}

// TestNames: by name in any letter case, of a name that is new, and of two that share one.
func TestNames(t *testing.T) {
	a := newAccount(2, 0)
	a.places[0][0], a.places[0][5] = kit.Entry{ID: 0, Name: "none"}, kit.Entry{ID: 5, Name: " "}
	d := a.directory()
	if name := d.Name(roster.Mailboxes, 2); name != "" {
		t.Errorf("Name = %q before anything was read", name)
	}
	var p desk.Profile
	if err := d.Check(t.Context(), &p); err != nil || cmp.Diff(desk.Profile{Teams: []string{"Place A"}, Mailboxes: []string{"Place B"}}, p) != "" {
		t.Errorf("Check = %+v, %v", p, err)
	}
	if e, err := d.Catalogue(roster.Mailboxes).Find(t.Context(), "place b"); err != nil || e == nil || e.ID != 2 {
		t.Errorf("Catalogue: %+v, %v", e, err)
	}
	teams, mailboxes, err := d.Units(t.Context())
	if err != nil || cmp.Diff([]desk.Unit{{ID: "1", Name: "Place A"}}, teams) != "" || cmp.Diff([]desk.Unit{{ID: "2", Name: "Place B"}}, mailboxes) != "" {
		t.Errorf("Units = %v, %v, %v", teams, mailboxes, err)
	}
	if name := d.Name(roster.Mailboxes, 2); name != "Place B" {
		t.Errorf("Name = %q", name)
	}
	a.places[0][3] = kit.Entry{ID: 3, Name: "New"}
	if e, err := d.Find(t.Context(), roster.Teams, " NEW "); err != nil || e == nil || e.ID != 3 {
		t.Errorf("Find = %+v, %v", e, err)
	}
	a.places[0][4] = kit.Entry{ID: 4, Name: "place a"}
	d = a.directory()
	if _, err := d.Find(t.Context(), roster.Teams, "Place A"); err == nil || desk.DetailOf(err) != `Desk has 2 teams named "Place A"; rename all but one` {
		t.Errorf("Find = %v", err)
	}
}
