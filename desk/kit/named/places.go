package named

import (
	"context"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/provision"
)

// Places are what rules name, in any letter case: the teams or the mailboxes of a desk.
type Places[E any] struct {
	Finder[E]
	// Stands returns the role of ours that something with a name stands for, which is no place to
	// be in then; "" is none. nil: nothing does.
	Stands func(name string) provision.Role
}

// Find returns the place with a name; nil when there is none. What stands for a role is refused: a
// rule must grant the role instead.
func (p Places[E]) Find(ctx context.Context, name string) (*E, error) {
	if err := p.refuses(name); err != nil {
		return nil, err
	}
	return p.Among.Find(ctx, name)
}

// Get returns the place with a name, as Find does; where there is none, an error of a kind.
func (p Places[E]) Get(ctx context.Context, kind desk.Kind, name string) (*E, error) {
	if err := p.refuses(name); err != nil {
		return nil, err
	}
	return p.Finder.Get(ctx, kind, name)
}

func (p Places[E]) refuses(name string) error {
	if p.Stands == nil || p.Stands(name) == "" {
		return nil
	}
	return desk.Errorf(desk.Permanent, "the %s %q stands for the role %s and is no team; let the rule grant the role", p.What, name, p.Stands(name))
}

// Get returns what has a name, whatever it stands for; where there is none, an error of a kind.
func (f Finder[E]) Get(ctx context.Context, kind desk.Kind, name string) (*E, error) {
	e, err := f.Among.Find(ctx, name)
	if err == nil && e == nil {
		err = f.None(kind, name)
	}
	return e, err
}

// None says that the desk does not have what a rule names.
func (f Finder[E]) None(kind desk.Kind, name string) error {
	return desk.NoPlace(kind, name, "%s has no %s %q; make it at %s, or correct the rule", f.Vendor.Name, f.What, name, f.At)
}

// NoneToJoin says that the desk does not have what somebody is to be brought into: a Permanent error.
func (f Finder[E]) NoneToJoin(name string) error { return f.None(desk.Permanent, name) }
