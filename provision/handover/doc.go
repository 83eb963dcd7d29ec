// Package handover is who takes over the open conversations of somebody who leaves a
// desk, as an admin says it ([Policy]): in general, and for single mailboxes; and how far
// that is by mailbox ([Counts]).
//
// It is what files, commands and the core read alike, and knows none of them: neither
// desks nor people, neither HTTP nor SQL.
package handover
