package freescout

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// FreeScout's words for roles.
const (
	wordUser  = "user"
	wordAdmin = "admin"
)

// user is a user as the API shows it.
type user struct {
	ID        int64      `json:"id"`
	Type      string     `json:"type"` // "" or user; robots of modules are others
	FirstName string     `json:"firstName"`
	LastName  string     `json:"lastName"`
	Email     string     `json:"email"`
	Role      string     `json:"role"`
	JobTitle  string     `json:"jobTitle"`
	Phone     string     `json:"phone"`
	Timezone  string     `json:"timezone"`
	MadeAt    kit.Moment `json:"createdAt"`
}

func userID(id int64) provision.DeskUserID { return provision.DeskUserID(strconv.FormatInt(id, 10)) }

func (u *user) id() provision.DeskUserID { return userID(u.ID) }

// deleted is what FreeScout puts after the address of a deleted user.
var deleted = regexp.MustCompile(`_deleted[0-9]{14}$`)

// gone reports whether u is deleted, or nobody who signs in.
func (u *user) gone() bool {
	return u.Type != "" && u.Type != "user" || deleted.MatchString(u.Email)
}

// role returns u's role. A word that is not known is an error: it could be more than an
// administrator's.
func (u *user) role() (provision.Role, error) {
	switch u.Role {
	case wordAdmin:
		return provision.RoleAdmin, nil
	case wordUser:
		return provision.RoleAgent, nil
	}
	return "", desk.Errorf(desk.Permanent, "FreeScout gives user %d a role that this release of Deskbridge does not know; see Manage > Users", u.ID)
}

// whole fails where u is half a record.
func (u *user) whole() error {
	if u.ID <= 0 || u.Email == "" || u.Role == "" {
		return desk.Errorf(desk.Retryable, "FreeScout does not show number, address and role of a user; is a proxy in the way?")
	}
	return nil
}

func noUser(id provision.DeskUserID) *desk.Error {
	return desk.Errorf(desk.NotFound, "FreeScout has no user %q", string(id))
}

// read returns the user with a number. An unknown one is NotFound, and so is a deleted one.
func (d *freeScout) read(ctx context.Context, id provision.DeskUserID) (*user, error) {
	if !kit.IsNumber(id) {
		return nil, noUser(id)
	}
	var u user
	err := d.client.Get(ctx, "/users/"+string(id), nil, &u)
	switch {
	case err != nil && desk.KindOf(err) == desk.NotFound:
		return nil, noUser(id)
	case err != nil:
		return nil, err
	case u.id() != id:
		return nil, desk.Errorf(desk.Retryable, "FreeScout answered a question about user %s with another record", id)
	case u.gone():
		return nil, noUser(id)
	}
	return &u, u.whole()
}

// users returns all users, or those whom a question finds. Half a record is an error.
func (d *freeScout) users(ctx context.Context, query url.Values) ([]user, error) {
	all, err := list(ctx, d.client, "/users", "users", query, func(u user) int64 { return u.ID })
	for i := range all {
		if half := all[i].whole(); half != nil && err == nil {
			err = half
		}
	}
	return slices.DeleteFunc(all, func(u user) bool { return u.gone() }), err
}

// byEmail returns the user with an e-mail address; nil when there is none.
func (d *freeScout) byEmail(ctx context.Context, email string) (*user, error) {
	if !strings.Contains(email, "@") {
		return nil, nil
	}
	hits, err := d.users(ctx, url.Values{"email": {email}})
	if err != nil {
		return nil, err
	}
	hits = slices.DeleteFunc(hits, func(u user) bool { return !sameText(u.Email, email) })
	switch len(hits) {
	case 0:
		return nil, nil
	case 1:
		return &hits[0], nil
	}
	return nil, vendor.Several([]string{string(hits[0].id()), string(hits[1].id())}, "have the same e-mail address", "Manage > Users")
}

func sameText(a, b string) bool { return provision.Fold(a) == provision.Fold(b) }

// mailboxesOf returns the mailboxes that a user sees. An administrator sees all.
func (d *freeScout) mailboxesOf(ctx context.Context, u *user) ([]kit.Entry, error) {
	if u.Role == wordAdmin {
		return d.mailboxes.List(ctx)
	}
	return list(ctx, d.client, "/mailboxes", "mailboxes", url.Values{"userId": {string(u.id())}}, entryID)
}

func (d *freeScout) sees(ctx context.Context, u *user, mailbox int64) (bool, error) {
	boxes, err := d.mailboxesOf(ctx, u)
	return slices.ContainsFunc(boxes, func(e kit.Entry) bool { return e.ID == mailbox }), err
}

// Find looks a user up by number, then by e-mail.
func (d *freeScout) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	u, err := desk.FindBy(ctx, key, d.read, nil, d.byEmail)
	if u == nil || err != nil {
		return nil, err
	}
	return d.user(ctx, u)
}

// user translates a record, with the mailboxes of the user.
func (d *freeScout) user(ctx context.Context, u *user) (*provision.DeskUser, error) {
	role, err := u.role()
	if err != nil {
		return nil, err
	}
	boxes, err := d.mailboxesOf(ctx, u)
	if err != nil {
		return nil, err
	}
	got := &provision.DeskUser{ID: u.id(), Email: u.Email, UserName: u.Email, DisplayName: strings.TrimSpace(u.FirstName + " " + u.LastName),
		GivenName: u.FirstName, FamilyName: u.LastName, Active: true, Role: role, MadeAt: u.MadeAt.Time}
	if d.settings.details {
		got.Title, got.Phone, got.Timezone = u.JobTitle, u.Phone, u.Timezone
	}
	for _, e := range boxes {
		got.Mailboxes = append(got.Mailboxes, e.Name)
	}
	slices.Sort(got.Mailboxes)
	return got, nil
}

var (
	_ desk.Lister      = (*freeScout)(nil)
	_ desk.Numbered    = (*freeScout)(nil)
	_ desk.RuleChecker = (*freeScout)(nil)
)

// List implements [desk.Lister]. A cursor is the number of a page. Who sees which mailbox
// is asked user by user: FreeScout shows it in no other way.
func (d *freeScout) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	n, err := kit.PageAt(cursor, maxPages)
	if err != nil {
		return nil, "", err
	}
	found, of, err := kit.GetHAL[user](ctx, d.client, "/users", "users", sized(nil), n)
	if err != nil {
		return nil, "", err
	}
	if len(found) == 0 && n < of.TotalPages {
		return nil, "", desk.Errorf(desk.Retryable, "FreeScout shows a page of users without any")
	}
	shown := make([]*provision.DeskUser, len(found))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxParallel)
	for i := range found {
		if err := found[i].whole(); err != nil {
			return nil, "", err
		}
		if _, err := found[i].role(); found[i].gone() || err != nil {
			continue // Find says what is wrong with this one
		}
		group.Go(func() (err error) {
			shown[i], err = d.user(ctx, &found[i])
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, "", err
	}
	var users []provision.DeskUser
	for _, u := range shown {
		if u != nil {
			users = append(users, *u)
		}
	}
	if n >= of.TotalPages || n == maxPages {
		return users, "", nil
	}
	return users, kit.PageAfter(n), nil
}

// Admins counts the administrators. One who is disabled counts: the API does not tell.
func (d *freeScout) Admins(ctx context.Context) (admins int, _ error) {
	all, err := d.users(ctx, nil)
	for i := range all {
		if all[i].Role == wordAdmin {
			admins++
		}
	}
	return admins, err
}
