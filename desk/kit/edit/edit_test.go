package edit

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
)

// book is a desk with one user, who has a name and is in teams. It obeys, or does not.
type book struct {
	name    string
	teams   []string
	deaf    bool // it accepts what it does not do
	gone    bool
	written []string
}

func (b *book) read(_ context.Context, id string) (*book, error) {
	if b.gone || id != "7" {
		return nil, desk.Errorf(desk.NotFound, "no user %s", id)
	}
	return &book{name: b.name, teams: slices.Clone(b.teams)}, nil
}

func (b *book) bring(t *testing.T, name string) error {
	return Bring(t.Context(), "7", b.read, func(r *book) kit.Fields {
		fields := kit.Fields{}
		fields.Want("name", r.name, name)
		return fields
	}, func(_ context.Context, _ *book, fields kit.Fields) error {
		b.written = append(b.written, fields.String())
		if !b.deaf {
			b.name = fields["name"]
		}
		return nil
	}, func(*book, kit.Fields) error { return kit.Vendor{Name: "Desk"}.Disobeyed("rename") })
}

func TestBring(t *testing.T) {
	b := &book{name: "Ada"}
	if err := b.bring(t, "Ada"); err != nil || len(b.written) > 0 {
		t.Errorf("what is as desired is written: %v, %v", b.written, err)
	}
	if err := b.bring(t, "Grace"); err != nil || b.name != "Grace" {
		t.Errorf("name %s, %v", b.name, err)
	}
	b.deaf = true
	if e := desk.AcceptedOnly(b.bring(t, "Joan")); e == nil || e.Field != "name" {
		t.Errorf("of a desk that does nothing: %v", e)
	}
	b.gone = true
	if err := b.bring(t, "Joan"); desk.KindOf(err) != desk.NotFound {
		t.Errorf("of nobody: %v", err)
	}
}

// TestWriter: it writes what differs and nothing else, in words, and returns the record as it is
// shown; what cannot be compared is not written.
func TestWriter(t *testing.T) {
	b := &book{name: "Ada"}
	w := Writer[string, *book]{Vendor: kit.Vendor{Name: "Desk"}, What: "user", Read: b.read, Write: func(_ context.Context, _ *book, what string, fields Values) error {
		b.written = append(b.written, what+": "+fields.String())
		if !b.deaf {
			b.name, _ = fields["name"].(string)
		}
		return nil
	}}
	name := func(want string) func(*book) (Values, error) {
		return func(r *book) (Values, error) {
			fields := Values{}
			fields.Want("name", r.name, want)
			return fields, nil
		}
	}
	for _, same := range []string{"Ada", ""} {
		if got, err := w.Change(t.Context(), "7", "rename", name(same)); err != nil || got.name != "Ada" || len(b.written) > 0 {
			t.Errorf("as desired: %v were written, %v", b.written, err)
		}
	}
	if got, err := w.Change(t.Context(), "7", "rename", name("Grace")); err != nil || got.name != "Grace" || !slices.Equal(b.written, []string{"rename user 7: name"}) {
		t.Errorf("%v, %v were written, %v", got, b.written, err)
	}
	b.deaf = true
	_, err := w.Change(t.Context(), "7", "rename", name("Joan"))
	if e := desk.AcceptedOnly(err); e == nil || e.Field != "name" || e.Detail != "Desk accepted to rename user 7 and did not do it" {
		t.Errorf("of a desk that does nothing: %v", err)
	}
	unknown := desk.Errorf(desk.Permanent, "no such role")
	if _, err := w.Change(t.Context(), "7", "rename", func(*book) (Values, error) { return Values{"name": "Joan"}, unknown }); !errors.Is(err, unknown) || len(b.written) != 2 {
		t.Errorf("%v were written, %v", b.written, err)
	}
}

func TestRemove(t *testing.T) {
	stays := errors.New("still there")
	for name, tt := range map[string]struct {
		does func(*book) error
		want error
	}{
		"the desk obeys":           {func(b *book) error { b.gone = true; return nil }, nil},
		"the desk does nothing":    {func(*book) error { return nil }, stays},
		"the user is gone already": {func(b *book) error { b.gone = true; return desk.Errorf(desk.NotFound, "gone") }, nil},
		"the desk says so only":    {func(*book) error { return desk.Errorf(desk.NotFound, "gone") }, stays},
	} {
		b := &book{}
		if err := Remove(t.Context(), "7", b.read, func() error { return tt.does(b) }, func() error { return stays }); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	refused := desk.Errorf(desk.Permanent, "refused")
	if err := Remove(t.Context(), "7", (&book{}).read, func() error { return refused }, nil); !errors.Is(err, refused) {
		t.Errorf("a refusal is %v", err)
	}
}

func TestPlaces(t *testing.T) {
	b := &book{teams: []string{"Sales"}}
	places := Places[string, *book, string]{
		Read: b.read,
		Find: func(_ context.Context, name string) (*string, error) {
			if name == "Nowhere" {
				return nil, nil
			}
			return &name, nil
		},
		Missing: func(name string) error { return desk.NoPlace(desk.Permanent, name, "none") },
		In:      func(r *book, team string) bool { return slices.Contains(r.teams, team) },
		Join: func(_ context.Context, _ *book, team string) error {
			b.written = append(b.written, "+"+team)
			if !b.deaf {
				b.teams = append(b.teams, team)
			}
			return nil
		},
		Leave: func(_ context.Context, _ *book, team string) error {
			b.written = append(b.written, "-"+team)
			if !b.deaf {
				b.teams = slices.DeleteFunc(b.teams, func(other string) bool { return other == team })
			}
			return nil
		},
		NotJoined: func(id, team string) error { return errors.New(id + " is not in " + team) },
		NotLeft:   func(id, team string) error { return errors.New(id + " is in " + team) },
	}
	if err := places.Change(t.Context(), "7", []string{"Sales", "Support"}, []string{"Returns", "Nowhere"}); err != nil || !slices.Equal(b.written, []string{"+Support"}) {
		t.Errorf("written %v, %v", b.written, err)
	}
	if err := places.Change(t.Context(), "7", []string{"Returns", "Nowhere"}, nil); desk.KindOf(err) != desk.Permanent || len(b.written) != 1 {
		t.Errorf("an unknown team: %v, written %v", err, b.written)
	}
	if err := places.Change(t.Context(), "7", nil, []string{"Sales"}); err != nil || slices.Contains(b.teams, "Sales") {
		t.Errorf("teams %v, %v", b.teams, err)
	}
	together := places
	together.LeaveAll = func(_ context.Context, r *book, teams []string) error {
		b.written = append(b.written, "-"+strings.Join(teams, "-")+" of "+strings.Join(r.teams, ","))
		b.teams = slices.DeleteFunc(b.teams, func(team string) bool { return slices.Contains(teams, team) })
		return nil
	}
	b.written = nil
	if err := together.Change(t.Context(), "7", []string{"Billing"}, []string{"Support", "Returns", "Nowhere"}); err != nil || !slices.Equal(b.written, []string{"+Billing", "-Support of Support,Billing"}) {
		t.Errorf("several at once: %v, %v", b.written, err)
	}
	if err := together.Change(t.Context(), "7", []string{"Billing"}, []string{"Returns"}); err != nil || len(b.written) != 2 {
		t.Errorf("what is so already: %v, %v", b.written, err)
	}
	b.deaf, b.teams = true, []string{"Support"}
	for _, tt := range []struct {
		add, remove []string
		want        string
	}{{[]string{"Sales"}, nil, "7 is not in Sales"}, {nil, []string{"Support"}, "7 is in Support"}} {
		if err := places.Change(t.Context(), "7", tt.add, tt.remove); err == nil || err.Error() != tt.want {
			t.Errorf("of a desk that does nothing: %v, want %s", err, tt.want)
		}
	}
}

// TestPlaceIsGone: a team that is removed while somebody is to join or leave it does not make
// them a user who is gone.
func TestPlaceIsGone(t *testing.T) {
	b := &book{teams: []string{"Sales"}}
	gone := func(context.Context, *book, string) error { return desk.Errorf(desk.NotFound, "no such team") }
	places := Places[string, *book, string]{
		Read: b.read, Find: func(_ context.Context, name string) (*string, error) { return &name, nil },
		In: func(r *book, team string) bool { return slices.Contains(r.teams, team) }, Join: gone, Leave: gone,
	}
	for _, change := range [][2][]string{{{"Support"}, nil}, {nil, {"Sales"}}} {
		if err := places.Change(t.Context(), "7", change[0], change[1]); desk.KindOf(err) != desk.Retryable || !strings.Contains(err.Error(), "no such team") {
			t.Errorf("joining %v, leaving %v: %v", change[0], change[1], err)
		}
	}
	if err := places.Change(t.Context(), "8", []string{"Support"}, nil); desk.KindOf(err) != desk.NotFound {
		t.Errorf("of nobody: %v", err)
	}
	refused := desk.Errorf(desk.Permanent, "refused")
	if err := PlaceGone(refused); !errors.Is(err, refused) || PlaceGone(nil) != nil {
		t.Errorf("a refusal is %v", err)
	}
}

func TestUnless(t *testing.T) {
	refused, broken := errors.New("HTTP 422"), errors.New("broken")
	if err := Unless(&desk.Error{Kind: desk.Permanent, Err: refused}, refused); err != nil {
		t.Errorf("what says nothing is %v", err)
	}
	if err := Unless(broken, refused); !errors.Is(err, broken) || Unless(nil, refused) != nil {
		t.Errorf("another error is %v", err)
	}
}
