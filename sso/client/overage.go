package client

import (
	"context"
	"net/http"

	"github.com/deskbridge/deskbridge/provision"
	"github.com/deskbridge/deskbridge/provision/audit"
)

// overageDays is for how many days an admin sees that groups did not fit.
const overageDays = 7

// overageAdvice is what to do about it.
const overageAdvice = "somebody was in more groups than the identity provider puts into an answer, so that it named none; they keep those that were known. " +
	"Have it send only the groups that are assigned to the application, or push groups over SCIM"

// NoteGroupOverage tells an admin, once a day and connection, that groups did not fit
// into what the identity provider sends.
func (cs *Clients) NoteGroupOverage(r *http.Request, conn provision.Connection, l provision.Login) {
	if !l.GroupsOverage {
		return
	}
	today := cs.today(0)
	if last, _ := cs.overages.Load(conn.ID); last == today || !cs.site.Confirmed(r) {
		return // told today, which spares all who come later a look-up; or of a connection that is another by now
	}
	if last, _ := cs.overages.Swap(conn.ID, today); last == today {
		return // somebody else told it while this one was confirmed
	}
	ctx := r.Context()
	first, err := cs.core.Sessions.RecordOnce(ctx, conn.ID, cs.site.Cause(r, l.Protocol), audit.GroupsOverage, overageKey(today), cs.site.Now().AddDate(0, 0, overageDays+1),
		map[string]any{"protocol": l.Protocol})
	if err != nil {
		cs.overages.Delete(conn.ID) // the next one tells it
		cs.site.Log.ErrorContext(ctx, "a group overage is not in the audit log", "connection", conn.Name, "err", err)
	}
	if first {
		cs.site.Log.WarnContext(ctx, "sign-in needs attention", "connection", conn.Name, "request", cs.site.Reference(ctx), "warning", overageAdvice)
	}
}

// overageOn returns the last day on which groups did not fit; "" when there was
// none of late.
func (cs *Clients) overageOn(ctx context.Context, conn provision.Connection) string {
	for ago := range overageDays {
		if was, err := cs.core.Sessions.Remembered(ctx, conn.ID, overageKey(cs.today(ago))); err == nil && was {
			return cs.today(ago)
		}
	}
	return ""
}

func overageKey(date string) string { return "overage " + date }
