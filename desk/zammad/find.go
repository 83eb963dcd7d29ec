package zammad

import (
	"context"
	"slices"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/listing"
	"github.com/deskbridge/deskbridge/desk/kit/people"
	"github.com/deskbridge/deskbridge/provision"
)

// Find looks a user up by number, then by our external id, then by e-mail.
// Customers are users, too.
func (d *zammad) Find(ctx context.Context, key desk.Key) (*provision.DeskUser, error) {
	look := d.users.look() // for both
	var byExternalID func(context.Context, string) (*record, error)
	if d.users.mark != "" {
		byExternalID = look.byExternalID
	}
	return people.Find(ctx, key, d.users.read, byExternalID, look.byEmail, d.user)
}

const (
	userPage = 500 // the most that Zammad shows at a time
	hitPage  = 100 // of anything else
	// fewPages is how much of the list of users is read for the sake of one: on a desk
	// with more, the database is asked for who is meant.
	fewPages = 4
	// agentsAge is how old may be what is said of who is an agent: a hand-over asks
	// several times.
	agentsAge = 10 * time.Second
)

// users reads users, without Zammad's own.
type users struct {
	people.Book[record]
	client *kit.Client
	mark   string // attribute for our external id; "" is none
	all    listing.Lookup[record, condition]
	agents kit.Shared[[]record]
}

func newUsers(c *kit.Client, mark string) *users {
	number := func(r record) int64 { return r.ID }
	u := &users{client: c, mark: mark, all: listing.Lookup[record, condition]{
		List: list(c, "/users", userPage, maxPages, number), Few: fewPages, Ask: func(of condition) listing.List[record] { return search(c, "/users", of, number) },
		Out: (*record).isSystem, Lacks: (*record).complete,
	}}
	u.Book = people.Book[record]{Vendor: vendor, What: "user", At: "Manage > Users", Read: u.read, ID: (*record).id, ByEmail: u.byEmail, Causes: []error{errRefused, errInternal}}
	return u
}

// read returns the user with a number. An unknown number is NotFound.
func (u *users) read(ctx context.Context, id provision.DeskUserID) (*record, error) {
	r, err := kit.One[record]{Client: u.client, What: "user", Path: "/users/", Is: func(r *record, number string) bool { return string(r.id()) == number }}.Read(ctx, string(id))
	if err != nil {
		return nil, err
	}
	return r, r.complete()
}

// look is one look-up: by one thing, and then by another.
type look struct {
	*listing.Look[record, condition]
	users *users
}

func (u *users) look() *look { return &look{u.all.Look(), u} }

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
	return l.only(ctx, condition{"user.email": {provision.Fold(kit.UnicodeDomain(email))}}, "have the same e-mail address", func(r *record) bool { return sameEmail(r.Email, email) })
}

func (u *users) byEmail(ctx context.Context, email string) (*record, error) {
	return u.look().byEmail(ctx, email)
}

// only returns the one user that is meant, as Zammad shows them now; nil when there is none.
func (l *look) only(ctx context.Context, of condition, both string, meant func(*record) bool) (*record, error) {
	all, err := l.Those(ctx, of, meant)
	if err != nil {
		return nil, err
	}
	return l.users.Only(ctx, all, both, meant)
}

// listedPages is how long a list of users may be for a sweep: with more customers
// than that, each account is asked for by itself.
const listedPages = 20

var (
	_ desk.Lister        = (*zammad)(nil)
	_ desk.InflowStopper = (*zammad)(nil)
	_ desk.Seats         = (*zammad)(nil)
)

// List implements [desk.Lister]: it returns a page of users, customers as well.
func (d *zammad) List(ctx context.Context, cursor string) ([]provision.DeskUser, string, error) {
	all := d.users.all.List
	all.Most = listedPages + 1
	if cursor == "" {
		beyond, err := all.Read(ctx, all.Most, 0)
		if err == nil && len(beyond.Items) > 0 {
			err = desk.Unsupported("list all users", "Zammad has too many customers to read them all: each person is looked up")
		}
		if err == nil {
			_, err = d.roles.Reread(ctx)
		}
		if err != nil {
			return nil, "", err
		}
	}
	records, next, err := all.At(ctx, cursor)
	if err == nil {
		records, err = d.users.all.Counted(records)
	}
	if err != nil {
		return nil, "", err
	}
	listed, err := d.users.Users(ctx, records, d.user)
	return listed, next, err
}

// agents returns the active users who have a role of an agent or an admin, as they
// were not longer ago than agentsAge, and not before our last change.
func (d *zammad) agents(ctx context.Context) ([]record, error) {
	return d.users.agents.Get(ctx, agentsAge, func(ctx context.Context) ([]record, error) {
		roles, err := d.roles.Reread(ctx)
		if err != nil {
			return nil, err
		}
		of := condition{"user.role_ids": {}}
		has := make(map[int64]bool)
		for _, r := range roles {
			if d.works([]role{r}) || r.administers() || d.stands(&r, provision.RoleAdmin) {
				has[r.ID] = true
				of["user.role_ids"] = append(of["user.role_ids"], number(r.ID))
			}
		}
		all, err := d.users.look().Those(ctx, of, func(r *record) bool {
			return slices.ContainsFunc(r.Roles, func(id int64) bool { return has[id] })
		})
		return slices.DeleteFunc(all, func(r record) bool { return !r.Active }), err
	})
}

// TeamMembers returns the active agents in a group, in order of number, also those
// who are in it by one of their roles, and without our own account, which is in all
// of them.
func (d *zammad) TeamMembers(ctx context.Context, team string) ([]provision.DeskUserID, error) {
	g, err := d.groups.Get(ctx, desk.NotFound, team)
	if err != nil {
		return nil, err
	}
	me, err := d.me(ctx)
	if err != nil {
		return nil, err
	}
	return d.those(ctx, func(r *record, roles []role) bool {
		in := r.Groups[g.ID] != nil || slices.ContainsFunc(roles, func(of role) bool { return !of.off() && of.Groups[g.ID] != nil })
		return in && d.works(roles) && r.ID != me.ID
	})
}

// those returns the active agents and admins for whom is holds, in order of number.
func (d *zammad) those(ctx context.Context, is func(*record, []role) bool) ([]provision.DeskUserID, error) {
	all, err := d.agents(ctx)
	if err != nil {
		return nil, err
	}
	return d.users.Those(all, func(r *record) (bool, error) {
		roles, err := d.rolesOf(ctx, r)
		return is(r, roles), err
	})
}

// Admins counts the active admins.
func (d *zammad) Admins(ctx context.Context) (int, error) {
	admins, err := d.those(ctx, func(r *record, roles []role) bool { return d.roleOf(r, roles) == provision.RoleAdmin })
	return len(admins), err
}

// Seats implements [desk.Seats]: an active agent takes one. Zammad does not tell how
// many there are.
func (d *zammad) Seats(ctx context.Context) (used, limit int, _ error) {
	agents, err := d.those(ctx, func(_ *record, roles []role) bool { return d.works(roles) })
	return len(agents), 0, err
}
