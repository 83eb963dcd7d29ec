package helpy

import (
	"context"
	"net/url"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// Find looks a user up by number, then by our external id, then by e-mail.
func (d *helpy) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	r, err := desk.FindBy(ctx, key, d.users.read, d.users.byExternalID, d.users.byEmail)
	if r == nil || err != nil {
		return nil, err
	}
	return r.user(), nil
}

// allAge is how old the list of all users may be that decides that somebody is
// not there, after a search that is up to date has not found them. On a large
// Helpy it takes many seconds.
const allAge = time.Minute

// users reads users.
type users struct {
	client *kit.Client
	all    kit.Shared[[]record]
	listed kit.Snapshot[[]record]
	self   kit.Cached[*whole]
}

// maxNumber is the largest id that Helpy's database holds; a larger one is an
// error to it, and no question.
const maxNumber = "2147483647"

// isNumber reports whether an id may get into a path.
func isNumber[T ~string](id T) bool {
	return kit.IsNumber(id) && kit.ByNumber(string(id), maxNumber) <= 0
}

// read returns the user with a number. An unknown number is NotFound.
func (u *users) read(ctx context.Context, id provision.DeskUserID) (*record, error) {
	w, err := u.whole(ctx, id)
	if err != nil {
		return nil, err
	}
	return &w.record, nil
}

// whole is read with all that a change has to send back. Helpy answers with a
// list of one, or of none.
func (u *users) whole(ctx context.Context, id provision.DeskUserID) (*whole, error) {
	if !isNumber(id) {
		return nil, desk.Errorf(desk.NotFound, "Helpy has no user %q: its ids are numbers", id)
	}
	var answer []whole
	if err := u.client.Get(ctx, "/users/"+string(id), nil, &answer); err != nil {
		if desk.KindOf(err) == desk.NotFound {
			return nil, noUser(id)
		}
		return nil, err
	}
	switch {
	case answer == nil:
		return nil, vendor.NoList("users")
	case len(answer) == 0:
		return nil, noUser(id)
	case len(answer) > 1 || answer[0].id() != id || len(answer[0].lacks) > 0:
		return nil, desk.Errorf(desk.Retryable, "Helpy answered a question about user %s with something else", id)
	}
	return &answer[0], nil
}

// byExternalID returns the user whose account number holds our external id; nil
// when none does.
func (u *users) byExternalID(ctx context.Context, externalID string) (*record, error) {
	return u.only(ctx, mark+externalID, "carry the same account number", func(r *record) bool { return r.externalID() == externalID }, allAge)
}

// byEmail returns the user with an e-mail address; nil when there is none.
func (u *users) byEmail(ctx context.Context, address string) (*record, error) {
	return u.withEmail(ctx, address, allAge)
}

func (u *users) withEmail(ctx context.Context, address string, age time.Duration) (*record, error) {
	if !isEmail(address) {
		return nil, nil
	}
	return u.only(ctx, address, "have the same e-mail address", func(r *record) bool { return sameText(r.Email, address) }, age)
}

// only returns the one user that is meant, as Helpy shows them now; nil when
// there is none. Two are one too many to choose from. Helpy's search takes words
// apart in a way of its own: whom it does not find is looked for among all.
func (u *users) only(ctx context.Context, text, both string, meant func(*record) bool, age time.Duration) (*record, error) {
	hits, err := u.list(ctx, "/users/search", url.Values{"q": {text}})
	if err != nil {
		return nil, err
	}
	found := ids(hits, meant)
	if len(found) == 0 {
		if hits, err = u.lately(ctx, age); err != nil {
			return nil, err
		}
		found = ids(hits, meant)
	}
	switch {
	case len(found) == 0:
		return nil, nil
	case len(found) > 1:
		return nil, vendor.Several(found, both, "Users")
	}
	r, err := u.read(ctx, provision.DeskUserID(found[0]))
	if err != nil && desk.KindOf(err) != desk.NotFound {
		return nil, err
	}
	if err != nil || !meant(r) {
		return nil, nil // deleted or changed since
	}
	return r, nil
}

// ids returns the ids of those who are meant.
func ids(records []record, meant func(*record) bool) (found []string) {
	for i := range records {
		if meant(&records[i]) {
			found = append(found, string(records[i].id()))
		}
	}
	return found
}

// lately returns all users as they were not longer ago than age, and not before they
// were doubted.
func (u *users) lately(ctx context.Context, age time.Duration) ([]record, error) {
	return u.all.Get(ctx, age, func(ctx context.Context) ([]record, error) { return u.list(ctx, "/users", nil) })
}

// owner returns our own account, to which the key belongs, as it was not longer ago
// than age.
func (u *users) owner(ctx context.Context, age time.Duration) (*whole, error) {
	return u.self.Get(ctx, age, func(ctx context.Context) (*whole, error) {
		var self whole
		err := u.client.Get(ctx, "/users/self", nil, &self)
		switch {
		case err != nil:
		case self.ID <= 0 || self.Email == "":
			err = desk.Errorf(desk.Retryable, "there is no Helpy with an API v1 at the desk's URL; give the address of Helpy's home page")
		case len(self.lacks) > 0:
			err = tooOld(self.lacks)
		}
		return &self, err
	})
}

func (u *users) list(ctx context.Context, path string, query url.Values) ([]record, error) {
	var records []record
	if err := u.client.Get(ctx, path, query, &records); err != nil {
		return nil, err
	}
	if records == nil || slices.ContainsFunc(records, func(r record) bool { return r.ID <= 0 || len(r.lacks) > 0 }) {
		return nil, vendor.NoList("users")
	}
	return records, nil
}
