package desk

import (
	"context"

	"github.com/deskbridge/deskbridge/provision"
)

// Base refuses everything that a desk may lack. Connectors embed it and
// implement what their desk can do; its answers are [Unsupported] with Name as
// the desk's name.
type Base struct {
	Name string

	// Clicks are where an administrator does by hand what the desk's API cannot, by what the
	// error calls it, such as "anonymize". For what is not among them Base knows no clicks.
	Clicks map[string]string
}

func (b Base) cannot(what string) error {
	if clicks := b.Clicks[what]; clicks != "" {
		return Unsupported(what, clicks)
	}
	return Unsupported(what, b.Name+" has no API call for it; do it in "+b.Name+" by hand")
}

// Fit returns want as it is.
func (b Base) Fit(want provision.DeskUser) provision.DeskUser { return want }

// SetProfile is unsupported.
func (b Base) SetProfile(context.Context, provision.DeskUserID, provision.DeskUser) error {
	return b.cannot("change name or e-mail")
}

// SetRole is unsupported.
func (b Base) SetRole(context.Context, provision.DeskUserID, provision.Role) error {
	return b.cannot("change role")
}

// ChangeTeams is unsupported.
func (b Base) ChangeTeams(context.Context, provision.DeskUserID, []string, []string) error {
	return b.cannot("change teams")
}

// ChangeMailboxes is unsupported.
func (b Base) ChangeMailboxes(context.Context, provision.DeskUserID, []string, []string) error {
	return b.cannot("change mailboxes")
}

// SetActive is unsupported.
func (b Base) SetActive(context.Context, provision.DeskUserID, bool) error {
	return b.cannot("deactivate or reactivate")
}

// Delete is unsupported.
func (b Base) Delete(context.Context, provision.DeskUserID) error { return b.cannot("delete") }

// Anonymize is unsupported.
func (b Base) Anonymize(context.Context, provision.DeskUserID) error { return b.cannot("anonymize") }

// EndSessions is unsupported.
func (b Base) EndSessions(context.Context, provision.DeskUserID) error {
	return b.cannot("end sessions")
}
