package api

import (
	"context"
	"net/http"
	"time"

	"github.com/deskbridge/deskbridge/admin"
	"github.com/deskbridge/deskbridge/admin/api/answer"
	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/seat"
	"github.com/deskbridge/deskbridge/provision/seating"
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

// SeatHolders is everybody with a paid seat on a desk.
type SeatHolders struct {
	Items []SeatHolder `json:"items"`
}

// seatOf is the place of somebody's seat in an address.
type seatOf struct {
	DeskName
	Person string `path:"person" maxLength:"64" doc:"id"`
}

func seatRoutes(a *API) {
	handle(a, route{"list-seats", http.MethodGet, "/seats", admin.DesksRead, "Desks", "How many seats of each desk are taken", 0},
		func(ctx context.Context, _ asked, _ *struct{}) (*struct{ Body SeatList }, error) {
			uses, err := a.core.Seats.Uses(ctx)
			out := &struct{ Body SeatList }{}
			out.Body.Items = make([]Seats, len(uses))
			for i, u := range uses {
				price := u.Desk.Price.Monthly(false)
				out.Body.Items[i] = Seats{u.Desk.Name, u.Used, u.Limit, u.Free, string(u.By), u.At, price.String(), price.Currency}
			}
			return out, err
		})
	handle(a, route{"list-idle-seats", http.MethodGet, "/desks/{desk}/seats", admin.AccountsRead, "Desks", "Who has a paid seat on a desk, and how they use it", 0},
		func(ctx context.Context, _ asked, in *struct {
			DeskName
			Days int `query:"days" minimum:"0" maximum:"3650" doc:"without activity; 0: as the policy of the desk says, else 60"`
		}) (*struct{ Body SeatHolders }, error) {
			desk, err := a.core.Settings.Desk(ctx, in.Desk)
			if err != nil {
				return nil, err
			}
			holders, err := a.core.Seats.Idle(ctx, desk, time.Duration(in.Days)*24*time.Hour)
			out := &struct{ Body SeatHolders }{}
			out.Body.Items = make([]SeatHolder, len(holders))
			for i, h := range holders {
				out.Body.Items[i] = SeatHolder{string(h.Person.ID), string(h.State), h.Last, string(h.By), h.Since, h.Why, h.Except}
			}
			return out, err
		})
	handle(a, route{"take-seat", http.MethodPost, "/desks/{desk}/seats/{person}/take", admin.SeatChange, "Desks", "Take the seat of somebody idle, until they come again", 0},
		func(ctx context.Context, who asked, in *struct {
			seatOf
			Body struct {
				Do     string `json:"do" enum:"free,downgrade"`
				Anyway bool   `json:"anyway,omitempty" doc:"also when nobody knows whether they are idle, or they are not"`
			}
		}) (*struct{ Body Done }, error) {
			desk, err := a.core.Settings.Desk(ctx, in.Desk)
			if err != nil {
				return nil, err
			}
			if _, err := a.core.Seats.Take(ctx, who.cause, seat.Taking{Desk: desk.ID, Person: provision.IdentityID(in.Person), Do: seating.Do(in.Body.Do), Anyway: in.Body.Anyway}); err != nil {
				return nil, err
			}
			_, err = a.core.Seats.Propose(ctx, desk)
			return done(1), err
		})
	handle(a, route{"give-seat-back", http.MethodPost, "/desks/{desk}/seats/{person}/give-back", admin.SeatChange, "Desks", "Give back a seat that was taken", 0},
		func(ctx context.Context, who asked, in *seatOf) (*struct{ Body Done }, error) {
			desk, err := a.core.Settings.Desk(ctx, in.Desk)
			if err != nil {
				return nil, err
			}
			given, err := a.core.Seats.GiveBack(ctx, who.cause, provision.IdentityID(in.Person), desk.ID)
			n := 0
			if given {
				n = 1
			}
			return done(n), err
		})
	handle(a, route{"seat-ledger", http.MethodGet, "/seats/ledger", admin.AccountsRead, "Desks", "What seats were freed and taken, and what that saved", 0},
		func(ctx context.Context, _ asked, in *struct {
			Since time.Time `query:"since" doc:"from this time on"`
		}) (*struct{ Body answer.SeatLedger }, error) {
			ledger, err := a.core.Seats.Ledger(ctx, seat.LedgerFilter{Since: in.Since})
			if err != nil {
				return nil, err
			}
			desks, err := a.core.Settings.Desks(ctx)
			out := &struct{ Body answer.SeatLedger }{answer.SeatLedgerOf(ledger, desks)}
			return out, err
		})
}
