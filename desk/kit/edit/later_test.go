package edit

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// TestLater: what a desk removes some time after it was asked to is waited for, and is gone, has
// failed or is not done yet.
func TestLater(t *testing.T) {
	broke, cannot := errors.New("broke off"), desk.Errorf(desk.Permanent, "cannot")
	for name, tt := range map[string]struct {
		after  int // looks it is gone
		there  bool
		asked  error
		tells  bool
		failed error
		is     error
		waits  bool
	}{
		"gone before":                      {},
		"gone after some looks":            {there: true, after: 2},
		"gone, as the desk says to asking": {there: true, after: 1, asked: desk.Errorf(desk.NotFound, "gone")},
		"there, whatever the desk says":    {there: true, after: 9, asked: desk.Errorf(desk.NotFound, "gone"), waits: true},
		"not asked":                        {there: true, asked: broke, is: broke},
		"not yet":                          {there: true, after: 9, tells: true, waits: true},
		"failed":                           {there: true, after: 9, tells: true, failed: cannot, is: cannot},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b, looks := &book{gone: !tt.there}, 0
				err := Later[string, *book]{
					Patience: kit.Patience{First: time.Second, Most: time.Second, Looks: 3},
					Read: func(ctx context.Context, id string) (*book, error) {
						b.gone = b.gone || tt.after > 0 && looks > tt.after
						looks++
						return b.read(ctx, id)
					},
					Ask: func(context.Context, *book) (func(context.Context) error, error) {
						if !tt.tells {
							return nil, tt.asked
						}
						return func(context.Context) error { return tt.failed }, tt.asked
					},
					Waits: func(id string) error { return desk.NotShownf("%s is there", id) },
				}.Remove(t.Context(), "7")
				if waits := desk.AcceptedOnly(err) != nil; waits != tt.waits || !waits && !errors.Is(err, tt.is) {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// TestInflow: it is stopped once, and goes on for whom it was stopped, and for nobody else.
func TestInflow(t *testing.T) {
	b := &book{name: "in"}
	w := Writer[string, *book]{Vendor: kit.Vendor{Name: "Desk"}, What: "user", Read: b.read, Write: func(_ context.Context, _ *book, what string, fields Values) error {
		b.written = append(b.written, what)
		if !b.deaf {
			b.name, _ = fields["name"].(string)
		}
		return nil
	}}
	i := Inflow[string, *book]{Users: &w, Stopping: "send away", Resuming: "call back",
		Stop: func(_ context.Context, r *book) (Values, error) {
			fields := Values{}
			fields.Want("name", r.name, "away")
			return fields, nil
		},
		Resume: func(r *book) Values {
			if r.name != "away" {
				return nil
			}
			return Values{"name": "in"}
		}}
	for _, step := range []struct {
		do   func() error
		want string
		n    int // writes by then
	}{
		{func() error { return i.SetAway(t.Context(), "7", false) }, "in", 0},
		{func() error { return i.StopInflow(t.Context(), "7") }, "away", 1},
		{func() error { return i.SetAway(t.Context(), "7", true) }, "away", 1},
		{func() error { return i.SetAway(t.Context(), "7", false) }, "in", 2},
	} {
		if err := step.do(); err != nil || b.name != step.want || len(b.written) != step.n {
			t.Errorf("%v, %s, %q", err, b.name, b.written)
		}
	}
	if b.written[0] != "send away user 7" || b.written[1] != "call back user 7" {
		t.Errorf("it is said as %q", b.written)
	}
	b.deaf = true
	if err := i.StopInflow(t.Context(), "7"); desk.AcceptedOnly(err) == nil {
		t.Errorf("of a desk that does nothing: %v", err)
	}
}
