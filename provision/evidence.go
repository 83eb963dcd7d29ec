package provision

import "time"

// Evidence is by what an account knows its desk user again beside the id, which a desk
// may give to somebody else: after a restore, or because it counts anew. The zero value
// is nothing.
type Evidence struct {
	User    DeskUserID `json:"user"`              // whom it is about; it says nothing of another one
	MadeAt  *time.Time `json:"made_at,omitempty"` // when the desk made the user, as it said first; nil: it does not tell
	Agreed  bool       `json:"agreed,omitempty"`  // a person has said that it is this one, whatever they are called there
	Doubted bool       `json:"doubted,omitempty"` // the desk shows somebody else under the id, and nobody has said yet who that is
}

// See returns the evidence that a desk gives of u, who is whom e is about, or whom it is
// to be about.
func (e Evidence) See(u *DeskUser) Evidence {
	seen := Evidence{User: u.ID}
	if e.User == u.ID {
		seen.MadeAt, seen.Agreed = e.MadeAt, e.Agreed
	}
	if !u.MadeAt.IsZero() {
		seen.MadeAt = new(u.MadeAt)
	}
	return seen
}

// MadeAnew reports whether u, who has the id of whom e is about, was made at another
// time, to the second.
func (e Evidence) MadeAnew(u *DeskUser) bool {
	return e.User == u.ID && e.MadeAt != nil && !u.MadeAt.IsZero() && !e.MadeAt.Truncate(time.Second).Equal(u.MadeAt.Truncate(time.Second))
}
