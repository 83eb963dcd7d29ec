// Package setuplink is one-time links by which somebody else's IT sets up one
// connection: who has one sees what to enter at their identity provider and whether
// it has arrived, may make one token, and sees nothing else, people least of all.
//
// It decides for how long a link is good, that one browser has it, and what its
// holder may. A link is a one-time token of package session, kept as a hash; whoever
// opens it first exchanges it for a secret of that browser's own, so that a link in a
// log or in a mailbox is worth nothing from then on. What a link was used for is in
// the audit log.
package setuplink
