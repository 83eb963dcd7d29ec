package handover

import (
	"context"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

const support, billing = 1, 2

// fake has tickets, and does what it is told unless it is deaf.
type fake struct {
	tickets map[string]Ticket
	writes  []string
	deaf    bool
	deals   int64 // whom it gives at once what is taken from somebody
}

func (f *fake) read(_ context.Context, number string) (Ticket, error) {
	t, ok := f.tickets[number]
	if !ok {
		return t, desk.Errorf(desk.NotFound, "no ticket %s", number)
	}
	return t, nil
}

func (f *fake) write(_ context.Context, number string, to kit.Target) error {
	f.writes = append(f.writes, number)
	t := f.tickets[number]
	if t.Assignee = to.User; to.User == 0 {
		t.Assignee = f.deals
	}
	if to.Group != 0 {
		t.Group = to.Group
	}
	if !f.deaf {
		f.tickets[number] = t
	}
	return nil
}

func (f *fake) readMany(ctx context.Context, numbers []string) (all []Ticket, _ error) {
	for _, n := range numbers {
		t, err := f.read(ctx, n)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

func (f *fake) bulk() *Bulk {
	groups := &kit.Groups{
		None: func(kind desk.Kind, name string) error { return desk.NoPlace(kind, name, "no group %q", name) },
		Catalogue: &kit.Catalogue[kit.Entry]{Name: func(e kit.Entry) string { return e.Name }, Fold: provision.Fold, Read: func(context.Context) ([]kit.Entry, error) {
			return []kit.Entry{{ID: support, Name: "Support"}, {ID: billing, Name: "Billing"}}, nil
		}},
	}
	return &Bulk{
		Tickets: Tickets{Vendor: kit.Vendor{Name: "Desk"}, What: "user", Join: "put them into it", Groups: groups, Read: f.read, Write: f.write, Deals: f.deals != 0,
			Owner: func(_ context.Context, id provision.DeskUserID) (kit.Target, error) {
				n, _ := strconv.ParseInt(string(id), 10, 64)
				return kit.Target{User: n, In: []int64{support}}, nil
			}},
		Size: 2, Before: f.readMany,
		WriteMany: func(ctx context.Context, numbers []string, to kit.Target) error {
			for _, n := range numbers {
				_ = f.write(ctx, n, to)
			}
			return nil
		},
		After: func(ctx context.Context, numbers []string, _ kit.Target) ([]Ticket, error) {
			return f.readMany(ctx, numbers)
		},
	}
}

func tickets() map[string]Ticket {
	return map[string]Ticket{
		"11": {ID: 11, Assignee: 7, Group: support}, "12": {ID: 12, Assignee: 7, Group: support}, "13": {ID: 13, Assignee: 8, Group: support},
		"14": {ID: 14, Assignee: 7, Group: billing}, "15": {ID: 15, Assignee: 7, Group: support, Done: "closed"},
	}
}

func TestAssign(t *testing.T) {
	for _, tt := range []struct {
		name, ticket string
		to           desk.Assignee
		fake         fake
		want         Ticket
		kind         desk.Kind // "": it is done
		writes       int
	}{
		{"to a user", "11", desk.Assignee{User: "8"}, fake{}, Ticket{ID: 11, Assignee: 8, Group: support}, "", 1},
		{"to whom it is already", "13", desk.Assignee{User: "8"}, fake{}, Ticket{ID: 13, Assignee: 8, Group: support}, "", 0},
		{"to a team", "11", desk.Assignee{Team: "billing"}, fake{}, Ticket{ID: 11, Group: billing}, "", 1},
		{"to nobody", "11", desk.Assignee{}, fake{}, Ticket{ID: 11, Group: support}, "", 1},
		{"to nobody, on a desk that deals out", "11", desk.Assignee{}, fake{deals: 9}, Ticket{ID: 11, Assignee: 9, Group: support}, "", 1},
		{"to a team that there is not", "11", desk.Assignee{Team: "Sales"}, fake{}, Ticket{ID: 11, Assignee: 7, Group: support}, desk.Permanent, 0},
		{"to somebody who is not in its group", "14", desk.Assignee{User: "8"}, fake{}, Ticket{ID: 14, Assignee: 7, Group: billing}, desk.Permanent, 0},
		{"that is closed", "15", desk.Assignee{User: "8"}, fake{}, Ticket{ID: 15, Assignee: 7, Group: support, Done: "closed"}, desk.NotFound, 0},
		{"on a desk that does not do it", "11", desk.Assignee{User: "8"}, fake{deaf: true}, Ticket{ID: 11, Assignee: 7, Group: support}, desk.Permanent, 1},
		{"from nobody, on a desk that does not do it", "11", desk.Assignee{}, fake{deaf: true, deals: 9}, Ticket{ID: 11, Assignee: 7, Group: support}, desk.Permanent, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &tt.fake
			f.tickets = tickets()
			err := f.bulk().Assign(t.Context(), tt.ticket, tt.to)
			if tt.kind == "" && err != nil || tt.kind != "" && (err == nil || desk.KindOf(err) != tt.kind) {
				t.Errorf("%v, want %q", err, tt.kind)
			}
			if diff := cmp.Diff(tt.want, f.tickets[tt.ticket]); diff != "" || len(f.writes) != tt.writes {
				t.Errorf("%d writes; (-want +got):\n%s", len(f.writes), diff)
			}
		})
	}
}

func TestAssignMany(t *testing.T) {
	f := &fake{tickets: tickets()}
	b := f.bulk()
	if err := b.AssignMany(t.Context(), []string{"11", "12", "13"}, desk.Assignee{User: "8"}); err != nil || !slices.Equal(f.writes, []string{"11", "12"}) {
		t.Errorf("%v were written, %v", f.writes, err)
	}
	b.Stale, b.After = true, nil
	if err := b.AssignMany(t.Context(), []string{"13"}, desk.Assignee{User: "8"}); err != nil || !slices.Equal(f.writes, []string{"11", "12", "13"}) {
		t.Errorf("what may be old was believed: %v were written, %v", f.writes, err)
	}
	f.deaf = true
	if err := b.AssignMany(t.Context(), []string{"11"}, desk.Assignee{}); desk.AcceptedOnly(err) == nil {
		t.Errorf("a desk that does not do it: %v", err)
	}
	if err := b.AssignMany(t.Context(), []string{"11", "99"}, desk.Assignee{}); err == nil || desk.KindOf(err) != desk.NotFound {
		t.Errorf("one that is not there: %v", err)
	}
	if err := b.AssignMany(t.Context(), []string{"11", "../9"}, desk.Assignee{}); err == nil || desk.KindOf(err) != desk.NotFound {
		t.Errorf("one that is no number: %v", err)
	}
	b.Before = func(context.Context, []string) ([]Ticket, error) { return []Ticket{{ID: 12, Group: support}}, nil }
	if err := b.AssignMany(t.Context(), []string{"11"}, desk.Assignee{}); err == nil || desk.KindOf(err) != desk.Retryable {
		t.Errorf("another is shown: %v", err)
	}
	b.Before = func(context.Context, []string) ([]Ticket, error) { return nil, nil }
	if err := b.AssignMany(t.Context(), []string{"11"}, desk.Assignee{}); err == nil || desk.KindOf(err) != desk.NotFound {
		t.Errorf("one that is not shown: %v", err)
	}
	if err := b.AssignMany(t.Context(), nil, desk.Assignee{Team: "Sales"}); err != nil {
		t.Errorf("none: %v", err)
	}
}

func TestOpen(t *testing.T) {
	b := (&fake{}).bulk()
	if _, err := b.OpenOf(t.Context(), "x7", 9); err == nil || desk.KindOf(err) != desk.NotFound {
		t.Errorf("an id that is none: %v", err)
	}
	open, err := b.OpenOf(t.Context(), "7", 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, tt := range []struct {
		ticket Ticket
		more   bool
	}{
		{Ticket{ID: 11, Assignee: 7, Group: support}, true},
		{Ticket{ID: 11, Assignee: 7, Group: support}, true},
		{Ticket{ID: 12, Assignee: 8, Group: support}, true},
		{Ticket{ID: 13, Assignee: 7, Done: "closed"}, true},
		{Ticket{ID: 14, Assignee: 7, Group: 99}, false},
		{Ticket{ID: 15, Assignee: 7, Group: support}, false},
	} {
		if more := open.Add(tt.ticket); more != tt.more {
			t.Errorf("%d: %t", i, more)
		}
	}
	if diff := cmp.Diff([]desk.Conversation{{ID: "11", Assignee: "7", Mailbox: "Support"}, {ID: "14", Assignee: "7"}}, open.Found); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
