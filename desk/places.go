package desk

import "context"

// TeamMailboxes is a [Desk] on which access to mailboxes follows from teams,
// and which tells which ones.
type TeamMailboxes interface {
	// MailboxesOf returns the mailboxes that the members of a team have access
	// to by being in it, sorted. An unknown team is a NotFound error.
	MailboxesOf(ctx context.Context, team string) ([]string, error)
}

// Unit is a team or a mailbox of a desk, with the id that stays when it is
// renamed and that no other gets when it is deleted.
type Unit struct{ ID, Name string }

// Numbered is a [Desk] whose teams and mailboxes have such ids.
type Numbered interface {
	// Units returns all teams and mailboxes that rules can name, as Find and
	// the changes of this contract know them. What it tells may be some seconds
	// old.
	Units(ctx context.Context) (teams, mailboxes []Unit, err error)
}
