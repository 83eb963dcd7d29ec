package answer

import (
	"time"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/seat"
)

// SeatLedger is what seats were freed and taken, and what that saved.
type SeatLedger struct {
	Lines  []SeatLine  `json:"lines"`
	Months []SeatMonth `json:"months"`
}

// SeatLine is a line of the ledger.
type SeatLine struct {
	At       time.Time `json:"at" doc:"when the desk was read back"`
	Person   string    `json:"person"`
	Desk     string    `json:"desk"`
	What     string    `json:"what" enum:"taken,freed,downgraded,upgraded,kept,said-free"`
	Why      string    `json:"why" enum:"leaver,idle,rules,came-back"`
	Monthly  string    `json:"monthly,omitempty" doc:"what it saves a month, or costs more, by the price of that time; decimal"`
	Currency string    `json:"currency,omitempty"`
}

// SeatMonth is what seats of a desk saved in a month.
type SeatMonth struct {
	Month    string `json:"month"`
	Desk     string `json:"desk"`
	Freed    int    `json:"freed"`
	Taken    int    `json:"taken"`
	Saved    string `json:"saved,omitempty" doc:"decimal"`
	Currency string `json:"currency,omitempty"`
}

// SeatLedgerOf returns the ledger, with desks by the names that they have.
func SeatLedgerOf(ledger seat.Ledger, desks []provision.Desk) SeatLedger {
	names := make(map[provision.DeskID]string)
	for _, d := range desks {
		names[d.ID] = d.Name
	}
	called := func(id provision.DeskID) string {
		if name, ok := names[id]; ok {
			return name
		}
		return string(id)
	}
	out := SeatLedger{Lines: []SeatLine{}, Months: []SeatMonth{}}
	for _, l := range ledger.Lines {
		out.Lines = append(out.Lines, SeatLine{l.At, string(l.Person), called(l.Desk), string(l.What), string(l.Why), l.Monthly.String(), l.Monthly.Currency})
	}
	for _, m := range ledger.Months {
		out.Months = append(out.Months, SeatMonth{m.Month.Format("2006-01"), called(m.Desk), m.Freed, m.Taken, m.Saved.String(), m.Saved.Currency})
	}
	return out
}
