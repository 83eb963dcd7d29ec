// Package requesttracker connects to Request Tracker 5 through its REST 2.0
// API.
//
// In its words: a user is an RT user, a team is a user-defined group, a mailbox
// is a queue, a conversation is a ticket. A role is the user's "Privileged" box
// together with membership in one group that stands for the role. Which queues
// a team works follows from the rights that an administrator of RT gives the
// group; REST 2.0 cannot grant rights.
//
// RT answers most writes with status 200 and a sentence, whether it obeyed or
// not, in the language of the service account. No method here believes a
// sentence: every write is read back. What the package says about RT was seen
// on 5.0.3 (Debian 12), on SQLite, in November 2026.
package requesttracker
