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

// seatOf is the place of somebody's seat in an address.
type seatOf struct {
	DeskName
	Person string `path:"person" maxLength:"64" doc:"id"`
}

func seatRoutes(a *API) {
	handle(a, route{"list-seats", http.MethodGet, "/seats", admin.DesksRead, "Desks", "How many seats of each desk are taken", 0},
		func(ctx context.Context, _ asked, _ *struct{}) (*struct{ Body answer.SeatList }, error) {
			uses, err := a.core.Seats.Uses(ctx)
			out := &struct{ Body answer.SeatList }{}
			out.Body.Items = make([]answer.Seats, len(uses))
			for i, u := range uses {
				price := u.Desk.Price.Monthly(false)
				out.Body.Items[i] = answer.Seats{Desk: u.Desk.Name, Used: u.Used, Limit: u.Limit, Free: u.Free, CountedBy: string(u.By), CountedAt: u.At, Monthly: price.String(), Currency: price.Currency}
			}
			return out, err
		})
	handle(a, route{"list-idle-seats", http.MethodGet, "/desks/{desk}/seats", admin.AccountsRead, "Desks", "Who has a paid seat on a desk, and how they use it; who has not used it for the longest comes first", 0},
		func(ctx context.Context, _ asked, in *struct {
			DeskName
			Days   int  `query:"days" minimum:"0" maximum:"3650" doc:"without activity; 0: as the policy of the desk says, else 60"`
			Unused bool `query:"unused" doc:"only those who do not use it"`
			Paging
		}) (*struct{ Body answer.SeatHolders }, error) {
			desk, err := a.core.Settings.Desk(ctx, in.Desk)
			if err != nil {
				return nil, err
			}
			q := seat.Question{After: time.Duration(in.Days) * 24 * time.Hour, Unused: in.Unused, Limit: in.Limit}
			if err := a.at(in.Cursor, &q.Begin); err != nil {
				return nil, err
			}
			page, err := a.core.Seats.Idle(ctx, desk, q)
			if err != nil {
				return nil, err
			}
			out := &struct{ Body answer.SeatHolders }{answer.SeatHoldersOf(page)}
			out.Body.Next, err = a.cursor(page.Next, page.More > 0)
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
