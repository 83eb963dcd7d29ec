package offboarding

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
	"github.com/deskbridge/deskbridge/provision/deskhealth"
	"github.com/deskbridge/deskbridge/provision/settings"
)

// Service tells how people left. It is safe for concurrent use, by any number of
// processes on one database.
type Service struct {
	store   Store
	audit   *audit.Service
	keys    *settings.Service
	remains func(provision.Desk) Remains
	now     provision.Clock

	mu     sync.Mutex
	read   time.Time // when endings were read
	recent []Ending
}

// New returns a Service on store. remains says what connectors know of what is left
// of people on a desk; nil: nothing.
func New(store Store, log *audit.Service, keys *settings.Service, remains func(provision.Desk) Remains, now provision.Clock) *Service {
	if remains == nil {
		remains = func(provision.Desk) Remains { return Remains{} }
	}
	return &Service{store: store, audit: log, keys: keys, remains: remains, now: now}
}

// Records returns a record for each time that a person left, the first one first;
// none of somebody who never did. They are not signed. id may be of somebody of
// whom only the audit log knows any more.
func (s *Service) Records(ctx context.Context, id provision.IdentityID) ([]Record, error) {
	w, err := s.world(ctx)
	if err != nil {
		return nil, err
	}
	return s.records(ctx, w, id)
}

// world is what all records have in common.
type world struct {
	desks       map[provision.DeskID]provision.Desk
	connections map[provision.ConnectionID]provision.Connection
}

func (s *Service) world(ctx context.Context) (w world, _ error) {
	desks, err := s.store.Desks(ctx)
	if err != nil {
		return w, err
	}
	connections, err := s.store.Connections(ctx)
	if err != nil {
		return w, err
	}
	w = world{make(map[provision.DeskID]provision.Desk), make(map[provision.ConnectionID]provision.Connection)}
	for _, d := range desks {
		w.desks[d.ID] = d
	}
	for _, c := range connections {
		w.connections[c.ID] = c
	}
	return w, nil
}

func (s *Service) records(ctx context.Context, w world, id provision.IdentityID) ([]Record, error) {
	var entries []provision.Entry
	err := s.audit.Find(ctx, audit.Filter{Subject: string(id)}, func(e provision.Entry) error {
		entries = append(entries, e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	all := leavings(entries)
	if len(all) == 0 {
		return nil, nil
	}
	person, err := s.store.AnyIdentity(ctx, id)
	if provision.IsNotFound(err) {
		person, err = provision.Identity{ID: id, Connection: entries[0].Connection}, nil
	}
	if err != nil {
		return nil, err
	}
	accounts, err := s.store.AccountsOf(ctx, []provision.IdentityID{id})
	if err != nil {
		return nil, err
	}
	if last := &all[len(all)-1]; last.returned == nil {
		if last.returned, err = s.returnedAs(ctx, id, last, accounts); err != nil {
			return nil, err
		}
	}
	out := make([]Record, len(all))
	for i := range all {
		if out[i], err = s.record(ctx, w, person, accounts, &all[i]); err != nil {
			return nil, err
		}
		out[i].Number, out[i].Of = i+1, len(all)
	}
	return out, nil
}

// returnedAs returns when somebody who was removed came back under another id, and
// took up their accounts; nil: they did not.
func (s *Service) returnedAs(ctx context.Context, id provision.IdentityID, l *leaving, own []provision.Account) (at *time.Time, _ error) {
	for account := range l.accounts() {
		if slices.ContainsFunc(own, func(a provision.Account) bool { return a.ID == account }) {
			continue
		}
		now, err := s.store.Account(ctx, account)
		if provision.IsNotFound(err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		err = s.audit.Find(ctx, audit.Filter{Subject: string(now.Identity), Actions: []provision.Action{audit.UserCreated}}, func(e provision.Entry) error {
			if textOf(e, "was") == string(id) {
				at = &e.At
			}
			return nil
		})
		if err != nil || at != nil {
			return at, err
		}
	}
	return nil, nil
}

// record tells of one leaving; accounts are the person's as they are now.
func (s *Service) record(ctx context.Context, w world, person provision.Identity, accounts []provision.Account, l *leaving) (Record, error) {
	r := Record{Format: Format, Person: personOf(w, person), Status: Closed, Open: []string{}, Began: *utc(l.began()), Signals: []Signal{}, Desks: []Desk{}, Entries: []Entry{}, MadeAt: *utc(s.now())}
	for _, e := range l.signals {
		groups, err := s.groupNames(ctx, e)
		if err != nil {
			return r, err
		}
		r.Signals = append(r.Signals, signalOf(e, groups))
	}
	for _, e := range l.entries {
		if e.Action != audit.ConversationHandedOver {
			r.Entries = append(r.Entries, Entry{e.ID, *utc(e.At), e.Action})
		}
		if e.Action == audit.SessionEnded {
			r.Sessions.Ended++
			r.Sessions.EndedAt = utc(e.At)
		}
	}
	if l.returned != nil {
		r.Returned = utc(*l.returned)
	} else if person.Status != "" {
		open, err := s.store.Sessions(ctx, provision.SessionFilter{Identity: person.ID}, 0)
		if err != nil {
			return r, err
		}
		now := s.now()
		r.Sessions.Left = len(slices.DeleteFunc(open, func(s provision.Session) bool { return !now.Before(s.EndsAt) }))
	}
	facts, err := s.facts(ctx, w, person, accounts, l)
	if err != nil {
		return r, err
	}
	for _, f := range facts {
		d := deskOf(l, f)
		if err := s.nameHeirs(ctx, &d); err != nil {
			return r, err
		}
		r.Desks = append(r.Desks, d)
	}
	slices.SortFunc(r.Desks, func(a, b Desk) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(string(a.Account), string(b.Account)))
	})
	r.conclude(l)
	return r, nil
}

// groupNames names the groups that an entry tells of, as they are called now; "a
// group that is gone" of others.
func (s *Service) groupNames(ctx context.Context, e provision.Entry) (names []string, _ error) {
	for _, id := range namesOf(e, "groups") {
		g, err := s.store.Group(ctx, e.Connection, provision.GroupID(id))
		switch {
		case provision.IsNotFound(err):
			names = append(names, "a group that is gone")
		case err != nil:
			return nil, err
		default:
			names = append(names, "group "+provision.Plain(g.DisplayName))
		}
	}
	return names, nil
}

// conclude says whether all is over, and since when there was no access.
func (r *Record) conclude(l *leaving) {
	out := len(r.Desks) > 0
	var last *time.Time
	for i := range r.Desks {
		d := &r.Desks[i]
		r.Open = append(r.Open, d.unfinished()...)
		out = out && d.Outcome.over()
		if d.NoAccessAt != nil && (last == nil || last.Before(*d.NoAccessAt)) {
			last = d.NoAccessAt
		}
	}
	if r.Sessions.Left > 0 && l.explicit() {
		r.Open = append(r.Open, fmt.Sprintf("%d sessions here have not ended", r.Sessions.Left))
	}
	if out && last != nil {
		r.NoAccessAt, r.ToNoAccess = last, apart(l.began(), *last)
	}
	switch {
	case len(r.Open) == 0:
	case r.Returned != nil:
		r.Status = CutShort
	default:
		r.Status = StillOpen
	}
}

// facts finds what is known of each account that a person had when they left.
func (s *Service) facts(ctx context.Context, w world, person provision.Identity, accounts []provision.Account, l *leaving) ([]deskFacts, error) {
	var all []deskFacts
	known := l.accounts()
	for i := range accounts {
		a := &accounts[i]
		if l.returned != nil && !a.CreatedAt.Before(*l.returned) {
			continue // made since they came back
		}
		known[a.ID] = a.Desk
	}
	var now []provision.AccountID
	for id, desk := range known {
		f := deskFacts{account: id, desk: w.desks[desk]}
		if f.desk.ID == "" {
			f.desk.ID = desk
			if err := s.nameGone(ctx, &f.desk); err != nil {
				return nil, err
			}
		} else {
			f.remains = s.remains(f.desk)
		}
		if at := slices.IndexFunc(accounts, func(a provision.Account) bool { return a.ID == id }); at >= 0 && l.returned == nil {
			f.now = &accounts[at]
			now = append(now, id)
		}
		all = append(all, f)
	}
	if len(now) == 0 {
		return all, nil
	}
	writes, err := s.store.JournalOf(ctx, now)
	if err != nil {
		return nil, err
	}
	sessions, err := s.store.OpenDeskSessions(ctx, person.ID)
	if err != nil {
		return nil, err
	}
	for i := range all {
		f := &all[i]
		if f.now == nil {
			continue
		}
		f.sessions = sessions
		for _, wr := range writes {
			if wr.Account == f.account {
				f.writes = append(f.writes, wr)
			}
		}
		drifts, err := s.store.Drifts(ctx, deskhealth.DriftFilter{Account: f.account})
		if err != nil {
			return nil, err
		}
		for _, d := range drifts {
			f.drift = append(f.drift, d.Differences()...)
		}
	}
	return all, nil
}

// nameGone names a desk that is not there any more, from what the audit log has.
func (s *Service) nameGone(ctx context.Context, d *provision.Desk) error {
	return s.audit.Find(ctx, audit.Filter{Subject: string(d.ID), Actions: []provision.Action{audit.DeskRemoved, audit.DeskDeleted}}, func(e provision.Entry) error {
		d.Name = cmp.Or(d.Name, textOf(e, "name"))
		return nil
	})
}

// nameHeirs names the desk users who got conversations, where they are people of
// ours.
func (s *Service) nameHeirs(ctx context.Context, d *Desk) error {
	if d.Conversations == nil {
		return nil
	}
	for i := range d.Conversations.To {
		to := &d.Conversations.To[i]
		if to.DeskUser == "" {
			continue
		}
		found, err := s.store.AccountsWhere(ctx, provision.AccountFilter{Desk: d.ID, DeskUser: to.DeskUser}, 1)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			continue
		}
		person, err := s.store.AnyIdentity(ctx, found[0].Identity)
		if err != nil {
			return err
		}
		to.Name = nameOf(person)
	}
	return nil
}

func nameOf(p provision.Identity) string {
	return provision.Plain(cmp.Or(p.Profile.DisplayName, strings.TrimSpace(p.Profile.GivenName+" "+p.Profile.FamilyName), p.UserName))
}

func personOf(w world, p provision.Identity) Person {
	return Person{ID: p.ID, Connection: p.Connection, Source: provision.Plain(w.connections[p.Connection].Name), Name: nameOf(p), UserName: provision.Plain(p.UserName),
		Address: provision.Plain(cmp.Or(p.Profile.Email, p.UserName)), ExternalID: provision.Plain(p.ExternalID), Status: p.Status, Forgotten: p.Forgotten() || p.Status == ""}
}
