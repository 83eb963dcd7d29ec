package helpscout

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// namesAge is how long the names of teams or mailboxes are taken for true. A
// name that is not among them is looked for again at once.
const namesAge = 30 * time.Second

// listsAtOnce is how many lists of members are read at a time.
const listsAtOnce = 4

// kind is one of the two kinds of units that a user can be in.
type kind struct {
	word string // in messages, plural
	path string
	name string // of the list in answers
}

var (
	teams     = kind{word: "teams", path: "/teams", name: "teams"}
	mailboxes = kind{word: "inboxes", path: "/mailboxes", name: "mailboxes"}
)

// members returns where the list of those who are in a unit is.
func (k kind) members(id int64) (path string, query url.Values) {
	if k == teams {
		return k.path + "/" + formatID(id) + "/members", nil
	}
	return "/users", url.Values{"mailbox": {formatID(id)}}
}

// unit is a team or a mailbox.
type unit struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

func (p unit) number() int64 { return p.ID }

// membership is who is in which team and mailbox.
type membership struct {
	began time.Time // when we began to read
	of    map[kind]map[string]map[int64]bool
}

// names returns the units of a kind that a user is in, sorted.
func (m *membership) names(k kind, id int64) []string {
	var names []string
	for name, members := range m.of[k] {
		if members[id] {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// directory reads teams and mailboxes, and who is in them. It is safe for
// concurrent use.
type directory struct {
	client     *client
	catalogues map[kind]*kit.Catalogue[unit]
	rosters    rosters

	lock *semaphore.Weighted // whoever holds it may look at last
	last *membership
}

func newDirectory(c *client) *directory {
	d := &directory{client: c, catalogues: map[kind]*kit.Catalogue[unit]{}, rosters: newRosters(), lock: semaphore.NewWeighted(1)}
	for _, k := range []kind{teams, mailboxes} {
		d.catalogues[k] = &kit.Catalogue[unit]{
			Age: namesAge, Name: func(p unit) string { return p.Name },
			Fold: func(name string) string { return provision.Fold(strings.TrimSpace(name)) },
			Read: func(ctx context.Context) ([]unit, error) { return d.read(ctx, k) },
			Several: func(n int, name string) error {
				return desk.Errorf(desk.Permanent, "Help Scout has %d %s named %q; rename all but one", n, k.word, name)
			},
		}
	}
	return d
}

// read asks Help Scout for the units of a kind, in order of id.
func (d *directory) read(ctx context.Context, k kind) ([]unit, error) {
	units, err := list[unit](ctx, d.client, k.path, k.name, nil)
	if err != nil && k == teams && (desk.KindOf(err) == desk.NotFound || isForbidden(err)) {
		units, err = nil, nil // a plan without teams
	}
	if err != nil {
		return nil, err
	}
	units = slices.DeleteFunc(units, func(p unit) bool { return p.ID <= 0 || strings.TrimSpace(p.Name) == "" })
	slices.SortFunc(units, func(a, b unit) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(units, func(a, b unit) bool { return a.ID == b.ID }), nil
}

// find returns the unit of a kind with a name, in any letter case; nil when
// there is none. Two of one name are one too many to choose from.
func (d *directory) find(ctx context.Context, k kind, name string) (*unit, error) {
	return d.catalogues[k].Find(ctx, name)
}

// mailboxName returns the name of a mailbox if it is known without asking.
func (d *directory) mailboxName(id int64) string {
	for _, p := range d.catalogues[mailboxes].Peek() {
		if p.ID == id {
			return p.Name
		}
	}
	return ""
}

// members returns the users in a unit.
func (d *directory) members(ctx context.Context, k kind, id int64) ([]user, error) {
	path, query := k.members(id)
	found, err := list[user](ctx, d.client, path, "users", query)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(u user) bool { return !u.person() }), nil
}

// membership returns who is in which unit, read after the call began; on an
// account so large that this takes its time, as long before as reading all of it
// takes, and yet after what we have written ourselves. Help Scout shows members
// of units, not units of a user, so that one user costs as many requests as
// all: those who ask while somebody reads wait, and share what one of them reads
// then. What was read before a call was cut short is not read again by the next.
func (d *directory) membership(ctx context.Context) (*membership, error) {
	asked := time.Now()
	if err := d.wait(ctx); err != nil {
		return nil, err
	}
	defer d.lock.Release(1)
	if d.last != nil && d.last.began.After(asked) {
		return d.last, nil
	}
	m := &membership{began: time.Now(), of: map[kind]map[string]map[int64]bool{}}
	since := d.rosters.begin()
	for _, k := range []kind{teams, mailboxes} {
		var err error
		if m.of[k], err = d.readAll(ctx, k, since); err != nil {
			return nil, err
		}
	}
	d.rosters.end()
	d.last = m
	return m, nil
}

// wait returns when nobody else reads memberships. Whoever would wait long gives
// its place to others and comes again.
func (d *directory) wait(ctx context.Context) error {
	waiting, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	if err := d.lock.Acquire(waiting, 1); err == nil || ctx.Err() != nil {
		return err
	}
	return &desk.Error{Kind: desk.Retryable, RetryAfter: longestWait, Err: desk.ErrNotAsked,
		Detail: "who is in which team and inbox is being read for others, which takes long on this account; Deskbridge goes on by itself"}
}

// readAll returns the members of all units of a kind, by the units' names. What
// was read after since is not read again.
func (d *directory) readAll(ctx context.Context, k kind, since time.Time) (map[string]map[int64]bool, error) {
	units, err := d.catalogues[k].List(ctx)
	if err != nil {
		return nil, err
	}
	members := make([]map[int64]bool, len(units))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(listsAtOnce)
	for i, p := range units {
		if members[i] = d.rosters.get(place{k, p.ID}, since); members[i] != nil {
			continue
		}
		group.Go(func() error {
			began := time.Now()
			found, err := d.members(ctx, k, p.ID)
			if err != nil && desk.KindOf(err) == desk.NotFound {
				return nil // it was removed a moment ago
			}
			if err != nil {
				return err
			}
			members[i] = map[int64]bool{}
			for _, u := range found {
				members[i][u.ID] = true
			}
			d.rosters.put(place{k, p.ID}, members[i], began)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	of := make(map[string]map[int64]bool, len(units))
	for i, p := range units {
		if of[p.Name] == nil {
			of[p.Name] = map[int64]bool{}
		}
		maps.Copy(of[p.Name], members[i])
	}
	return of, nil
}
