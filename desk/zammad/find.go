package zammad

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Find looks a user up by number, then by our external id, then by e-mail.
// Customers are users, too.
func (d *zammad) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	look := &look{users: d.users}
	var byExternalID func(context.Context, string) (*record, error)
	if d.users.mark != "" {
		byExternalID = look.byExternalID
	}
	r, err := desk.FindBy(ctx, key, d.users.read, byExternalID, look.byEmail)
	if r == nil || err != nil {
		return nil, err
	}
	return d.user(ctx, r)
}

const (
	userPage = 500 // the most that Zammad shows at a time
	hitPage  = 100
	// fewPages is how much of the list of users is read for the sake of one: on a desk
	// with more, the database is asked for who is meant.
	fewPages = 4
	// agentsAge is how old may be what is said of who is an agent: a hand-over asks
	// several times.
	agentsAge = 10 * time.Second
)

// users reads users, without Zammad's own.
type users struct {
	client *kit.Client
	mark   string      // attribute for our external id; "" is none
	many   atomic.Bool // there are more than fewPages of them
	agents kit.Shared[[]record]
}

// everybody is a list of users, as far as it was read.
type everybody struct {
	records []record
	whole   bool
}

// read returns the user with a number. An unknown number is NotFound.
func (u *users) read(ctx context.Context, id provision.DeskUserID) (*record, error) {
	unknown := desk.Errorf(desk.NotFound, "Zammad has no user %q", string(id))
	if !kit.IsNumber(id) {
		return nil, unknown
	}
	var r record
	err := u.client.Get(ctx, "/users/"+string(id), nil, &r)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil, unknown
	case err != nil:
		return nil, err
	case r.id() != id:
		return nil, desk.Errorf(desk.Retryable, "Zammad answered a question about user %s with another record", id)
	}
	return &r, r.complete()
}

// look is one look-up: by one thing, and then by another.
type look struct {
	users *users
	some  *everybody // as read for it; nil: not yet
}

// byExternalID returns the user who has our external id; nil when nobody has.
func (l *look) byExternalID(ctx context.Context, externalID string) (*record, error) {
	mark := l.users.mark
	return l.only(ctx, condition{"user." + mark: {externalID}}, "have the same "+mark, func(r *record) bool { return r.text(mark) == externalID })
}

// byEmail returns the user with an e-mail address; nil when there is none.
func (l *look) byEmail(ctx context.Context, email string) (*record, error) {
	if !isEmail(email) {
		return nil, nil
	}
	return l.only(ctx, condition{"user.email": {provision.Fold(readable(email))}}, "have the same e-mail address", func(r *record) bool { return sameEmail(r.Email, email) })
}

// only returns the one user that is meant, as Zammad shows them now; nil when
// there is none. Two are one too many to choose from.
func (l *look) only(ctx context.Context, of condition, both string, meant func(*record) bool) (*record, error) {
	all, err := l.those(ctx, of, meant)
	switch {
	case err != nil || len(all) == 0:
		return nil, err
	case len(all) > 1:
		var ids []string
		for i := range all {
			ids = append(ids, string(all[i].id()))
		}
		return nil, vendor.Several(ids, both, "Manage > Users")
	}
	r, err := l.users.read(ctx, all[0].id())
	if err != nil && desk.KindOf(err) != desk.NotFound {
		return nil, err
	}
	if err != nil || !meant(r) {
		return nil, nil // deleted or changed since
	}
	return r, nil
}

// those returns the users who are meant. Where there are few users, all are read.
// Where there are many, the database is asked for those of a condition; a release
// that does not know conditions shows all, or does not say how many there are: then
// all are read after all.
func (l *look) those(ctx context.Context, of condition, meant func(*record) bool) (found []record, err error) {
	u := l.users
	if !u.many.Load() && l.some == nil {
		if l.some, err = u.list(ctx, fewPages); err != nil {
			return nil, err
		}
		u.many.Store(!l.some.whole)
	}
	if l.some != nil && l.some.whole {
		return kept(l.some.records, meant), nil
	}
	found, sure, err := u.asked(ctx, of, meant)
	if err != nil || sure {
		return found, err
	}
	all, err := u.list(ctx, maxPages)
	switch {
	case err != nil:
		return nil, err
	case !all.whole:
		return nil, desk.Errorf(desk.Permanent, "Zammad has more users than can be read: more than %d pages", maxPages)
	}
	l.some = all
	return kept(all.records, meant), nil
}

func kept(all []record, meant func(*record) bool) (found []record) {
	for _, r := range all {
		if meant(&r) {
			found = append(found, r)
		}
	}
	return found
}

// list reads users, at most so many pages of them.
func (u *users) list(ctx context.Context, pages int) (*everybody, error) {
	all, whole, err := list(ctx, u.client, "/users", userPage, pages, func(r record) int64 { return r.ID })
	all = withoutSystem(all)
	return &everybody{all, whole}, cmp.Or(err, complete(all))
}

func complete(all []record) error {
	for i := range all {
		if err := all[i].complete(); err != nil {
			return err
		}
	}
	return nil
}

func withoutSystem(all []record) []record {
	return slices.DeleteFunc(all, func(r record) bool { return r.ID == systemUser })
}

// asked returns the users of a condition. sure reports whether Zammad has
// understood the question.
func (u *users) asked(ctx context.Context, of condition, meant func(*record) bool) (found []record, sure bool, _ error) {
	var pages kit.Pages
	for n := 1; n <= maxPages; n++ {
		h, err := search[record](ctx, u.client, "/users/search", of, n, hitPage)
		switch kind := desk.KindOf(err); {
		case err != nil && (kind == desk.NotFound || kind == desk.Permanent || errors.Is(err, kit.ErrForeign)): // an older release
			return nil, false, nil
		case err != nil:
			return nil, false, err
		case h.Total == nil || slices.ContainsFunc(h.Records, func(r record) bool { return r.ID != systemUser && !meant(&r) }):
			return nil, false, nil
		}
		var ids []int64
		for _, r := range h.Records {
			ids = append(ids, r.ID)
		}
		found = append(found, withoutSystem(h.Records)...)
		if more, err := pages.Next(vendor, "users", ids, h.total()); err != nil || !more {
			return found, true, cmp.Or(err, complete(found))
		}
	}
	return nil, false, nil
}
