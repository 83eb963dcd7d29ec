package answer

import (
	"math"

	"github.com/deskbridge/deskbridge/provision/deskhealth"
)

// ToDo is what is to be done on a desk, and how long that takes.
type ToDo struct {
	Leavers int    `json:"leavers" doc:"accounts whose access is to end: they go first"`
	Losing  int    `json:"losing" doc:"who stay, with less than they have: they are next"`
	Others  int    `json:"others"`
	Rate    int    `json:"requests_a_minute,omitempty" doc:"that the desk took lately; absent: not known"`
	Left    *int   `json:"seconds_left,omitempty" doc:"at that pace; absent: not known yet"`
	Text    string `json:"text"`
}

// ToDoOf returns what is to be done; nil: nothing.
func ToDoOf(w deskhealth.Work) *ToDo {
	if w.Accounts() == 0 {
		return nil
	}
	out := &ToDo{Leavers: w.Leavers, Losing: w.Losing, Others: w.Others, Rate: int(math.Round(w.Pace.PerMinute())), Text: w.String()}
	if left, known := w.Left(); known {
		out.Left = new(int(left.Seconds()))
	}
	return out
}
