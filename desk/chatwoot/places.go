package chatwoot

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/provision"
)

// kind is one of places: teams or inboxes.
type kind string

const (
	teams   kind = "team"
	inboxes kind = "inbox"
)

// place is a team or an inbox.
type place struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	kind kind
}

const (
	// placesAge is how long it is taken for true which places there are.
	placesAge = 10 * time.Second
	// quick is how long reading who is in each place may take for it to be read anew
	// whenever somebody asks: each place is a request.
	quick = 10 * time.Second
	// membersAge bounds how long it is taken for true where that takes longer, unless we
	// change it.
	membersAge = 5 * time.Minute
)

// places reads and changes who is in which place. It is safe for concurrent use.
type places struct {
	client *client
	of     map[kind]*kit.Catalogue[place]
	turn   kit.Turn // of who changes the members of an inbox, which may replace them

	took atomic.Int64 // how long the last reading of all of it took, in nanoseconds

	mu   sync.Mutex
	kept map[place]*kit.Cached[map[int64]bool]
}

func newPlaces(c *client) *places {
	p := &places{client: c, of: map[kind]*kit.Catalogue[place]{}, kept: map[place]*kit.Cached[map[int64]bool]{}}
	for k, path := range map[kind]string{teams: "/teams", inboxes: "/inboxes"} {
		p.of[k] = &kit.Catalogue[place]{
			Age: placesAge, Name: func(p place) string { return p.Name }, Fold: func(name string) string { return provision.Fold(strings.TrimSpace(name)) },
			Read: func(ctx context.Context) ([]place, error) { return p.read(ctx, k, path) },
			Several: func(n int, name string) error {
				return desk.Errorf(desk.Permanent, "Chatwoot has %d places of kind %s named %q; rename all but one", n, k, name)
			},
		}
	}
	return p
}

// payload is a list, as some of Chatwoot's answers hold it and others are it.
type payload[E any] []E

// UnmarshalJSON reads both.
func (p *payload[E]) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '[' {
		return json.Unmarshal(data, (*[]E)(p))
	}
	var held struct {
		Payload []E `json:"payload"`
	}
	err := json.Unmarshal(data, &held)
	*p = held.Payload
	return err
}

// list reads a list, which comes whole.
func list[E any](ctx context.Context, c *client, path string) ([]E, error) {
	var all payload[E]
	err := c.Get(ctx, path, nil, &all)
	if err == nil && all == nil {
		err = vendor.NoList("what was asked for")
	}
	return all, err
}

// read asks for the places of a kind, in order of number.
func (p *places) read(ctx context.Context, k kind, path string) ([]place, error) {
	all, err := list[place](ctx, p.client, p.client.path("%s", path))
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].kind = k; all[i].ID <= 0 {
			return nil, desk.Errorf(desk.Retryable, "Chatwoot shows a place without a number; is a proxy in the way?")
		}
	}
	slices.SortFunc(all, func(a, b place) int { return cmp.Compare(a.ID, b.ID) })
	return all, nil
}

func names(all []place) (out []string) {
	for _, p := range all {
		out = append(out, p.Name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// noPlace is the error for a team or inbox that is not there.
func noPlace(is desk.Kind, k kind, name string) error {
	at := map[kind]string{teams: "Settings > Teams > Create new team", inboxes: "Settings > Inboxes > Add Inbox"}[k]
	return desk.NoPlace(is, name, "Chatwoot has no %s %q; make it at %s, or correct the rule", k, name, at)
}

// path returns where the members of a place are, and the body that names some of them.
func (p *places) path(of place, ids []int64) (list, write string, body map[string]any) {
	if of.kind == teams {
		path := p.client.path("/teams/%d/team_members", of.ID)
		return path, path, map[string]any{"user_ids": ids}
	}
	return p.client.path("/inbox_members/%d", of.ID), p.client.path("/inbox_members"), map[string]any{"inbox_id": of.ID, "user_ids": ids}
}

// members returns who is in a place, as it was not longer ago than age.
func (p *places) members(ctx context.Context, of place, age time.Duration) (map[int64]bool, error) {
	p.mu.Lock()
	key := place{ID: of.ID, kind: of.kind}
	cached := p.kept[key]
	if cached == nil {
		cached = &kit.Cached[map[int64]bool]{}
		p.kept[key] = cached
	}
	p.mu.Unlock()
	return cached.Get(ctx, age, func(ctx context.Context) (map[int64]bool, error) {
		path, _, _ := p.path(of, nil)
		all, err := list[agent](ctx, p.client, path)
		in := make(map[int64]bool, len(all))
		for _, a := range all {
			in[a.ID] = true
		}
		return in, err
	})
}

// membership is who is in which place.
type membership map[place]map[int64]bool

// names returns the names of the places of a kind that an agent is in, sorted.
func (m membership) names(k kind, id int64) (out []string) {
	for p, in := range m {
		if p.kind == k && in[id] {
			out = append(out, p.Name)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// age returns how old it may be who is in which place: where there are many, as old as
// it is when it has been read.
func (p *places) age() time.Duration {
	if took := time.Duration(p.took.Load()); took > quick {
		return min(took, membersAge)
	}
	return 0
}

// all returns who is in which place, as it was not longer ago than age; anew asks which
// places there are, too.
func (p *places) all(ctx context.Context, age time.Duration, anew bool) (membership, error) {
	began := time.Now()
	var mu sync.Mutex
	found := membership{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxParallel)
	for _, k := range []kind{teams, inboxes} {
		read := p.of[k].List
		if anew {
			read = p.of[k].Reread
		}
		there, err := read(ctx)
		if err != nil {
			return nil, errors.Join(err, group.Wait())
		}
		for _, of := range there {
			group.Go(func() error {
				in, err := p.members(ctx, of, age)
				if err != nil && desk.KindOf(err) == desk.NotFound {
					return nil // deleted a moment ago
				}
				mu.Lock()
				defer mu.Unlock()
				found[of] = in
				return err
			})
		}
	}
	err := group.Wait()
	if age == 0 && err == nil {
		p.took.Store(int64(time.Since(began)))
	}
	return found, err
}

// put has an agent join or leave a place, and reads back whether they did, and
// whether all others stayed.
func (p *places) put(ctx context.Context, of place, id int64, in bool) error {
	if of.kind == inboxes {
		done, err := p.turn.Take(ctx)
		if err != nil {
			return err
		}
		defer done()
	}
	before, err := p.members(ctx, of, 0)
	if err != nil || before[id] == in {
		return err
	}
	after := before
	for _, write := range p.ways(of, before, id, in) {
		a, err := p.client.Do(ctx, write, nil)
		if unknown := a != nil && (a.Status == http.StatusNotFound || a.Status == http.StatusMethodNotAllowed); err != nil && !(unknown && write.Method == http.MethodDelete && of.kind == inboxes) {
			return err
		}
		if after, err = p.members(ctx, of, 0); err != nil {
			return err
		}
		if after[id] == in {
			break
		}
	}
	if after[id] != in {
		e := vendor.Disobeyed("do so")
		e.Detail = fmt.Sprintf("Chatwoot refuses to %s agent %d, %s %q: it accepted to and did not do it", map[bool]string{true: "add", false: "remove"}[in], id, of.kind, of.Name)
		return e
	}
	for other := range before {
		if other != id && !after[other] {
			return desk.Errorf(desk.Retryable, "agent %d is not in the %s %q any more, where agent %d was changed; was it taken away by hand at the same time?", other, of.kind, of.Name, id)
		}
	}
	return nil
}

// ways returns how to change the members of a place, the first one to be tried first.
// Where builds of today add to an inbox, older ones replace who is in it, and nobody is
// removed but by being left out: so all members are sent, which is right for both.
func (p *places) ways(of place, before map[int64]bool, id int64, in bool) []kit.Call {
	rest := maps.Clone(before)
	if rest[id] = true; !in {
		delete(rest, id)
	}
	call := func(method string, ids ...int64) kit.Call {
		_, path, body := p.path(of, ids)
		return kit.Call{Method: method, Path: path, Body: body}
	}
	all := call(http.MethodPost, append([]int64{}, slices.Sorted(maps.Keys(rest))...)...)
	switch {
	case of.kind == teams && in:
		return []kit.Call{call(http.MethodPost, id)}
	case of.kind == teams:
		return []kit.Call{call(http.MethodDelete, id)}
	case in:
		return []kit.Call{all}
	}
	return []kit.Call{call(http.MethodDelete, id), all}
}

// change adds an agent to places of a kind, and takes them from places.
func (d *chatwoot) change(ctx context.Context, k kind, id provision.DeskUserID, add, remove []string) error {
	change, err := kit.Resolve(ctx, d.places.of[k].Find, add, remove, func(name string) error { return noPlace(desk.Permanent, k, name) })
	if err != nil {
		return err
	}
	a, err := d.read(ctx, id)
	if err != nil {
		return err
	}
	for _, of := range change.Join {
		if err := d.places.put(ctx, of, a.ID, true); err != nil {
			return err
		}
	}
	for _, of := range change.Leave {
		if err := d.places.put(ctx, of, a.ID, false); err != nil {
			return err
		}
	}
	return nil
}

// ChangeTeams adds the agent to teams and removes it from teams.
func (d *chatwoot) ChangeTeams(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return d.change(ctx, teams, id, add, remove)
}

// ChangeMailboxes adds the agent to inboxes and removes it from inboxes.
func (d *chatwoot) ChangeMailboxes(ctx context.Context, id provision.DeskUserID, add, remove []string) error {
	return d.change(ctx, inboxes, id, add, remove)
}
