package answer

import (
	"time"

	"github.com/deskbridge/deskbridge/provision/seat"
)

// Seats is how many seats of a desk are taken.
type Seats struct {
	Desk      string    `json:"desk"`
	Used      int       `json:"used"`
	Limit     int       `json:"limit,omitempty" doc:"absent: none, or nobody tells"`
	Free      *int      `json:"free,omitempty"`
	CountedBy string    `json:"counted_by" enum:"desk,list,accounts" doc:"the desk itself; a sweep, of all users there; Deskbridge, of its own accounts alone"`
	CountedAt time.Time `json:"counted_at"`
	Monthly   string    `json:"monthly,omitempty" doc:"what a seat costs a month; decimal"`
	Currency  string    `json:"currency,omitempty"`
}

// SeatHolder is somebody with a paid seat.
type SeatHolder struct {
	Person string     `json:"person"`
	State  string     `json:"state" enum:"active,new,away,idle,never,unknown"`
	Last   *time.Time `json:"last_seen,omitempty" doc:"absent: never, or nobody knows"`
	By     string     `json:"seen_by,omitempty" doc:"desk, or sign-in through Deskbridge"`
	Since  time.Time  `json:"seat_since"`
	Why    string     `json:"why"`
	Except string     `json:"except,omitempty" doc:"the group for which the policy of the desk leaves them alone"`
}

// SeatList is how many seats of each desk are taken.
type SeatList struct {
	Items []Seats `json:"items"`
}

// SeatHolders is a page of those with a paid seat on a desk.
type SeatHolders struct {
	Items   []SeatHolder `json:"items"`
	Unknown int          `json:"unknown" doc:"how many have a paid seat, on whatever page, of whom nobody can tell how they use it"`
	Next    string       `json:"next,omitempty" doc:"the cursor of the next page; absent on the last"`
}

// SeatHoldersOf returns a page, without its cursor.
func SeatHoldersOf(page seat.Page) SeatHolders {
	out := SeatHolders{Items: make([]SeatHolder, len(page.Holders)), Unknown: page.Unknown}
	for i, h := range page.Holders {
		out.Items[i] = SeatHolder{Person: string(h.Person.ID), State: string(h.State), Last: h.Last, By: string(h.By), Since: h.Since, Why: h.Why, Except: h.Except}
	}
	return out
}
