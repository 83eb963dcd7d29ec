package zendesk

import (
	"context"
	"slices"
	"strconv"
	"sync"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// identity is something by which Zendesk knows a user, such as an e-mail address.
type identity struct {
	ID       int64  `json:"id"`
	User     int64  `json:"user_id"`
	Type     string `json:"type"`
	Value    string `json:"value"`
	Primary  bool   `json:"primary"`
	Verified bool   `json:"verified"`
}

// replaced keeps the addresses that have been replaced and are still to be taken away,
// by user. The zero value has none.
type replaced struct {
	mu  sync.Mutex
	old map[provision.DeskUserID]string
}

func (p *replaced) of(id provision.DeskUserID) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.old[id]
}

// set keeps an address; "" forgets it.
func (p *replaced) set(id provision.DeskUserID, address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.old == nil {
		p.old = make(map[provision.DeskUserID]string)
	}
	if address == "" {
		delete(p.old, id)
		return
	}
	p.old[id] = address
}

// changeEmail replaces the primary address: the new one is added as verified, which has
// no mail sent, becomes primary, and the old one is taken away: it may be another's
// tomorrow. Other addresses, that somebody added by hand, stay. Each step is taken only
// where it is still to be taken, so that all of it can be repeated.
func (d *zendesk) changeEmail(ctx context.Context, r *record, email string) error {
	old := d.replaced.of(r.id())
	if !sameText(r.Email, email) {
		old = r.Email
	}
	if old == "" && sameText(r.Email, email) {
		return nil
	}
	defer func() { d.people.Doubt() }() // whatever comes of it
	all, mine, err := d.identity(ctx, r, email)
	if err == nil && mine == nil {
		err = d.client.Post(ctx, r.path()+"/identities", map[string]any{"identity": map[string]any{"type": "email", "value": email, "verified": true, "skip_verify_email": true}}, nil)
		if err == nil {
			all, mine, err = d.identity(ctx, r, email)
		}
		if err == nil && mine == nil {
			err = disobeyed("add an e-mail address to user %d", r.ID)
		}
	}
	if err != nil {
		return refusedTo(err, "add an e-mail address to user %d", r.ID)
	}
	at := r.path() + "/identities/"
	if !mine.Verified {
		if err := d.client.Put(ctx, at+strconv.FormatInt(mine.ID, 10)+"/verify", map[string]any{}, nil); err != nil {
			return refusedTo(err, "verify the new e-mail address of user %d", r.ID)
		}
	}
	if !mine.Primary || !sameText(r.Email, email) {
		d.replaced.set(r.id(), old)
		if err := d.client.Put(ctx, at+strconv.FormatInt(mine.ID, 10)+"/make_primary", map[string]any{}, nil); err != nil {
			return refusedTo(err, "make the new e-mail address of user %d the primary one", r.ID)
		}
		err := kit.ReadBack(ctx, r.id(), d.read, func(now *record) error {
			if !sameText(now.Email, email) {
				return disobeyed("make the new e-mail address of user %d the primary one", r.ID)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return d.forget(ctx, r, all, old)
}

// forget takes an address away from a user, unless it is the primary one.
func (d *zendesk) forget(ctx context.Context, r *record, all []identity, old string) error {
	i := slices.IndexFunc(all, func(i identity) bool { return i.Type == "email" && sameText(i.Value, old) })
	if i >= 0 {
		err := d.client.Delete(ctx, r.path()+"/identities/"+strconv.FormatInt(all[i].ID, 10))
		if err != nil && desk.KindOf(err) != desk.NotFound {
			return refusedTo(err, "take the old e-mail address of user %d away", r.ID)
		}
		switch _, left, err := d.identity(ctx, r, old); {
		case err != nil:
			return err
		case left != nil:
			return disobeyed("take the old e-mail address of user %d away", r.ID)
		}
	}
	d.replaced.set(r.id(), "")
	return nil
}

// identity returns the identities of a user, and the one that is an e-mail address;
// nil: it has no such.
func (d *zendesk) identity(ctx context.Context, r *record, email string) (all []identity, mine *identity, _ error) {
	all, err := list[identity](ctx, d.client, r.path()+"/identities", "identities", nil)
	if err != nil {
		return nil, nil, err
	}
	for i := range all {
		if all[i].ID <= 0 || all[i].User != r.ID {
			return nil, nil, desk.Errorf(desk.Retryable, "Zendesk answered a question about the addresses of user %d with something else", r.ID)
		}
		if all[i].Type == "email" && sameText(all[i].Value, email) {
			mine = &all[i]
		}
	}
	return all, mine, nil
}
