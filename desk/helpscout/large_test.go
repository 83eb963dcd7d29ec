package helpscout

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit/roster"
	"github.com/deskbridge/deskbridge/provision"
)

// large returns an account with so many teams and so many inboxes, each with a
// member.
func large(t *testing.T, teams, mailboxes int) *fake {
	f := newFake(t)
	clear(f.teams)
	clear(f.mailboxes)
	for i := range teams {
		f.last++
		f.teams[f.last] = &fakeUnit{name: fmt.Sprint("Team ", i), members: map[int64]bool{f.me: true}}
	}
	for i := range mailboxes {
		f.last++
		f.mailboxes[f.last] = &fakeUnit{name: fmt.Sprint("Inbox ", i), members: map[int64]bool{f.me: true}}
	}
	return f
}

// self is whom the tests look up.
func (f *fake) self() desk.Key { return desk.Key{ID: provision.DeskUserID(formatID(f.me))} }

// wantEverywhere fails unless u is in all teams and inboxes.
func (f *fake) wantEverywhere(t *testing.T, u *provision.DeskUser, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if u == nil || len(u.Teams) != len(f.teams) || len(u.Mailboxes) != len(f.mailboxes) {
		t.Errorf("Find = %+v, want all of %d teams and %d inboxes", u, len(f.teams), len(f.mailboxes))
	}
}

// TestLargeAccount: 170 teams and inboxes at 200 units a minute take longer than
// a minute to read, and no more than that; who asks next need not begin anew;
// what we have written ourselves is read again all the same.
func TestLargeAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := large(t, 80, 90)
		f.limit = 200
		d := f.connect()
		began := time.Now()
		u, err := d.Find(t.Context(), f.self())
		f.wantEverywhere(t, u, err)
		if took := time.Since(began); took > 3*time.Minute {
			t.Errorf("it took %v", took)
		}

		before := f.total()
		u, err = d.Find(t.Context(), f.self())
		f.wantEverywhere(t, u, err)
		if n := f.total() - before; n > 60 {
			t.Errorf("the next one takes %d requests", n)
		}
		if err := d.ChangeTeams(t.Context(), u.ID, nil, []string{"Team 79"}); err != nil {
			t.Fatal(err)
		}
		if u, err = d.Find(t.Context(), f.self()); err != nil || slices.Contains(u.Teams, "Team 79") || len(u.Teams) != 79 {
			t.Errorf("after leaving a team: %d teams, %v", len(u.Teams), err)
		}
		if f.refused > 0 {
			t.Errorf("%d requests were too many", f.refused)
		}

		time.Sleep(roster.MaxAge)
		delete(f.teams[slices.Max(f.ids(f.teams))-1].members, f.me) // by hand
		if u, err = d.Find(t.Context(), f.self()); err != nil || len(u.Teams) != 78 {
			t.Errorf("after a change by hand: %d teams, %v", len(u.Teams), err)
		}
	})
}

// TestReadingGoesOn: a look-up that is cut short again and again comes to its
// end, because what was read is kept: at a limit that is too low for one try,
// and at a desk that takes eight seconds for each answer.
func TestReadingGoesOn(t *testing.T) {
	for _, tt := range []struct {
		name             string
		teams, mailboxes int
		each             time.Duration // how long an answer takes
		limit            int
	}{
		{"many units, few requests a minute", 80, 90, 0, 200},
		{"slow answers", 20, 20, 8 * time.Second, 800},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := large(t, tt.teams, tt.mailboxes)
				f.limit = tt.limit
				d := f.connect()
				d.client.HTTP.Transport = slowly{f, tt.each}
				for try := 0; ; try++ {
					ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
					u, err := d.Find(ctx, f.self())
					cancel()
					if err == nil {
						f.wantEverywhere(t, u, err)
						break
					}
					if try == 8 {
						t.Fatalf("after %d tries: %v", try, err)
					}
					time.Sleep(time.Second)
				}
			})
		})
	}
}

// slowly is a network on which each answer takes so long.
type slowly struct {
	http.Handler
	each time.Duration
}

func (s slowly) RoundTrip(r *http.Request) (*http.Response, error) {
	timer := time.NewTimer(s.each)
	defer timer.Stop()
	select {
	case <-timer.C:
		return transport{s.Handler}.RoundTrip(r)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

// TestWaitingForOthers: whoever waits long for what is read for another gives
// its place back, and says that the desk was not asked.
func TestWaitingForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := large(t, 80, 90)
		f.limit = 200
		d := f.connect()
		var all sync.WaitGroup
		all.Go(func() {
			u, err := d.Find(t.Context(), f.self())
			f.wantEverywhere(t, u, err)
		})
		time.Sleep(time.Second)
		began := time.Now()
		_, err := d.Find(t.Context(), f.self())
		e, ok := errors.AsType[*desk.Error](err)
		if !ok || !errors.Is(err, desk.ErrNotAsked) || e.RetryAfter <= 0 || time.Since(began) > longestWait+2*time.Second {
			t.Errorf("Find = %v after %v", err, time.Since(began))
		}
		all.Wait()
		u, err := d.Find(t.Context(), f.self())
		f.wantEverywhere(t, u, err)
	})
}
