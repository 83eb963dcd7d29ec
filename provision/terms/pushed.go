package terms

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// readPushed looks at everybody of the connections whose attribute for ends is another one
// than when their people were pushed, and returns how many have another end by it.
func (s *Service) readPushed(ctx context.Context) (n int, _ error) {
	connections, err := s.store.UnreadEnds(ctx)
	if err != nil {
		return 0, err
	}
	for _, conn := range connections {
		err := s.store.EachIdentity(ctx, conn.ID, func(people []provision.Identity) error {
			for _, p := range people {
				before := p.Terms.Pushed
				if conn.Describe(&p); p.Terms.Pushed.Same(before) {
					continue
				}
				if err := s.readEnd(ctx, conn, p); err != nil {
					return err
				}
				n++
			}
			return nil
		})
		if err == nil {
			err = s.store.EndsRead(ctx, conn.ID, conn.ValidUntil)
		}
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// readEnd gives a person the end that their description says, by what their connection
// takes for it.
func (s *Service) readEnd(ctx context.Context, conn provision.Connection, found provision.Identity) error {
	return s.inTx(ctx, func(tx Store) error {
		rules, err := tx.Rules(ctx, found.Connection)
		if err != nil {
			return err
		}
		person, err := lock(ctx, tx, found)
		if provision.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return err
		}
		before, now := person.Terms, s.now()
		conn.Describe(&person)
		entry := s.audit.Entry(byClock, person.Connection, audit.PersonEndSet, string(person.ID))
		entry.Detail = map[string]any{"until": "none", "attribute": conn.ValidUntil}
		if p := person.Terms.Pushed; p != nil && p.At != nil {
			entry.Detail["until"] = provision.FormatUntil(p.At)
		}
		entries := []provision.Entry{entry}
		if end := person.Terms.End(); person.Terms.Ended(now) && !before.Ended(now) {
			ended := s.audit.Entry(byClock, person.Connection, audit.PersonEnded, string(person.ID))
			ended.Detail = map[string]any{"until": end.At, "set_by": end.By}
			entries = append(entries, ended)
		}
		return s.save(ctx, tx, byClock, rules, &person, now, entries...)
	})
}
