package faulty

import (
	"slices"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// place is a team or mailbox that was renamed.
type place struct{ own, shown string }

// Rename calls a team or a mailbox by another name from now on; both, where
// both have the name. The desk behind is left alone.
func (d *Desk) Rename(from, to string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, p := range d.places {
		if same(p.shown, from) {
			d.places[i].shown = to
			return
		}
	}
	d.places = append(d.places, place{from, to})
}

func same(a, b string) bool { return provision.Fold(a) == provision.Fold(b) }

// shown returns names of the desk as they are shown, sorted.
func (d *Desk) shown(names []string) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.places) == 0 {
		return names
	}
	names = slices.Clone(names)
	for i, name := range names {
		for _, p := range d.places {
			if same(p.own, name) {
				names[i] = p.shown
			}
		}
	}
	slices.Sort(names)
	return names
}

func (d *Desk) shownUser(u *provision.DeskUser) *provision.DeskUser {
	if u == nil {
		return nil
	}
	shown := *u
	shown.Teams, shown.Mailboxes = d.shown(u.Teams), d.shown(u.Mailboxes)
	return &shown
}

// own returns the desk's own name of what is shown by a name; false when
// nothing is, because it was renamed.
func (d *Desk) own(name string) (string, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	renamed := false
	for _, p := range d.places {
		if same(p.shown, name) {
			return p.own, true
		}
		renamed = renamed || same(p.own, name)
	}
	return name, !renamed
}

// owns translates names; one that nothing has is a Permanent error.
func (d *Desk) owns(names []string) ([]string, error) {
	var list []string
	for _, name := range names {
		own, ok := d.own(name)
		if !ok {
			return nil, desk.NoPlace(desk.Permanent, name, "the desk has no team or mailbox %q", name)
		}
		list = append(list, own)
	}
	return list, nil
}

// left translates names of what is to be left: what is gone has been left.
func (d *Desk) left(names []string) (list []string) {
	for _, name := range names {
		if own, ok := d.own(name); ok {
			list = append(list, own)
		}
	}
	return list
}
