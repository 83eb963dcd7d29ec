package redmine

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/deskbridge/deskbridge/desk/kit"
)

// statuses are all states of a user. They are asked for one after the other, which
// every release understands; for all at once 5.0 wants an empty status, and 5.1 a
// filter as for issues.
var statuses = [...]int{statusActive, statusLocked, statusRegistered}

// wholeAge is how long the whole index is taken for complete. Users that were
// made since are looked for each time; only what somebody writes by hand on an
// older user may be found no sooner than this.
const wholeAge = time.Hour

// externalIDs is an index of our external ids. Redmine cannot be asked for the value of a
// custom field: 5.0 ignores the filter and answers with everybody. So all users
// are read once, and then the newest. What the index says is a hint, to be read
// again before it is believed; an external id that it does not know is on nobody.
//
// Going through all users may take longer than one caller waits. The next one
// goes on where that stopped.
type externalIDs struct {
	client  *kit.Client
	field   string
	reading chan struct{} // holds one token while somebody reads

	// For whoever is reading.
	status int       // of the page that comes next, in statuses
	offset int       // where it begins
	total  int       // users with that status, at the last look
	whole  time.Time // when all had been read; zero: not yet

	mu    sync.Mutex
	users map[string][]int64 // by external id
	seen  map[int64]bool     // whom the index has seen
}

func newExternalIDs(c *kit.Client, field string) *externalIDs {
	return &externalIDs{client: c, field: field, reading: make(chan struct{}, 1), users: make(map[string][]int64), seen: make(map[int64]bool)}
}

// carriers returns the users that may carry an external id, oldest first.
func (m *externalIDs) carriers(ctx context.Context, externalID string) ([]int64, error) {
	if ids := m.recall(externalID); len(ids) > 0 {
		return ids, nil
	}
	select {
	case m.reading <- struct{}{}:
		defer func() { <-m.reading }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := m.readAll(ctx); err != nil {
		return nil, err
	}
	if err := m.readNewest(ctx); err != nil {
		return nil, err
	}
	return m.recall(externalID), nil
}

func (m *externalIDs) recall(externalID string) []int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(slices.Values(m.users[externalID]))
}

// readAll goes through all users unless that was done not long ago.
func (m *externalIDs) readAll(ctx context.Context) error {
	if !m.whole.IsZero() && time.Since(m.whole) > wholeAge {
		m.status, m.whole = 0, time.Time{}
		m.forget()
	}
	for m.whole.IsZero() {
		p, err := m.page(ctx, statuses[m.status], m.offset)
		if err != nil {
			return err
		}
		m.add(p.items)
		gone := max(0, m.total-p.total)
		m.total = p.total
		switch {
		case gone > 0 && m.offset > 0: // who came next has moved up, to a page that we have read
			m.offset = max(0, m.offset-gone)
		case len(p.items) > 0 && m.offset+len(p.items) < p.total:
			m.offset += len(p.items)
		default:
			m.status, m.offset, m.total = m.status+1, 0, 0
		}
		if m.status == len(statuses) {
			m.whole = time.Now()
		}
	}
	return nil
}

// readNewest goes through the users of each state, newest first, until a page
// holds nobody new.
func (m *externalIDs) readNewest(ctx context.Context) error {
	for _, status := range statuses {
		for offset := 0; ; {
			p, err := m.page(ctx, status, offset)
			if err != nil {
				return err
			}
			offset += len(p.items)
			if !m.add(p.items) || offset >= p.total {
				break
			}
		}
	}
	return nil
}

func (m *externalIDs) page(ctx context.Context, status, offset int) (page[record], error) {
	query := url.Values{"status": {strconv.Itoa(status)}, "sort": {"created_on:desc,login:desc"}}
	return pageAt[record](ctx, m.client, "/users", "users", query, offset)
}

// add puts users into the index and reports whether one of them was new to it.
func (m *externalIDs) add(users []record) (news bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range users {
		if m.seen[r.ID] {
			continue
		}
		news = true
		m.seen[r.ID] = true
		if externalID := r.externalID(m.field); externalID != "" {
			m.users[externalID] = append(m.users[externalID], r.ID)
		}
	}
	return news
}

// forget makes room for the users as they are now.
func (m *externalIDs) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	clear(m.users)
	clear(m.seen)
}

// drop takes a user out who does not carry an external id, or not any more.
func (m *externalIDs) drop(externalID string, id int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.users[externalID] = slices.DeleteFunc(m.users[externalID], func(other int64) bool { return other == id })
	delete(m.seen, id)
}
