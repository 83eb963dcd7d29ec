// Package builtin is a small help desk of our own: users with roles, teams,
// mailboxes and conversations, in Deskbridge's database.
//
// It is there so that one command shows the whole way of a person, from the
// identity provider into a mailbox and out again, without an account at any
// vendor. [Desks] keeps any number of desks. [Desks.Connector] writes to one
// in process, by the desk contract; [Desks.Handler] serves an HTTP API in the
// forms of Help Scout's Inbox API 2.0, where the two overlap.
//
// The package keeps its own tables, all named builtin_…, by plain
// database/sql, and knows nothing of the store around them.
package builtin
