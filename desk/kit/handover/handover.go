package handover

import (
	"context"
	"slices"
	"strconv"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Ticket is a conversation on a desk, by its number.
type Ticket struct {
	ID       int64
	Assignee int64  // 0: nobody
	Group    int64  // 0: none
	Done     string // why nobody has anything to do with it, such as "closed"; "": it is open
}

// Number returns the id of a ticket as text.
func (t Ticket) Number() string { return strconv.FormatInt(t.ID, 10) }

// One returns how a ticket is read that the desk shows as a record T, as q says; shown
// translates it. q.Is need not look at the number, and may be nil.
func One[T any](q kit.One[T], shown func(*T) Ticket) func(context.Context, string) (Ticket, error) {
	whole := q.Is
	q.Is = func(t *T, number string) bool {
		return shown(t).Number() == number && (whole == nil || whole(t, number))
	}
	return func(ctx context.Context, number string) (Ticket, error) {
		t, err := q.Read(ctx, number)
		if err != nil {
			return Ticket{}, err
		}
		return shown(t), nil
	}
}

// Tickets gives tickets to others. A connector embeds it for its Assign.
type Tickets struct {
	Vendor kit.Vendor
	What   string // the desk's word for a user, such as "agent"
	Join   string // where an administrator gives a user what it takes to have a ticket of a group
	Groups *kit.Groups
	Read   func(ctx context.Context, number string) (Ticket, error)

	// Owner returns who is to have tickets. One who may have none is a Permanent error.
	Owner func(ctx context.Context, id provision.DeskUserID) (kit.Target, error)
	// Write has a ticket be as the target says. What it returns is not believed.
	Write func(ctx context.Context, number string, t kit.Target) error

	// Deals says that the desk, or a rule on it, may give at once to somebody else what is
	// taken from one: that is as good as nobody.
	Deals bool
}

// Assign implements that of [desk.Desk]: it gives a ticket to a user, to a group without a
// user, or to nobody. What is taken from a user stays in its group.
func (h *Tickets) Assign(ctx context.Context, number string, to desk.Assignee) error {
	before, err := h.Read(ctx, number)
	if err != nil {
		return err
	}
	t, err := h.target(ctx, to)
	if err == nil {
		err = h.refuses(t, before)
	}
	if err != nil || t.Has(before.Assignee, before.Group) {
		return err
	}
	if err := h.Write(ctx, number, t); err != nil {
		return err
	}
	return kit.ReadBack(ctx, number, h.Read, func(now Ticket) error {
		dealt := h.Deals && t.User == 0 && (t.Group == 0 || t.Group == now.Group) && now.Assignee != before.Assignee
		if !dealt && !t.Has(now.Assignee, now.Group) {
			return h.Vendor.Disobeyed("assign ticket %s", number)
		}
		return nil
	})
}

// target looks an assignee up. One that may own nothing is a Permanent error.
func (h *Tickets) target(ctx context.Context, to desk.Assignee) (kit.Target, error) {
	return h.Groups.Target(ctx, to, func(ctx context.Context) (kit.Target, error) { return h.Owner(ctx, to.User) })
}

// refuses says why a ticket cannot be given so; nil: it can. A desk would move it to another
// group for somebody who is not in its own, or take it from everybody.
func (h *Tickets) refuses(t kit.Target, now Ticket) error {
	switch {
	case now.Done != "":
		return desk.Errorf(desk.NotFound, "ticket %d of %s is %s by now", now.ID, h.Vendor.Name, now.Done)
	case t.Outside(now.Group):
		return desk.Errorf(desk.Permanent, "%s %d of %s is not in the group of ticket %d, or may not own what is in it: %s, or hand over to somebody who may", h.What, t.User, h.Vendor.Name, now.ID, h.Join)
	}
	return nil
}

// Bulk gives many tickets to others at a time. A connector embeds it in place of [Tickets].
type Bulk struct {
	Tickets
	Size int // tickets at a time

	// Before reads tickets that are to be given away. That it shows all of them, and no others,
	// is looked at.
	Before func(ctx context.Context, numbers []string) ([]Ticket, error)
	// Stale says that Before may be behind: what seems to be done is written all the same.
	Stale bool
	// WriteMany has tickets be as the target says, once it returns.
	WriteMany func(ctx context.Context, numbers []string, t kit.Target) error
	// After reads tickets as they are by now; nil: as Before does.
	After func(ctx context.Context, numbers []string, t kit.Target) ([]Ticket, error)
}

var _ desk.BulkAssigner = (*Bulk)(nil)

// AssignMany implements [desk.BulkAssigner].
func (b *Bulk) AssignMany(ctx context.Context, numbers []string, to desk.Assignee) error {
	if len(numbers) == 0 {
		return nil
	}
	t, err := b.target(ctx, to)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(numbers, b.Size) {
		before, err := b.shown(ctx, some, b.Before)
		if err != nil {
			return err
		}
		var todo []string
		for _, ticket := range before {
			if err := b.refuses(t, ticket); err != nil {
				return err
			}
			if b.Stale || !t.Has(ticket.Assignee, ticket.Group) {
				todo = append(todo, ticket.Number())
			}
		}
		if len(todo) == 0 {
			continue
		}
		if err := b.WriteMany(ctx, todo, t); err != nil {
			return err
		}
		after, err := b.shown(ctx, todo, func(ctx context.Context, numbers []string) ([]Ticket, error) {
			if b.After == nil {
				return b.Before(ctx, numbers)
			}
			return b.After(ctx, numbers, t)
		})
		if err != nil {
			return err
		}
		for _, ticket := range after {
			if !t.Has(ticket.Assignee, ticket.Group) {
				return b.Vendor.Disobeyed("assign ticket %d", ticket.ID)
			}
		}
	}
	return nil
}

// shown returns the tickets with some numbers, as read reads them. One that is no number, or not
// there, is NotFound.
func (b *Bulk) shown(ctx context.Context, numbers []string, read func(context.Context, []string) ([]Ticket, error)) ([]Ticket, error) {
	for _, n := range numbers {
		if !kit.IsNumber(n) {
			return nil, b.Vendor.NoNumber("ticket", n)
		}
	}
	all, err := read(ctx, numbers)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(all, func(t Ticket) bool { return !slices.Contains(numbers, t.Number()) }) {
		return nil, b.Vendor.NoList("tickets")
	}
	for _, n := range numbers {
		if !slices.ContainsFunc(all, func(t Ticket) bool { return t.Number() == n }) {
			return nil, desk.Errorf(desk.NotFound, "%s does not show ticket %s", b.Vendor.Name, n)
		}
	}
	return all, nil
}

// Open collects the conversations that a user has, each once.
type Open struct {
	of    provision.DeskUserID
	limit int
	boxes []kit.Entry
	seen  map[int64]bool
	Found []desk.Conversation
}

// OpenOf returns an Open for up to limit conversations of a user, in groups that are their
// mailboxes. An id that is no number is NotFound.
func (h *Tickets) OpenOf(ctx context.Context, of provision.DeskUserID, limit int) (*Open, error) {
	if !kit.IsNumber(of) {
		return nil, h.Vendor.NoNumber(h.What, string(of))
	}
	boxes, err := h.Groups.List(ctx)
	return &Open{of: of, limit: limit, boxes: boxes, seen: make(map[int64]bool)}, err
}

// Add takes in a ticket, unless it is done or another's, and reports whether there is room
// for more. What a list or a search shows is compared with what was asked for.
func (o *Open) Add(t Ticket) (more bool) {
	if t.Done == "" && strconv.FormatInt(t.Assignee, 10) == string(o.of) && !o.seen[t.ID] && len(o.Found) < o.limit {
		c := desk.Conversation{ID: t.Number(), Assignee: o.of}
		if names := kit.NamesOf(o.boxes, t.Group); len(names) > 0 {
			c.Mailbox = names[0]
		}
		o.seen[t.ID], o.Found = true, append(o.Found, c)
	}
	return len(o.Found) < o.limit
}
