package kit

import "github.com/deskbridge/deskbridge/desk"

// Pages watches whether the pages of a list are all of it. What is not shown must
// not be taken for what is not there. The zero value has seen none.
type Pages struct {
	seen map[int64]bool
	most int // of what there is, as a page has said
}

// Next takes in the ids on the next page, and how many the list says that there are
// on all pages; -1 is not said. more reports whether there is another page; without a
// total, a page with nobody new is the last one. It is a Retryable error that the list
// became shorter, or shows fewer than it says: what is on it, says what.
func (p *Pages) Next(v Vendor, what string, ids []int64, total int) (more bool, _ error) {
	if p.seen == nil {
		p.seen = make(map[int64]bool)
	}
	before := len(p.seen)
	for _, id := range ids {
		if id <= 0 {
			return false, desk.Errorf(desk.Retryable, "%s shows %s without a number; is a proxy in the way?", v.Name, what)
		}
		p.seen[id] = true
	}
	end := len(p.seen) == before
	switch {
	case total < 0:
		return !end, nil
	case total < p.most: // where one left the list, another has slipped to a page that was read
		return false, desk.Errorf(desk.Retryable, "%s's list of %s became shorter while it was read", v.Name, what)
	case len(p.seen) >= total:
		return false, nil
	case end:
		return false, desk.Errorf(desk.Retryable, "%s shows %d %s fewer than it says there are", v.Name, total-len(p.seen), what)
	}
	p.most = total
	return true, nil
}
