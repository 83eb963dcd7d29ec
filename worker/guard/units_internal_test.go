package guard

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
)

func unit(id, name, shown string) deskhealth.KnownUnit {
	return deskhealth.KnownUnit{Kind: provision.UnitTeam, ID: id, Name: name, Shown: shown}
}

// TestNamesInRules: the id says which team it is, whatever others are called.
func TestNamesInRules(t *testing.T) {
	for _, tt := range []struct {
		name        string
		there       []string // ids and names, in turn
		known       []deskhealth.KnownUnit
		shown, want []string
		unknown     []string
	}{
		{"a chain", []string{"2", "Tier 3", "1", "Tier 2"}, []deskhealth.KnownUnit{unit("1", "Tier 1", "Tier 2"), unit("2", "Tier 2", "Tier 3")}, []string{"Tier 2", "Tier 3"}, []string{"Tier 1", "Tier 2"}, nil},
		{"a swap", []string{"1", "B", "2", "A"}, []deskhealth.KnownUnit{unit("1", "A", "B"), unit("2", "B", "A")}, []string{"B"}, []string{"A"}, nil},
		{"another one of the name", []string{"9", "A"}, []deskhealth.KnownUnit{unit("1", "A", "")}, []string{"A"}, []string{"A (9)"}, nil},
		{"two of the name", []string{"1", "A", "9", "A"}, []deskhealth.KnownUnit{unit("1", "A", "A")}, []string{"A"}, []string{"A"}, nil},
		{"two of a new name", []string{"1", "B", "9", "B"}, []deskhealth.KnownUnit{unit("1", "A", "B")}, []string{"B"}, []string{"B"}, nil},
		{"not in the list", []string{"1", "A"}, []deskhealth.KnownUnit{unit("1", "A", "A")}, []string{"A", "closed"}, []string{"A", "closed"}, []string{"closed"}},
		{"no rule names any", []string{"1", "A"}, nil, []string{"closed"}, []string{"closed"}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var there []deskhealth.Unit
			for pair := range slices.Chunk(tt.there, 2) {
				there = append(there, deskhealth.Unit{Kind: provision.UnitTeam, ID: pair[0], Name: pair[1]})
			}
			var u units
			u.fill(time.Now(), there, tt.known)
			got, unknown := u.inRules(provision.UnitTeam, tt.shown)
			if !slices.Equal(got, tt.want) || !slices.Equal(unknown, tt.unknown) {
				t.Errorf("%v are %v in rules, and %v are unknown", tt.shown, got, unknown)
			}
		})
	}
}

// TestLastSeen: when a desk does not say what it has, a team that took a name over
// is a stranger still.
func TestLastSeen(t *testing.T) {
	all := []deskhealth.KnownUnit{unit("1", "Sales", ""), unit("2", "Support", "Help")}
	all[0].Other = "9"
	var u units
	u.fill(time.Now(), lastSeen(all), all)
	if got, unknown := u.inRules(provision.UnitTeam, []string{"Sales", "Help"}); !slices.Equal(got, []string{"Sales (9)", "Support"}) || len(unknown) > 0 {
		t.Errorf("the rules call them %v, and %v are unknown", got, unknown)
	}
}

// listed is a desk with teams that it takes a second to tell.
type listed struct {
	desk.Desk
	reads atomic.Int32
	teams []desk.Unit
	made  error // what a call that names teams ends with
}

func (l *listed) Units(context.Context) (teams, _ []desk.Unit, _ error) {
	l.reads.Add(1)
	time.Sleep(time.Second)
	return l.teams, nil, nil
}

func (l *listed) Capabilities() desk.Capabilities { return desk.Capabilities{Rate: desk.NoRate} }

func (l *listed) Find(context.Context, desk.Key) (*provision.DeskUser, error) {
	return &provision.DeskUser{ID: "1", Teams: []string{"closed"}}, nil
}

func (l *listed) Create(_ context.Context, u provision.DeskUser) (*provision.DeskUser, error) {
	u.ID = "1"
	return &u, l.made
}

// recognizing is a core that knows these units.
type recognizing struct {
	unseen
	known []deskhealth.KnownUnit
	err   *error
}

func (r recognizing) RecognizeUnits(context.Context, provision.DeskID, []deskhealth.Unit, ...deskhealth.Unit) ([]deskhealth.KnownUnit, error) {
	if r.err != nil {
		return nil, *r.err
	}
	return r.known, nil
}

func session(t *testing.T, l *listed, health Health) *Session {
	t.Helper()
	d := newDesks()
	d.open, d.health = func(provision.Desk) (desk.Desk, error) { return l, nil }, health
	s, err := d.Session(provision.Desk{ID: "d", Name: "d"}, &Caller{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestUnitsAreReadOnce: of runs that want to know what a desk has, one asks it; and
// what is in no list does not have it asked for every user.
func TestUnitsAreReadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &listed{teams: []desk.Unit{{ID: "1", Name: "A"}}}
		s := session(t, l, recognizing{known: []deskhealth.KnownUnit{unit("1", "A", "A")}})
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				mine := *s
				mine.options = &Caller{}
				if err := mine.refresh(t.Context(), unitsAge); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := l.reads.Load(); n != 1 {
			t.Errorf("the desk was asked %d times by runs that began together", n)
		}
		for range 6 {
			time.Sleep(askEvery)
			if _, err := s.Find(t.Context(), desk.Key{}); err != nil {
				t.Fatal(err)
			}
		}
		if n := l.reads.Load(); n != 2 {
			t.Errorf("the desk was asked %d times in all, want 2", n)
		}
	})
}

// TestLackingPlaceIsNamedAsInRules: of "Tier 1", called "Tier 2" now, and a deleted
// "Tier 2" each error names the one that is meant.
func TestLackingPlaceIsNamedAsInRules(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := unit("2", "Tier 2", "")
		gone.Other = "1"
		l := &listed{teams: []desk.Unit{{ID: "1", Name: "Tier 2"}}, made: desk.NoPlace(desk.Permanent, "Tier 2", "no such team")}
		s := session(t, l, recognizing{known: []deskhealth.KnownUnit{unit("1", "Tier 1", "Tier 2"), gone}})
		for _, team := range []string{"Tier 1", "Tier 2"} {
			_, err := s.Create(t.Context(), provision.DeskUser{Teams: []string{team}})
			if e, ok := errors.AsType[*desk.Error](err); !ok || e.Place != team {
				t.Errorf("for %s: %v of %q", team, err, e.Place)
			}
		}
		if _, err := s.TeamMembers(t.Context(), "Tier 2"); err == nil || desk.KindOf(err) != desk.NotFound {
			t.Errorf("who is in a team that was replaced: %v", err)
		}
	})
}

// TestMadeUserIsToldOf: a user whom the desk has made is returned although what it
// has by now cannot be read.
func TestMadeUserIsToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var err error
		l := &listed{teams: []desk.Unit{{ID: "1", Name: "A"}}}
		s := session(t, l, recognizing{known: []deskhealth.KnownUnit{unit("1", "A", "A")}, err: &err})
		if err := s.refresh(t.Context(), unitsAge); err != nil {
			t.Fatal(err)
		}
		s.open.units.fill(time.Now(), nil, []deskhealth.KnownUnit{unit("1", "A", "A")})
		err = &PausedError{Reason: "paused"}
		if made, err := s.Create(t.Context(), provision.DeskUser{Teams: []string{"A"}}); err != nil || made == nil || made.ID != "1" {
			t.Errorf("made %+v, and said %v", made, err)
		}
	})
}
