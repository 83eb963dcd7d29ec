package requestlog_test

import (
	"testing"

	"github.com/deskbridge/deskbridge/internal/requestlog"
)

// TestALineIsTakenBack: what was noted after a mark goes, and what a transaction
// says again, because it is run again, counts once.
func TestALineIsTakenBack(t *testing.T) {
	ctx, line := requestlog.With(t.Context())
	if requestlog.Of(ctx) != line {
		t.Fatal("the line is not in its context")
	}
	line.About("c1")
	line.Did(requestlog.Change, "suspended")
	line.Entry("user.suspended ada")
	back := line.Mark()
	for range 2 {
		line.About("c2")
		line.SetConnection("other")
		line.Did(requestlog.Remove, "")
		line.Entry("user.suspended ada")
		line.Entry("user.removed ada")
		line.Account("ada support")
		if entries, accounts := line.Caused(); entries != 2 || accounts != 1 {
			t.Errorf("%d entries, %d accounts", entries, accounts)
		}
		back()
		if entries, accounts := line.Caused(); entries != 1 || accounts != 0 || line.ConnectionID() != "c1" || line.Connection() != "" || line.Get("did") != "change" || line.Get("detail") != "suspended" {
			t.Errorf("%d entries, %d accounts, %v", entries, accounts, line.Attrs())
		}
	}
	var none *requestlog.Line
	none.About("x")
	none.Did(requestlog.Read, "")
	none.Entry("x")
	if entries, _ := none.Caused(); entries != 0 || none.Get("did") != "" || none.ConnectionID() != "" {
		t.Error("no line keeps something")
	}
}
