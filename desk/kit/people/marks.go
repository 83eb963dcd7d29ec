package people

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/desk"
	"github.com/deskbridge/deskbridge/desk/kit"
	"github.com/deskbridge/deskbridge/desk/kit/listing"
	"github.com/deskbridge/deskbridge/provision"
)

// Marks is an index of our external ids on a desk that keeps them on its users and cannot be
// asked who has one. So all users are read once, and then the newest of them. What the index
// says is a hint, to be read again before it is believed; a mark that it does not know is on
// nobody. It is safe for concurrent use.
//
// Going through all users may take longer than one caller waits. The next one goes on where
// that stopped.
type Marks[R any] struct {
	Book  *Book[R]
	Users listing.Chain[R] // all of them, the newest first on each list
	Of    func(*R) string  // the mark that a user carries; "": none
	Both  string           // what two with one mark have in common, such as "carry the same value in Our id"

	// Age is how long the index is taken for complete. Users that were made since are looked for
	// each time; only what somebody writes by hand on an older one may be found no sooner.
	Age time.Duration

	turn kit.Turn // of who reads, to whom the next four belong
	list int      // of the page that comes next
	next int      // after how many users of that list it begins
	size int      // of that list, at the last look
	read time.Time

	mu      sync.Mutex
	carries map[string][]provision.DeskUserID
	seen    map[provision.DeskUserID]bool
}

// Find returns the user who carries a mark, as the desk shows them now; nil when nobody does. Two
// are one too many to choose from.
func (m *Marks[R]) Find(ctx context.Context, mark string) (found *R, _ error) {
	ids, err := m.carriers(ctx, mark)
	if err != nil {
		return nil, err
	}
	var carriers []string
	for _, id := range ids {
		r, err := m.Book.Read(ctx, id)
		switch {
		case err == nil && m.Of(r) == mark:
			found, carriers = r, append(carriers, string(id))
		case err == nil || desk.KindOf(err) == desk.NotFound:
			m.drop(mark, id)
		default:
			return nil, err
		}
	}
	if len(carriers) > 1 {
		return nil, m.Book.Vendor.Several(carriers, m.Both, m.Book.At)
	}
	return found, nil
}

// carriers returns the users who may carry a mark, in order of number.
func (m *Marks[R]) carriers(ctx context.Context, mark string) ([]provision.DeskUserID, error) {
	if ids := m.recall(mark); len(ids) > 0 {
		return ids, nil
	}
	done, err := m.turn.Take(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	if err := m.readAll(ctx); err != nil {
		return nil, err
	}
	if err := m.readNewest(ctx); err != nil {
		return nil, err
	}
	return m.recall(mark), nil
}

func (m *Marks[R]) recall(mark string) []provision.DeskUserID {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(slices.Values(m.carries[mark]), kit.ByNumber)
}

// readAll goes through all users unless that was done not long ago.
func (m *Marks[R]) readAll(ctx context.Context) error {
	if !m.read.IsZero() && time.Since(m.read) > m.Age {
		m.list, m.read = 0, time.Time{}
		m.forget()
	}
	for m.read.IsZero() {
		p, err := m.Users[m.list].Page(ctx, m.next)
		if err != nil {
			return err
		}
		m.add(p.Items)
		gone := max(0, m.size-p.Total)
		m.size = p.Total
		switch {
		case gone > 0 && m.next > 0: // who came next has moved up, to a page that was read
			m.next = max(0, m.next-gone)
		case len(p.Items) > 0 && m.next+len(p.Items) < p.Total:
			m.next += len(p.Items)
		default:
			m.list, m.next, m.size = m.list+1, 0, 0
		}
		if m.list == len(m.Users) {
			m.read = time.Now()
		}
	}
	return nil
}

// readNewest goes through each list until a page holds nobody new.
func (m *Marks[R]) readNewest(ctx context.Context) error {
	for _, list := range m.Users {
		for after := 0; ; {
			p, err := list.Page(ctx, after)
			if err != nil {
				return err
			}
			after += len(p.Items)
			if !m.add(p.Items) || after >= p.Total {
				break
			}
		}
	}
	return nil
}

// add puts users into the index and reports whether one of them was new to it.
func (m *Marks[R]) add(users []R) (news bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen == nil {
		m.carries, m.seen = make(map[string][]provision.DeskUserID), make(map[provision.DeskUserID]bool)
	}
	for i := range users {
		id := m.Book.ID(&users[i])
		if m.seen[id] {
			continue
		}
		news, m.seen[id] = true, true
		if mark := m.Of(&users[i]); mark != "" {
			m.carries[mark] = append(m.carries[mark], id)
		}
	}
	return news
}

// forget makes room for the users as they are now.
func (m *Marks[R]) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.carries)
	clear(m.seen)
}

// drop takes a user out who does not carry a mark, or not any more.
func (m *Marks[R]) drop(mark string, id provision.DeskUserID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.carries[mark] = slices.DeleteFunc(m.carries[mark], func(other provision.DeskUserID) bool { return other == id })
	delete(m.seen, id)
}
