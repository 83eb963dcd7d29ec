package desk

import "context"

// TeamMailboxes is a [Desk] on which access to mailboxes follows from teams,
// and which tells which ones.
type TeamMailboxes interface {
	// MailboxesOf returns the mailboxes that the members of a team have access
	// to by being in it, sorted. An unknown team is a NotFound error.
	MailboxesOf(ctx context.Context, team string) ([]string, error)
}
